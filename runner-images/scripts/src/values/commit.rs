//! What a commit says about itself: its author and its message.

use std::fmt;
use std::str::FromStr;

use super::{ValueError, refuse_invisible};

const MAX_MESSAGE_CHARACTERS: usize = 200;
const MAX_NAME_CHARACTERS: usize = 100;
const MAX_ADDRESS_BYTES: usize = 254;

/// The subject of a commit.
///
/// CI systems obey marks in it (`[skip ci]`, `[ci skip]`, `***NO_CI***`), so none of their characters is accepted: whether a
/// caller may skip pipelines is for the allow-list to say, with an option of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitMessage(String);

impl FromStr for CommitMessage {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        refuse_invisible(text)?;
        let steers_pipelines = text.contains(['[', ']']) || text.contains("***");
        if is_line(text, MAX_MESSAGE_CHARACTERS) && !steers_pipelines {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::Message(text.to_owned()))
        }
    }
}

impl fmt::Display for CommitMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName(String);

impl FromStr for PersonName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        refuse_invisible(text)?;
        if is_line(text, MAX_NAME_CHARACTERS) && !text.contains(['<', '>']) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::PersonName(text.to_owned()))
        }
    }
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The mail address of an author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddress(String);

impl FromStr for MailAddress {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let plain = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-[]".contains(&b))
        };
        match text.split_once('@') {
            Some((user, host)) if text.len() <= MAX_ADDRESS_BYTES && plain(user) && plain(host) => {
                Ok(Self(text.to_owned()))
            }
            Some(_) | None => Err(ValueError::MailAddress(text.to_owned())),
        }
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_line(text: &str, max_characters: usize) -> bool {
    !text.is_empty() && text.trim() == text && text.chars().count() <= max_characters
}
