//! Why a value is refused: short ends of a sentence that begins with the word itself.

/// Why a type refuses a value. Reads after the value: "`x` is empty".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Text that no type accepts.
    #[error(transparent)]
    Unsafe(#[from] UnsafeText),
    /// A flag was given a value.
    #[error("is a value, but a flag takes none")]
    TakesNoValue,
    /// The empty text.
    #[error("is empty")]
    Empty,
    /// Could be read as an option.
    #[error("begins with a dash, so that it could be read as an option")]
    LeadingDash,
    /// Longer than the rule allows.
    #[error("is longer than {max} characters")]
    TooLong {
        /// Most characters.
        max: u32,
    },
    /// Not one of the listed words.
    #[error("is not one of the accepted words")]
    NotListed,
    /// Not a full git object id.
    #[error("is not a full object id: {0}")]
    NotACommit(&'static str),
    /// Not a full git ref name.
    #[error("is not a full ref name: {0}")]
    NotARef(&'static str),
    /// Not an accepted path.
    #[error("is not an accepted path: {0}")]
    NotAPath(&'static str),
    /// Not an accepted integer.
    #[error("is not an accepted integer: {0}")]
    NotAnInteger(&'static str),
    /// The pattern does not match the whole value.
    #[error("does not match the pattern as a whole")]
    Pattern,
    /// No accepted key before the first `=`.
    #[error("does not begin with an accepted key and `=`")]
    Key,
}

/// Text that is refused everywhere in a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnsafeText {
    /// Invisible, a control character, or one that reorders the text around it.
    #[error("contains the character `{escaped}`, which is invisible, controls a terminal or reorders text")]
    Character {
        /// The character, escaped.
        escaped: String,
    },
    /// Two notations of the same text.
    #[error("is not in Unicode normal form C, so that the same text could be written in two ways")]
    NotNormal,
    /// Would join with whatever stands before it.
    #[error("begins with a combining mark, which changes the character before it")]
    LeadingMark,
    /// Longer than anything that could be carried.
    #[error("is longer than {max} characters")]
    TooLong {
        /// Most characters.
        max: usize,
    },
}
