//! The answers to the messages.

use serde::{Deserialize, Serialize};

use crate::{Catalogue, Cursor, Denial, Ending, PROTOCOL_VERSION, Phase, Problem, RunId, Timings};

/// An answer as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The version that the answering side speaks.
    pub protocol: u32,
    /// The answer.
    pub reply: Reply,
}

impl From<Reply> for Response {
    fn from(reply: Reply) -> Self {
        Self {
            protocol: PROTOCOL_VERSION,
            reply,
        }
    }
}

/// The answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// To `run`: allowed, and handed to the engine.
    Started(Started),
    /// To `run`: refused. Nothing was started.
    Denied(Denial),
    /// To `explain`.
    Explained(Explanation),
    /// To `describe`.
    Described(Catalogue),
    /// To `observe`: one entry for each run asked for, in the same order.
    Observed(Vec<Observed>),
    /// To `stop`.
    Stopped(StopOutcome),
    /// The message could not be served.
    Error {
        /// What sort of failure, for machines.
        kind: ErrorKind,
        /// What is wrong and what to do, in one line.
        message: String,
    },
}

/// The sorts of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The message was not understood (shape, version, action, size).
    BadMessage,
    /// The request was allowed, but the engine could not start it: nothing runs.
    FailedToStart,
    /// There is no room to run it now: nothing runs. Sending the same message again later is safe and may succeed.
    NoCapacity,
    /// The idempotency key was used for another request.
    KeyConflict,
    /// The engine cannot be reached or failed; what it did is not known. Sending the same message again is safe.
    EngineUnavailable,
    /// The decision could not be recorded, so nothing was started.
    AuditUnavailable,
}

/// A run that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Started {
    /// Its id.
    pub run: RunId,
    /// The run existed already: this message was a repetition.
    pub repeated: bool,
    /// Seconds after the start at which the run is stopped.
    pub deadline_seconds: u32,
    /// Digest of the request as the gate understood it.
    pub request_digest: String,
    /// Digest of the allow-list that allowed it.
    pub allow_list_digest: String,
    /// Remarks about how the run is isolated that its caller should know, such as a ceiling that this machine cannot enforce in full.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

/// The whole decision, with nothing started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// Would the request run.
    pub allowed: bool,
    /// What the gate made of each word: container, script, then each argument.
    pub words: Vec<WordVerdict>,
    /// The arguments that the script would receive; empty when the request is refused.
    pub canonical_args: Vec<String>,
    /// Every problem, as in a denial; empty when the request is allowed.
    pub problems: Vec<Problem>,
    /// Digest of the request as the gate understood it.
    pub request_digest: String,
    /// Digest of the allow-list that was asked.
    pub allow_list_digest: String,
}

/// What the gate made of one word of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordVerdict {
    /// The word, control characters escaped and shortened.
    pub word: String,
    /// Accepted or refused.
    pub verdict: Verdict,
    /// The rule that accepted or refused it, as a path in the allow-list.
    pub rule: String,
    /// What the word was taken for, or why it was refused, in one line.
    pub reading: String,
}

/// Accepted or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The rule accepts the word.
    Accepted,
    /// The rule refuses the word.
    Refused,
}

/// What one observed run has to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed {
    /// News of a run.
    Run(Observation),
    /// There is no such run for this caller.
    NotFound {
        /// The id that was asked for.
        run: RunId,
    },
}

/// News of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// Which run.
    pub run: RunId,
    /// Where it is.
    pub phase: Phase,
    /// What the entries of the log are.
    #[serde(default)]
    pub output: OutputForm,
    /// New entries of the log since the cursor, as stored: a store may deliver frames late, twice or out of order.
    pub frames: Vec<String>,
    /// Where to read on.
    pub cursor: Cursor,
    /// There is more to read at once.
    pub more: bool,
    /// How it ended; present exactly when the phase is `ended`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    /// How long each part took.
    #[serde(default)]
    pub timings: Timings,
    /// Ask again after this many milliseconds.
    pub ask_again_ms: u32,
    /// What a person should know about the reading itself, in one line: why it is slow, for example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// What the entries of a run's log are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputForm {
    /// Frames of our runner; an entry that is none is a word of the runner itself.
    #[default]
    Framed,
    /// Lines as the container wrote them: its image does not have our runner. Each comes once and in order, and nothing proves that all came.
    Raw,
}

/// What a stop came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopOutcome {
    /// The run has been asked to stop.
    Stopping,
    /// It had ended already.
    AlreadyEnded,
    /// There is no such run for this caller.
    NotFound,
}
