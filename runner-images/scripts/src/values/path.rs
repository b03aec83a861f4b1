//! Paths in the repository, and places of this machine.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{ValueError, refuse_invisible};

/// A normalised relative path; `.` is the repository's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelativePath(String);

impl RelativePath {
    /// The path as a path.
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }

    /// The path and each directory above it, shortest first: `a`, `a/b`, `a/b/c`. Empty for the root.
    pub fn ancestry(&self) -> Vec<String> {
        if self.0 == "." {
            return Vec::new();
        }
        let mut so_far = PathBuf::new();
        self.0
            .split('/')
            .map(|part| {
                so_far.push(part);
                so_far.to_string_lossy().into_owned()
            })
            .collect()
    }
}

impl FromStr for RelativePath {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        refuse_invisible(text)?;
        let normalised = text == "."
            || text.split('/').all(|part| {
                !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git") && !part.contains('\\')
            });
        if normalised && !text.starts_with('-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::Path(text.to_owned()))
        }
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A directory below the one to deploy, by its name alone: nothing in it is a pattern to a tool that knows patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainDirectory(RelativePath);

impl PlainDirectory {
    /// The path as a path in the repository.
    pub const fn path(&self) -> &RelativePath {
        &self.0
    }

    /// The path as a path.
    pub fn as_path(&self) -> &Path {
        self.0.as_path()
    }
}

impl FromStr for PlainDirectory {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let path: RelativePath = text.parse()?;
        let is_pattern = |c: char| {
            matches!(
                c,
                '*' | '?' | '[' | ']' | '{' | '}' | '!' | '|' | '\'' | '"' | '`' | '$'
            )
        };
        if text == "." || text.contains(is_pattern) {
            Err(ValueError::PlainDirectory(text.to_owned()))
        } else {
            Ok(Self(path))
        }
    }
}

impl fmt::Display for PlainDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A place of this machine: absolute, normalised, and not the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbsolutePath(PathBuf);

impl AbsolutePath {
    /// The path as a path.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl FromStr for AbsolutePath {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        refuse_invisible(text)?;
        let is_plain = |rest: &str| rest.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if text.strip_prefix('/').is_some_and(is_plain) {
            Ok(Self(text.into()))
        } else {
            Err(ValueError::AbsolutePath(text.to_owned()))
        }
    }
}

impl fmt::Display for AbsolutePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}
