//! The record of decisions: what is recorded, and what a log must promise.
//!
//! A decision to run something has a record *before* anything is started, and is completed with what came of it. So no run can
//! exist without a record, whatever dies in between, and each decision still has exactly one event.
//! Never: records arguments or secrets; the request's digest stands for its words.

mod json_lines;
mod stream;
mod text;

use jiff::Timestamp;
use protocol::{Origin, Problem, RunId, StopOutcome};
use serde::Serialize;

pub use json_lines::JsonLinesLog;
pub use stream::{EventId, StreamLog};
use text::bounded;

/// Most rules that one event lists. A hostile request has thousands of problems.
const MAX_RULES: usize = 32;

/// Where events go.
pub trait AuditLog: Send + Sync {
    /// A recorded event that still lacks its outcome.
    type Entry: Send;

    /// Records an event whose outcome is not known yet. After an error, nothing may be started.
    fn open(&self, event: &AuditEvent) -> Result<Self::Entry, AuditError>;

    /// Completes an event with its outcome.
    fn complete(&self, entry: Self::Entry, event: &AuditEvent) -> Result<(), AuditError>;

    /// Records an event that is whole already.
    fn record(&self, event: &AuditEvent) -> Result<(), AuditError>;
}

/// Why an event could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The log cannot be opened, locked or written.
    #[error("cannot write the audit log `{log}`: {source}; free space or mend its permissions, then try again")]
    Unwritable {
        /// Its name.
        log: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The event does not fit the place that was kept for it.
    #[error("cannot complete an event in the audit log `{log}`: it has outgrown its place")]
    Outgrown {
        /// Its name.
        log: String,
    },
    /// The event cannot be put into words.
    #[error("cannot write an audit event: {0}")]
    Unwordable(#[from] serde_json::Error),
    /// The machine has no random bytes for an event's id.
    #[error("cannot give an audit event an id: {0}")]
    Nameless(#[from] getrandom::Error),
}

/// One decision. Every text in it is bounded and has no control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditEvent {
    /// When the decision was made.
    pub time: Timestamp,
    /// What was asked for.
    pub action: Audited,
    /// Where the call came from, as the caller tells it.
    pub origin: Origin,
    /// The container that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The script that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// Digest of the request as the gate understood it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_digest: Option<String>,
    /// Digest of the allow-list that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_list_digest: Option<String>,
    /// What was decided.
    pub decision: Decided,
    /// The rules that refused it, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// The run that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Audited {
    /// To start a run.
    Run,
    /// To see a decision.
    Explain,
    /// To stop a run.
    Stop,
    /// Nobody knows: the message could not be read.
    Unreadable,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// Allowed.
    Allowed,
    /// Refused.
    Denied,
}

/// What came of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing was to be started or stopped.
    Nothing,
    /// It is being started. An event that stays so was never completed: look for the run in the engine.
    Starting,
    /// It was started.
    Started,
    /// The same key had started it before.
    StartedBefore,
    /// It was not started.
    FailedToStart {
        /// Why.
        reason: String,
    },
    /// The key belongs to another run; nothing was started.
    KeyConflict,
    /// Whether it was started is not known.
    Unknown {
        /// Why.
        reason: String,
    },
    /// The run was asked to stop.
    Stopping,
    /// The run had ended already.
    AlreadyEnded,
    /// There is no such run.
    NotFound,
}

impl AuditEvent {
    /// An event about nothing yet; the actions fill in what they know.
    pub(crate) fn new(time: Timestamp, action: Audited, origin: &Origin, decision: Decided) -> Self {
        Self {
            time,
            action,
            origin: bounded_origin(origin),
            container: None,
            script: None,
            request_digest: None,
            allow_list_digest: None,
            decision,
            rules: Vec::new(),
            run: None,
            outcome: Outcome::Nothing,
        }
    }

    pub(crate) fn asked_for(mut self, container: Option<&str>, script: &str) -> Self {
        self.container = container.map(bounded);
        self.script = Some(bounded(script));
        self
    }

    pub(crate) fn request(mut self, digest: Option<&str>) -> Self {
        self.request_digest = digest.map(bounded);
        self
    }

    pub(crate) fn asked_of(mut self, allow_list_digest: &str) -> Self {
        self.allow_list_digest = Some(bounded(allow_list_digest));
        self
    }

    pub(crate) fn refused_by(mut self, problems: &[Problem]) -> Self {
        for problem in problems {
            let rule = bounded(&problem.rule);
            if self.rules.len() < MAX_RULES && !self.rules.contains(&rule) {
                self.rules.push(rule);
            }
        }
        self
    }

    pub(crate) fn about(mut self, run: Option<RunId>, outcome: Outcome) -> Self {
        self.run = run;
        self.outcome = outcome;
        self
    }
}

impl Outcome {
    pub(crate) fn failed_to_start(reason: &str) -> Self {
        Self::FailedToStart {
            reason: bounded(reason),
        }
    }

    pub(crate) fn unknown(reason: &str) -> Self {
        Self::Unknown {
            reason: bounded(reason),
        }
    }
}

impl From<StopOutcome> for Outcome {
    fn from(outcome: StopOutcome) -> Self {
        match outcome {
            StopOutcome::Stopping => Self::Stopping,
            StopOutcome::AlreadyEnded => Self::AlreadyEnded,
            StopOutcome::NotFound => Self::NotFound,
        }
    }
}

fn bounded_origin(origin: &Origin) -> Origin {
    let bounded = |text: &Option<String>| text.as_deref().map(bounded);
    Origin {
        ci: bounded(&origin.ci),
        repository: bounded(&origin.repository),
        pipeline_url: bounded(&origin.pipeline_url),
        commit: bounded(&origin.commit),
        actor: bounded(&origin.actor),
    }
}
