//! Tags of machine images.

use std::fmt;
use std::str::FromStr;

use super::{ValueError, refuse_invisible};

/// What AWS allows, in characters.
const MOST_KEY: usize = 128;
const MOST_VALUE: usize = 256;
/// Beside letters, digits and spaces. AWS allows `=` too, which ends the key here.
const KEY_MARKS: &str = "+-._:/@";

/// `KEY=VALUE`; the first `=` splits. The key is one that every service of AWS allows; the value, which may be empty, is any text that EC2
/// allows and that shows as what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmiTag {
    key: String,
    value: String,
}

impl AmiTag {
    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl FromStr for AmiTag {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        refuse_invisible(text)?;
        match text.split_once('=') {
            Some((key, value)) if is_key(key) && is_trimmed(value) && value.chars().count() <= MOST_VALUE => Ok(Self {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err(ValueError::AmiTag(text.to_owned())),
        }
    }
}

impl fmt::Display for AmiTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

fn is_key(key: &str) -> bool {
    let is_reserved = key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"));
    let is_plain = |c: char| c.is_alphanumeric() || c == ' ' || KEY_MARKS.contains(c);
    !key.is_empty() && key.chars().count() <= MOST_KEY && key.chars().all(is_plain) && is_trimmed(key) && !is_reserved
}

/// Spaces at an end are no part of what anybody meant.
fn is_trimmed(text: &str) -> bool {
    text.trim() == text
}
