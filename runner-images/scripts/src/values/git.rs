//! What git is told: ids of commits and names of refs.

use std::fmt;
use std::str::FromStr;

use super::ValueError;

/// A full git object id in lower case. It can never be a branch, a tag or an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitId(String);

impl CommitId {
    /// The id as git writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name git has for the repository's object format.
    pub fn object_format(&self) -> &'static str {
        if self.0.len() == 64 { "sha256" } else { "sha1" }
    }
}

impl FromStr for CommitId {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let hexadecimal = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if hexadecimal && (text.len() == 40 || text.len() == 64) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::CommitId(text.to_owned()))
        }
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A full ref name, such as `refs/heads/main`; never a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefName(String);

impl RefName {
    /// The name as git writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RefName {
    type Err = ValueError;

    /// Follows `git check-ref-format`, and is stricter: ASCII only.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let plain = text.bytes().all(|b| b.is_ascii_graphic() && !b"~^:?*[\\".contains(&b));
        let is_name = |part: &str| {
            !part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && part.strip_suffix(".lock").is_none()
        };
        let parts_are_names = text.split('/').all(is_name);
        let two_levels = text.strip_prefix("refs/").is_some_and(|rest| rest.contains('/'));
        if plain && parts_are_names && two_levels && !text.contains("..") && !text.contains("@{") {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::RefName(text.to_owned()))
        }
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The full name of a branch: a ref below `refs/heads/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchName(RefName);

impl BranchName {
    /// The name as git writes it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for BranchName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text.parse() {
            Ok(name) if text.starts_with("refs/heads/") => Ok(Self(name)),
            Ok(_) | Err(_) => Err(ValueError::BranchName(text.to_owned())),
        }
    }
}

impl AsRef<RefName> for BranchName {
    fn as_ref(&self) -> &RefName {
        &self.0
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
