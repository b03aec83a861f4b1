//! How a command ended, and its exit code. The one place where endings, cancels and missing lines become a number.

use std::fmt;
use std::time::Duration;

use protocol::{Denial, Ending, ErrorKind, ExitCode, IdempotencyKey, RunId, Started};

use crate::log::Verdict;
use crate::signals::Signal;
use crate::watch::Ended;

/// How a command ended that has to do with a run.
#[derive(Debug)]
pub(crate) enum Conclusion {
    /// The run is over.
    Finished(Box<Finished>),
    /// The run was started, and nobody waits for it.
    Started(Started),
    /// The request is not allowed.
    Denied(Denial),
    /// We left before the end; the run goes on.
    Left(Left),
    /// The run could not be seen any longer.
    Lost {
        /// Which.
        run: RunId,
        /// Why, in one line.
        why: String,
        /// Whether it was asked to stop.
        order: StopOrder,
    },
    /// The gate may have started the run, and nobody can say.
    Unanswered {
        /// Finds out: the same call with this key joins the run, or starts it if it was never started.
        key: IdempotencyKey,
        /// What failed last, in one line.
        why: String,
        /// What sort of failure, if the gate told it itself.
        kind: Option<ErrorKind>,
    },
    /// The gate or the engine refused to serve.
    Refused {
        /// What sort of failure.
        kind: ErrorKind,
        /// What is wrong and what to do, in one line.
        message: String,
    },
    /// We failed.
    Failed {
        /// What is wrong and what to do, in one line.
        message: String,
        /// A finished text that shows it, such as the errors of an allow-list.
        details: Option<String>,
    },
}

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Which.
    pub(crate) run: RunId,
    /// What is known about its start; nothing after `attach`.
    pub(crate) started: Option<Started>,
    /// How it ended, and its log.
    pub(crate) ended: Ended,
    /// Why we asked it to stop, if we did.
    pub(crate) stopped_for: Option<StopCause>,
    /// From our own start to now.
    pub(crate) total: Duration,
    /// Why some of its output could not be written here.
    pub(crate) unwritten: Option<String>,
}

/// Why we asked a run to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopCause {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// `--max-wait-time` has passed.
    MaxWaitTime,
}

/// What became of the order to stop a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopOrder {
    /// Nobody gave one.
    NotGiven,
    /// The gate has taken it.
    Taken,
    /// The gate has not taken it, or has not said so.
    NotTaken,
}

/// We left before the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Left {
    /// What is known about the run.
    pub(crate) about: About,
    /// The signal that made us leave.
    pub(crate) signal: Signal,
    /// Why we wanted the run to stop, if we did.
    pub(crate) stopped_for: Option<StopCause>,
    /// Whether the gate knows that.
    pub(crate) order: StopOrder,
}

/// What is known about a run that we leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    /// It is this one, and it goes on.
    Run(RunId),
    /// The gate has not answered; the same call with this key joins the run, or starts it.
    Perhaps(IdempotencyKey),
    /// Nothing runs.
    Nothing,
}

/// What the caller wants when lines are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MissingLines {
    /// Tell, loudly.
    Warn,
    /// Do not end with 0.
    Fail,
}

impl Conclusion {
    /// We failed, and one line says all.
    pub(crate) fn failed(error: &dyn fmt::Display) -> Self {
        Self::Failed {
            message: error.to_string(),
            details: None,
        }
    }

    /// The exit code.
    pub(crate) fn exit_code(&self, missing_lines: MissingLines) -> ExitCode {
        match self {
            Self::Finished(finished) => finished.exit_code(missing_lines),
            Self::Started(_) => ExitCode::Job(0),
            Self::Denied(_) => ExitCode::Denied,
            Self::Left(left) => left.exit_code(),
            Self::Lost { .. } | Self::Unanswered { .. } => ExitCode::OutcomeUnknown,
            Self::Refused { kind, .. } => refused(*kind),
            Self::Failed { .. } => ExitCode::DeployerFailed,
        }
    }
}

impl Finished {
    /// All lines came and could be written.
    pub(crate) fn logs_complete(&self) -> bool {
        self.ended.log == Verdict::Complete && self.unwritten.is_none()
    }

    fn exit_code(&self, missing_lines: MissingLines) -> ExitCode {
        match (&self.ended.ending, self.stopped_for) {
            (Ending::Exited { code: 0 }, _) if missing_lines == MissingLines::Fail && !self.logs_complete() => {
                ExitCode::LogsIncomplete
            }
            (Ending::Cancelled { .. }, Some(cause)) => cause.exit_code(),
            (ending, _) => ExitCode::of(ending),
        }
    }
}

impl Left {
    /// The first signal counts; a run that was left alone and whose outcome nobody waits for is unknown.
    const fn exit_code(&self) -> ExitCode {
        match (self.stopped_for, self.signal, &self.about) {
            (Some(cause), _, _) => cause.exit_code(),
            (None, Signal::Interrupt, _) => ExitCode::Interrupted,
            (None, Signal::Terminate, _) => ExitCode::Terminated,
            (None, Signal::Hangup, About::Nothing) => ExitCode::FailedToStart,
            (None, Signal::Hangup, About::Run(_) | About::Perhaps(_)) => ExitCode::OutcomeUnknown,
        }
    }
}

impl StopCause {
    /// The name in results.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::MaxWaitTime => "max-wait-time",
        }
    }

    const fn exit_code(self) -> ExitCode {
        match self {
            Self::Interrupt => ExitCode::Interrupted,
            Self::Terminate => ExitCode::Terminated,
            Self::MaxWaitTime => ExitCode::TimedOut,
        }
    }
}

const fn refused(kind: ErrorKind) -> ExitCode {
    match kind {
        ErrorKind::FailedToStart | ErrorKind::NoCapacity => ExitCode::FailedToStart,
        // The run may have been started by a call whose answer was lost.
        ErrorKind::EngineUnavailable => ExitCode::OutcomeUnknown,
        ErrorKind::BadMessage | ErrorKind::KeyConflict | ErrorKind::AuditUnavailable => ExitCode::DeployerFailed,
    }
}
