//! What must be remembered of one log between two looks at it. It comes back from outside, so it is checked.

use protocol::frame::{Cause, Trailer};
use serde::{Deserialize, Serialize};

use super::ledger::Ledger;
use crate::clock::{Millis, is_a_time};

/// Longest token of `CloudWatch` Logs that is kept, in bytes. Those of `GetLogEvents` have about sixty.
const MAX_TOKEN_BYTES: usize = 1_024;
/// Longest reason of a closing line that is kept, in characters.
const MAX_REASON_CHARS: usize = 400;

/// What is known about the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogReading {
    /// Reads on where the last page of `GetLogEvents` ended.
    #[serde(rename = "t", default, skip_serializing_if = "is_default")]
    pub(crate) token: Option<String>,
    /// The time from which the reading began that the token goes on with; 0 is the start.
    #[serde(rename = "b", default, skip_serializing_if = "is_default")]
    pub(crate) since: Millis,
    /// Every entry with an earlier time that was readable then has been read once.
    #[serde(rename = "w", default, skip_serializing_if = "is_default")]
    pub(crate) position: Millis,
    /// The latest time of an entry.
    #[serde(rename = "h", default, skip_serializing_if = "is_default")]
    pub(crate) latest: Millis,
    /// Raw only: how many entries have that time.
    #[serde(rename = "c", default, skip_serializing_if = "is_default")]
    pub(crate) latest_entries: u32,
    /// Raw only: how many entries of that time are still to be passed over after starting again.
    #[serde(rename = "x", default, skip_serializing_if = "is_default")]
    pub(crate) pass_over: u32,
    /// Framed only: entries that are no frames are known up to this time, because reading started again.
    #[serde(rename = "y", default, skip_serializing_if = "is_default")]
    pub(crate) words_known: Millis,
    /// The stream exists.
    #[serde(rename = "s", default, skip_serializing_if = "is_default")]
    pub(crate) stream: bool,
    /// When the last new entry arrived here (or the run was first seen running).
    #[serde(rename = "e", default, skip_serializing_if = "is_default")]
    pub(crate) entry: Option<Millis>,
    /// The last new entries came together: as from a driver that sends every few seconds.
    #[serde(rename = "i", default, skip_serializing_if = "is_default")]
    pub(crate) in_batches: bool,
    /// When the log was last read.
    #[serde(rename = "r", default, skip_serializing_if = "is_default")]
    pub(crate) read: Option<Millis>,
    /// When the log was last read without a failure.
    #[serde(rename = "u", default, skip_serializing_if = "is_default")]
    pub(crate) reached: Option<Millis>,
    /// Reads that failed since.
    #[serde(rename = "f", default, skip_serializing_if = "is_default")]
    pub(crate) failures: u8,
    /// Framed only: which frames were handed on.
    #[serde(rename = "n", default, skip_serializing_if = "is_default")]
    pub(crate) ledger: Ledger,
    #[serde(rename = "g", default, skip_serializing_if = "is_default")]
    pub(crate) repair: Repair,
    /// The runner's closing line, once seen.
    #[serde(rename = "z", default, skip_serializing_if = "is_default")]
    pub(crate) closing: Option<Closing>,
    /// When everything up to it had been handed on.
    #[serde(rename = "d", default, skip_serializing_if = "is_default")]
    pub(crate) complete: Option<Millis>,
}

impl LogReading {
    /// Whether every value is one that a reader could have written.
    pub(crate) fn is_sound(&self) -> bool {
        let sweep = self.repair.sweep.as_ref();
        let tokens = [self.token.as_deref(), sweep.and_then(|sweep| sweep.token.as_deref())];
        let times = [
            self.entry,
            self.read,
            self.reached,
            self.complete,
            self.repair.at,
            sweep.map(|sweep| sweep.from),
            sweep.and_then(|sweep| sweep.until),
            Some(self.since),
            Some(self.position),
            Some(self.latest),
            Some(self.words_known),
            Some(self.repair.checked),
        ];
        tokens.iter().flatten().all(|token| {
            (1..=MAX_TOKEN_BYTES).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
        }) && times.iter().flatten().all(|time| is_a_time(*time))
            && self.ledger.is_sound()
            && self.closing.as_ref().is_none_or(Closing::is_sound)
    }
}

/// The search for frames that should have come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Repair {
    /// A search that is not at its end.
    #[serde(rename = "s", default, skip_serializing_if = "is_default")]
    pub(crate) sweep: Option<Sweep>,
    /// When a search last ended, or something was first noticed to be missing.
    #[serde(rename = "a", default, skip_serializing_if = "is_default")]
    pub(crate) at: Option<Millis>,
    /// Searches without any find.
    #[serde(rename = "n", default, skip_serializing_if = "is_default")]
    pub(crate) tries: u8,
    /// Entries up to this time have been searched for once since it became quiet.
    #[serde(rename = "q", default, skip_serializing_if = "is_default")]
    pub(crate) checked: Millis,
    /// The whole log has been read once more.
    #[serde(rename = "w", default, skip_serializing_if = "is_default")]
    pub(crate) whole: bool,
}

/// A part of the log that is read once more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sweep {
    /// From this time; 0 is the start.
    #[serde(rename = "f", default, skip_serializing_if = "is_default")]
    pub(crate) from: Millis,
    /// To before this time; none is the end.
    #[serde(rename = "u", default, skip_serializing_if = "is_default")]
    pub(crate) until: Option<Millis>,
    /// Reads on.
    #[serde(rename = "t", default, skip_serializing_if = "is_default")]
    pub(crate) token: Option<String>,
}

impl Sweep {
    /// It is the whole log.
    pub(crate) const fn is_whole(&self) -> bool {
        self.from == 0 && self.until.is_none()
    }
}

/// The runner's closing line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Closing {
    #[serde(rename = "s")]
    pub(crate) sequence: u64,
    #[serde(rename = "t")]
    pub(crate) trailer: Trailer,
}

impl Closing {
    /// Keeps the closing line, its reason cut to what a cursor has room for.
    pub(crate) fn new(sequence: u64, mut trailer: Trailer) -> Self {
        if let Cause::FailedToStart { reason } = &mut trailer.cause
            && let Some((end, _)) = reason.char_indices().nth(MAX_REASON_CHARS - 1)
        {
            reason.truncate(end);
            reason.push('…');
        }
        Self { sequence, trailer }
    }

    fn is_sound(&self) -> bool {
        let reason = match &self.trailer.cause {
            Cause::FailedToStart { reason } => reason.chars().count(),
            Cause::Exited | Cause::Signalled { .. } | Cause::TimedOut | Cause::Stopped => 0,
        };
        self.sequence > 0 && reason <= MAX_REASON_CHARS && self.trailer.sha256.len() <= 64
    }
}

/// For values that are not written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
