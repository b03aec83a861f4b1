//! Setting variables in a file of HCL without touching anything else.
//!
//! Responsible for changing the bytes of the named values and no others: comments, layout, line endings and every other value
//! stay as they are. A value keeps its type. Never reads or writes a file.

mod edit;
mod literal;
mod place;

pub use edit::{Edited, edit};
pub use literal::Literal;
pub use place::FileKind;

/// Why a file cannot be changed as asked. Every message says what would be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The bytes are no text.
    #[error("line {line}, column {column} is not UTF-8: save the file as UTF-8")]
    NotText {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in bytes.
        column: usize,
    },
    /// The text is no HCL.
    #[error("line {line}, column {column} is not HCL ({reason}): correct it first")]
    NotHcl {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// The parser's own words.
        reason: String,
    },
    /// Nothing has this name where it is looked for.
    #[error("it has no variable `{name}`{hint}")]
    Missing {
        /// The name.
        name: String,
        /// What to try instead.
        hint: String,
    },
    /// More than one thing has this name.
    #[error("`{name}` is there {count} times (lines {lines}): leave one of them")]
    Ambiguous {
        /// The name.
        name: String,
        /// How often.
        count: usize,
        /// Where.
        lines: String,
    },
    /// The variable has no value that could be replaced.
    #[error("the variable `{0}` has no default: write one first, so that its type is known")]
    NoDefault(String),
    /// The present value is not a plain one.
    #[error("`{name}` on line {line} is {kind}: only a plain string, number or boolean can be set")]
    NotPlain {
        /// The name.
        name: String,
        /// Counted from 1.
        line: usize,
        /// What it is.
        kind: &'static str,
    },
    /// The value is of another type than the present one.
    #[error("`{value}` is not a {expected}, and `{name}` is one: give {example}")]
    WrongType {
        /// The name.
        name: String,
        /// The value that was given.
        value: String,
        /// The type that the variable has.
        expected: &'static str,
        /// What would be accepted.
        example: &'static str,
    },
    /// One variable is named twice.
    #[error("`{0}` is named more than once: give each variable one value")]
    Twice(String),
    /// The result would not read as it should; a mistake of this script.
    #[error("`{0}` would not read back as it was set, so nothing was changed: report this as a bug")]
    Unfaithful(String),
}

/// Everything that is wrong with one edit, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditErrors(pub Vec<EditError>);

impl std::fmt::Display for EditErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let messages: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&messages.join("; "))
    }
}

impl std::error::Error for EditErrors {}

impl From<EditError> for EditErrors {
    fn from(error: EditError) -> Self {
        Self(vec![error])
    }
}

/// The line of a byte, counted from 1, and its column, counted from 1 in bytes.
fn position(bytes: &[u8], offset: usize) -> (usize, usize) {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let lines = before.split(|byte| *byte == b'\n');
    let (count, last) = lines.fold((0, 0), |(count, _), line| (count + 1, line.len()));
    (count, last + 1)
}

#[cfg(test)]
mod tests;
