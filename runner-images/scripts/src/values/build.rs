//! What Packer is told: the name of a build.

use std::fmt;
use std::str::FromStr;

use super::{ValueError, is_identifier};

/// The name of a build in a template: one name, or some with dots between them, such as `amazon-ebs.web`. Never a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildName(String);

impl FromStr for BuildName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text.split('.').all(is_identifier) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::BuildName(text.to_owned()))
        }
    }
}

impl fmt::Display for BuildName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
