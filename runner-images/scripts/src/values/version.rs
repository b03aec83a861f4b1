//! The version of a tool.

use std::fmt;
use std::str::FromStr;

use super::ValueError;

const MAX_DIGITS: usize = 5;
const MAX_PRE_RELEASE_BYTES: usize = 32;

/// One exact version: three numbers, and the name of a pre-release if it is one. Safe as the name of a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ToolVersion {
    numbers: [u32; 3],
    text: String,
}

impl ToolVersion {
    /// The version as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for ToolVersion {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        read(text).ok_or_else(|| ValueError::Version(text.to_owned()))
    }
}

impl fmt::Display for ToolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn read(text: &str) -> Option<ToolVersion> {
    let (numbers, pre_release) = match text.split_once('-') {
        Some((numbers, pre_release)) => (numbers, Some(pre_release)),
        None => (text, None),
    };
    if pre_release.is_some_and(|name| !is_pre_release(name)) {
        return None;
    }
    let mut parts = numbers.split('.').map(number);
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then(|| ToolVersion {
        numbers,
        text: text.to_owned(),
    })
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.len() <= MAX_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
    let one_spelling = text == "0" || !text.starts_with('0');
    if digits && one_spelling {
        text.parse().ok()
    } else {
        None
    }
}

fn is_pre_release(name: &str) -> bool {
    name.len() <= MAX_PRE_RELEASE_BYTES
        && name
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}
