//! What must be remembered between two looks at a run. It travels with the caller as an opaque text, because the invoker keeps nothing.
//!
//! A cursor comes from outside: it is decoded strictly and bounded, and the worst that a forged one does is to read its own run wrongly.
//! Never holds a secret or a line of output; of the log it holds positions and the runner's closing line.

use engine::ObserveError;
use protocol::frame::{Cause, Trailer};
use protocol::{Cursor, OutputForm, Phase};
use serde::{Deserialize, Serialize};

use crate::logs::Ledger;

/// The notation's version.
const VERSION: u8 = 1;
/// Longest cursor in bytes. A hundred of the usual ones (about 300 bytes) fit one message many times over.
const MAX_BYTES: usize = 8 * 1024;
/// Longest token of `CloudWatch` Logs that is kept, in bytes. Those of `GetLogEvents` have about sixty.
const MAX_TOKEN_BYTES: usize = 1_024;
/// Longest reason of a closing line that is kept, in characters.
const MAX_REASON_CHARS: usize = 400;
/// The year 9999, in milliseconds: times beyond it are nobody's.
const MAX_MILLIS: i64 = 253_402_300_799_999;

/// Milliseconds since 1970.
pub(crate) type Millis = i64;

/// Where the reader of one run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    #[serde(rename = "v")]
    version: u8,
    /// The furthest phase that was told; never `Ended`.
    #[serde(rename = "p")]
    pub(crate) phase: Phase,
    #[serde(rename = "o", default, skip_serializing_if = "is_default")]
    pub(crate) output: OutputForm,
    #[serde(rename = "k", default, skip_serializing_if = "is_default")]
    pub(crate) task: TaskPlace,
    #[serde(rename = "l", default, skip_serializing_if = "is_default")]
    pub(crate) log: LogReading,
}

/// What is known about the task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskPlace {
    /// When ECS last showed it.
    #[serde(rename = "s", default, skip_serializing_if = "is_default")]
    pub(crate) seen: Option<Millis>,
    /// Since when ECS does not know it.
    #[serde(rename = "m", default, skip_serializing_if = "is_default")]
    pub(crate) missing: Option<Millis>,
    /// When it was first seen stopped.
    #[serde(rename = "e", default, skip_serializing_if = "is_default")]
    pub(crate) over: Option<Millis>,
}

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

/// Why a text is not a cursor.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CursorError {
    #[error("cursor of {0} bytes is too long: at most {MAX_BYTES} bytes are read, start with an empty one")]
    TooLong(usize),
    #[error("`{start}` is not a cursor of this engine ({source}): start with an empty one")]
    Malformed { start: String, source: serde_json::Error },
    #[error("cursor `{start}` has impossible values: start with an empty one")]
    Unsound { start: String },
}

impl From<CursorError> for ObserveError {
    fn from(error: CursorError) -> Self {
        Self {
            reason: error.to_string(),
        }
    }
}

impl Default for Place {
    fn default() -> Self {
        Self {
            version: VERSION,
            phase: Phase::Queued,
            output: OutputForm::Framed,
            task: TaskPlace::default(),
            log: LogReading::default(),
        }
    }
}

impl Place {
    /// Reads a cursor; the empty one is the start.
    pub(crate) fn decode(cursor: &Cursor) -> Result<Self, CursorError> {
        let text = cursor.as_str();
        if text.is_empty() {
            return Ok(Self::default());
        }
        if text.len() > MAX_BYTES {
            return Err(CursorError::TooLong(text.len()));
        }
        let start = || text.chars().take(32).flat_map(char::escape_debug).collect();
        let place: Self =
            serde_json::from_str(text).map_err(|source| CursorError::Malformed { start: start(), source })?;
        if place.is_sound() {
            Ok(place)
        } else {
            Err(CursorError::Unsound { start: start() })
        }
    }

    /// Writes the cursor.
    pub(crate) fn encode(&self) -> Cursor {
        // Only a map with keys that are no texts could fail, and there is none: then reading starts again, and nothing is lost.
        Cursor::new(serde_json::to_string(self).unwrap_or_default())
    }

    fn is_sound(&self) -> bool {
        let log = &self.log;
        let sweep = log.repair.sweep.as_ref();
        let tokens = [log.token.as_deref(), sweep.and_then(|sweep| sweep.token.as_deref())];
        let times = [
            self.task.seen,
            self.task.missing,
            self.task.over,
            log.entry,
            log.read,
            log.reached,
            log.complete,
            log.repair.at,
            sweep.map(|sweep| sweep.from),
            sweep.and_then(|sweep| sweep.until),
            Some(log.since),
            Some(log.position),
            Some(log.latest),
            Some(log.words_known),
            Some(log.repair.checked),
        ];
        self.version == VERSION
            && self.phase != Phase::Ended
            && tokens.iter().flatten().all(|token| {
                (1..=MAX_TOKEN_BYTES).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
            })
            && times.iter().flatten().all(|time| (0..=MAX_MILLIS).contains(time))
            && log.ledger.is_sound()
            && log.closing.as_ref().is_none_or(Closing::is_sound)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Whether the text is a cursor of this engine, and whether writing it again changes nothing. For fuzzing.
#[doc(hidden)]
pub fn cursor_reads_back(text: &str) -> Option<bool> {
    let place = Place::decode(&Cursor::new(text)).ok()?;
    Some(Place::decode(&place.encode()).is_ok_and(|again| again == place))
}

#[cfg(test)]
mod tests;
