//! What must be remembered between two looks at a run. It travels with the caller as an opaque text, because the invoker keeps nothing.
//!
//! A cursor comes from outside: it is decoded strictly and bounded, and the worst that a forged one does is to read its own run wrongly.
//! Never holds a secret or a line of output; of the log it holds positions and the runner's closing line.

use engine::ObserveError;
use protocol::{Cursor, OutputForm, Phase};
use serde::{Deserialize, Serialize};

use crate::clock::{Millis, is_a_time};
use crate::logs::{LogReading, is_default};

/// The notation's version.
const VERSION: u8 = 1;
/// Longest cursor in bytes. A hundred of the usual ones (about 300 bytes) fit one message many times over.
const MAX_BYTES: usize = 8 * 1024;

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
        let TaskPlace { seen, missing, over } = &self.task;
        let mut times = [seen, missing, over].into_iter().flatten();
        self.version == VERSION
            && self.phase != Phase::Ended
            && times.all(|time| is_a_time(*time))
            && self.log.is_sound()
    }
}

/// Whether the text is a cursor of this engine, and whether writing it again changes nothing. For fuzzing.
#[doc(hidden)]
pub fn cursor_reads_back(text: &str) -> Option<bool> {
    let place = Place::decode(&Cursor::new(text)).ok()?;
    Some(Place::decode(&place.encode()).is_ok_and(|again| again == place))
}

#[cfg(test)]
mod tests;
