//! Paths in the repository.

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
