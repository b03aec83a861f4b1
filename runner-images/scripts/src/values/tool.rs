//! What Terraform is told: variables, addresses, names of outputs, time.

use std::fmt;
use std::str::FromStr;

use super::{ValueError, is_identifier, refuse_invisible};

/// `key=value`; the first `=` splits. The value may be empty and is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Assignment {
    key: String,
    value: String,
}

impl Assignment {
    /// What is assigned to.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl FromStr for Assignment {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text.split_once('=') {
            Some((key, value)) if is_identifier(key) => {
                if value.chars().any(|c| c == '\0') {
                    return Err(ValueError::Invisible(key.to_owned()));
                }
                Ok(Self {
                    key: key.to_owned(),
                    value: value.to_owned(),
                })
            }
            // Only the key is repeated: the value may be something that nobody should read in a log.
            Some((key, _)) => Err(ValueError::Assignment(format!("{key}=…"))),
            None => Err(ValueError::Assignment(text.to_owned())),
        }
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

impl fmt::Debug for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Assignment({}=…)", self.key)
    }
}

/// The address of a resource or module, as `-target` takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

impl FromStr for Address {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        refuse_invisible(text)?;
        let starts_like_a_name = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
        if starts_like_a_name {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::Address(text.to_owned()))
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputName(String);

impl OutputName {
    /// The name as Terraform takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OutputName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if is_identifier(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::OutputName(text.to_owned()))
        }
    }
}

/// How long Terraform waits for a state lock, in its own notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockTimeout(String);

impl FromStr for LockTimeout {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let digits = text.strip_suffix(['s', 'm', 'h']).unwrap_or_default();
        if (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::Duration(text.to_owned()))
        }
    }
}

impl fmt::Display for LockTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
