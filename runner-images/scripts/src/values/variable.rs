//! Variables of a file and the values that they get.

use std::fmt;
use std::str::FromStr;

use super::{ValueError, is_identifier, refuse_invisible};

/// More than a version, a size or a name needs.
const MAX_VALUE_BYTES: usize = 4_096;

/// The name of a variable, as HCL writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableName(String);

impl VariableName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VariableName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if is_identifier(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::VariableName(text.to_owned()))
        }
    }
}

impl fmt::Display for VariableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A new value: one line of text that shows as what it is. It may be empty, and may begin with a dash: `-1` is a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableValue(String);

impl VariableValue {
    /// The value itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VariableValue {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        refuse_invisible(text)?;
        if text.len() > MAX_VALUE_BYTES {
            return Err(ValueError::LongValue(text.len()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for VariableValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A variable and the value that it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// What is set.
    pub name: VariableName,
    /// What it is set to.
    pub value: VariableValue,
}
