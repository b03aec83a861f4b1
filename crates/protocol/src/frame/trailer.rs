//! The trailer: the last frame, which says how the job ended and proves that nothing before it is missing.

use serde::{Deserialize, Serialize};

use super::escape::must_escape;

/// Longest reason in characters, so that a trailer always fits one frame.
const MAX_REASON_CHARS: usize = 2_000;

/// What the last frame says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trailer {
    /// The status that the runner itself exits with.
    pub exit: u8,
    /// Why the job is over.
    pub cause: Cause,
    /// Number of frames before the trailer.
    pub lines: u64,
    /// SHA-256 of the frames before the trailer, in order, each followed by a line feed: 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// Why a job is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Cause {
    /// It ended by itself.
    Exited,
    /// A signal ended it that the runner did not send.
    Signalled {
        /// POSIX signal number.
        signal: u8,
    },
    /// The deadline passed.
    TimedOut,
    /// The runner was asked to stop it.
    Stopped,
    /// It never ran.
    FailedToStart {
        /// Why, in plain words.
        reason: String,
    },
}

impl Cause {
    /// The same cause, with a reason that is short and free of control characters.
    pub(super) fn fit_for_a_frame(self) -> Self {
        match self {
            Self::FailedToStart { reason } => Self::FailedToStart {
                reason: reason
                    .chars()
                    .take(MAX_REASON_CHARS)
                    .map(|char| if must_escape(char) || char == '\t' { ' ' } else { char })
                    .collect(),
            },
            Self::Exited | Self::Signalled { .. } | Self::TimedOut | Self::Stopped => self,
        }
    }
}
