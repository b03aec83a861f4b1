//! The result for machines: the whole ending as one JSON object, in a file or on the last line of standard error.
//!
//! Never: leaves an older run's result in place, or half of a new one.

use std::path::{Path, PathBuf};

use protocol::{Ending, ErrorKind, ExitCode, IdempotencyKey, Problem, RunId, Started, Timings};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::atomic_file::{self, AtomicFileError};
use crate::conclusion::{About, Conclusion, Finished, Left, StopCause};

/// The format of the object. It grows by new keys; a change of meaning gets a new number.
const FORMAT: u32 = 1;

/// How a command ended, for machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ResultDocument {
    format: u32,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_meaning: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<IdempotencyKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending: Option<Ending>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_for: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timings: Option<AllTimings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logs_complete: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logs_remark: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Problem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<StartedDocument>,
    /// What the job says about itself; nobody has checked it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    job_reports: Vec<Map<String, Value>>,
}

/// What came of the command, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// We are still at work, or died at it.
    Unfinished,
    /// The run is over.
    Finished,
    /// The run was started, and nobody waits for it.
    Started,
    /// The request is not allowed.
    Denied,
    /// We left before the end; the run, if there is one, goes on.
    Left,
    /// The run could not be seen any longer.
    Lost,
    /// The run may have been started, and nobody can say: the same call with `idempotency_key` finds out.
    Unanswered,
    /// The gate or the engine refused to serve.
    Refused,
    /// We failed.
    Failed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct AllTimings {
    #[serde(flatten)]
    engine: Timings,
    drain_ms: u64,
    total_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct ErrorDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<ErrorKind>,
    message: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct StartedDocument {
    repeated: bool,
    deadline_seconds: u32,
    request_digest: String,
    allow_list_digest: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<String>,
}

impl ResultDocument {
    /// While the command is at work.
    const fn unfinished() -> Self {
        Self::about(Outcome::Unfinished)
    }

    /// How the command ended.
    pub(crate) fn of(conclusion: &Conclusion, exit: ExitCode) -> Self {
        let document = match conclusion {
            Conclusion::Finished(finished) => Self::finished(finished),
            Conclusion::Started(started) => Self {
                run: Some(started.run),
                started: Some(StartedDocument::of(started)),
                ..Self::about(Outcome::Started)
            },
            Conclusion::Denied(denial) => Self {
                problems: denial.problems.clone(),
                ..Self::about(Outcome::Denied)
            },
            Conclusion::Left(left) => Self::left(left),
            Conclusion::Unanswered { key, why, kind } => Self {
                idempotency_key: Some(key.clone()),
                error: Some(ErrorDocument::new(*kind, why)),
                ..Self::about(Outcome::Unanswered)
            },
            Conclusion::Lost { run, why, .. } => Self {
                run: Some(*run),
                error: Some(ErrorDocument::new(None, why)),
                ..Self::about(Outcome::Lost)
            },
            Conclusion::Refused { kind, message } => Self {
                error: Some(ErrorDocument::new(Some(*kind), message)),
                ..Self::about(Outcome::Refused)
            },
            Conclusion::Failed { message, .. } => Self {
                error: Some(ErrorDocument::new(None, message)),
                ..Self::about(Outcome::Failed)
            },
        };
        Self {
            exit_code: Some(exit.code()),
            exit_meaning: Some(exit.meaning()),
            ..document
        }
    }

    /// One line of JSON.
    pub(crate) fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|error| format!("the result cannot be written: {error}"))
    }

    fn left(left: &Left) -> Self {
        let (run, idempotency_key) = match &left.about {
            About::Run(run) => (Some(*run), None),
            About::Perhaps(key) => (None, Some(key.clone())),
            About::Nothing => (None, None),
        };
        Self {
            run,
            idempotency_key,
            stopped_for: left.stopped_for.map(StopCause::as_str),
            ..Self::about(Outcome::Left)
        }
    }

    fn finished(finished: &Finished) -> Self {
        let ended = &finished.ended;
        let millis = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self {
            run: Some(finished.run),
            ending: Some(ended.ending.clone()),
            stopped_for: finished.stopped_for.map(StopCause::as_str),
            timings: Some(AllTimings {
                engine: ended.timings.clone(),
                drain_ms: millis(ended.drain),
                total_ms: millis(finished.total),
            }),
            logs_complete: Some(finished.logs_complete()),
            logs_remark: ended.log.remark().or_else(|| finished.unwritten.clone()),
            started: finished.started.as_ref().map(StartedDocument::of),
            job_reports: ended.reports.iter().map(|report| report.object().clone()).collect(),
            ..Self::about(Outcome::Finished)
        }
    }

    const fn about(outcome: Outcome) -> Self {
        Self {
            format: FORMAT,
            outcome,
            exit_code: None,
            exit_meaning: None,
            run: None,
            idempotency_key: None,
            ending: None,
            stopped_for: None,
            timings: None,
            logs_complete: None,
            logs_remark: None,
            problems: Vec::new(),
            error: None,
            started: None,
            job_reports: Vec::new(),
        }
    }
}

impl ErrorDocument {
    fn new(kind: Option<ErrorKind>, message: &str) -> Self {
        Self {
            kind,
            message: message.to_owned(),
        }
    }
}

impl StartedDocument {
    fn of(started: &Started) -> Self {
        Self {
            repeated: started.repeated,
            deadline_seconds: started.deadline_seconds,
            request_digest: started.request_digest.clone(),
            allow_list_digest: started.allow_list_digest.clone(),
            notices: started.notices.clone(),
        }
    }
}

/// Why the result cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResultError {
    /// The system refuses.
    #[error("the result file: {0}")]
    Unwritable(#[from] AtomicFileError),
    /// The result cannot be put into words.
    #[error("the result file: {0}")]
    Unwordable(#[from] serde_json::Error),
}

/// The file of `--result-file`.
#[derive(Debug)]
pub(crate) struct ResultFile {
    path: PathBuf,
}

impl ResultFile {
    /// Puts `unfinished` there before anything is started: so the file can be written, and never tells about an older run.
    pub(crate) fn begin(path: &Path) -> Result<Self, ResultError> {
        let file = Self { path: path.to_owned() };
        // A pipe or a device would keep the first text besides the last.
        if !std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            file.write(&ResultDocument::unfinished())?;
        }
        Ok(file)
    }

    /// Replaces the content in one step.
    pub(crate) fn write(&self, document: &ResultDocument) -> Result<(), ResultError> {
        let mut text = serde_json::to_vec_pretty(document)?;
        text.push(b'\n');
        atomic_file::write(&self.path, &text)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
