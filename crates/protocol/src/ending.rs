//! The life of a run: its phases, how it ended and how long each part took.

use serde::{Deserialize, Serialize};

/// Where a run is in its life. Phases only ever move forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Accepted; no place has been found yet.
    Queued,
    /// A place has been found; image, network and sandbox are being set up.
    Starting,
    /// The script runs.
    Running,
    /// Asked to stop; the script has time to clean up.
    Stopping,
    /// Over. There is an [`Ending`].
    Ended,
}

impl Phase {
    /// The name on the wire and on the console.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Ended => "ended",
        }
    }
}

/// How a run ended. Never a guess: what is not known is [`Ending::Unknown`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ending {
    /// The script ended by itself.
    Exited {
        /// Its exit code.
        code: u8,
    },
    /// The script was ended by a signal that we did not send.
    Signalled {
        /// POSIX signal number.
        signal: u8,
    },
    /// The deadline passed and the run was stopped.
    TimedOut {
        /// The deadline in seconds from the start.
        after_seconds: u64,
    },
    /// A caller stopped the run.
    Cancelled {
        /// The script's exit code, if it ended within its time to clean up; absent if it had to be killed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<u8>,
    },
    /// The run used more memory than it may.
    OutOfMemory {
        /// The ceiling in MiB.
        limit_mib: u32,
    },
    /// The script never ran.
    FailedToStart {
        /// Why, in plain words, and what to do about it.
        reason: String,
    },
    /// The place where it ran was lost or taken back (host failure, Spot interruption).
    HostLost {
        /// Why, in plain words.
        reason: String,
    },
    /// It is over, and nobody can say how.
    Unknown {
        /// What is known, in plain words.
        reason: String,
    },
}

/// How long each part of a run took, in milliseconds. A part that is not over, or that an engine does not have, is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timings {
    /// From accepted to placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued_ms: Option<u64>,
    /// Pulling the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_ms: Option<u64>,
    /// From placed to the script's start, pulling included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<u64>,
    /// From the script's start to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_ms: Option<u64>,
    /// From the end to the last entry of its log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain_ms: Option<u64>,
}
