//! Why a request was refused, complete enough that a caller can mend it without reading the allow-list.

use serde::{Deserialize, Serialize};

/// A refused request: every problem that the gate found, not only the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denial {
    /// At least one problem, in the order of the request's words.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// What sort of problem, for machines.
    pub kind: ProblemKind,
    /// The offending word as the caller wrote it, control characters escaped and shortened; absent when something is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// Where the word stands in `args`, counted from 0; absent when it is not an argument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// The rule that refused it, as a path in the allow-list, such as
    /// `containers.terraform-planner.scripts.infrastructure-deploy-script.options.--ref`.
    pub rule: String,
    /// What is wrong, in one line.
    pub message: String,
    /// What would be accepted, in one line; empty when nothing would be.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub accepted: String,
    /// The nearest name or value that would be accepted, for a probable typing mistake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// The sorts of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The message is not a request at all.
    Malformed,
    /// No container of that name.
    UnknownContainer,
    /// No script of that name in the container.
    UnknownScript,
    /// The script has no such option (or the option is fixed and never the caller's).
    UnknownOption,
    /// An option without the value it needs.
    MissingValue,
    /// A value on an option that takes none.
    UnexpectedValue,
    /// A value that its type refuses.
    InvalidValue,
    /// An option given more often than it may be.
    Repeated,
    /// A required option or positional that is absent.
    Missing,
    /// A positional where none is allowed.
    UnexpectedPositional,
    /// A bare `--`: only the gate may end the options.
    EndOfOptions,
    /// Control characters, text that is not NFC, or a word that is too long.
    UnsafeText,
    /// CPU, memory or launch type over the ceiling, or a pair that does not exist.
    Size,
    /// The whole request is larger than what an engine can carry.
    TooLarge,
    /// The gate has no allow-list that it trusts, so it denies everything.
    NoAllowList,
}
