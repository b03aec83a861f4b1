//! Who wants a run to end, and how long it still has.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use gatekeeper::compiled::Entrypoint;
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::ending::Asked;
use super::{Job, note};
use crate::signals::watched_signals;

/// The runner keeps the deadline and the time to clean up by itself. We act when it is late by this.
const RUNNER_MARGIN: Duration = Duration::from_secs(5);

/// Where the end of a run stands.
pub(super) struct Stop {
    signals: Option<SignalFd>,
    asked: Option<Asked>,
    sent: bool,
    kill_at: Option<Instant>,
    killed: bool,
    deadline: Option<Instant>,
    timeout: Duration,
    patience: Duration,
    /// The runner keeps the deadline, and we only when it does not.
    runner_keeps_deadline: bool,
}

impl Stop {
    pub(super) fn new(job: &Job) -> Self {
        let signals = SignalFd::with_flags(&watched_signals(), SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC);
        if let Err(error) = &signals {
            note(&format!("signals cannot be watched: {error}"));
        }
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let runner_keeps_deadline = job.decision.entrypoint == Entrypoint::DeployRunner;
        let margin = if runner_keeps_deadline {
            RUNNER_MARGIN
        } else {
            Duration::ZERO
        };
        Self {
            signals: signals.ok(),
            asked: None,
            sent: false,
            kill_at: None,
            killed: false,
            deadline: None,
            timeout: seconds(job.decision.timeout_seconds),
            patience: seconds(job.decision.stop_timeout_seconds) + margin,
            runner_keeps_deadline,
        }
    }

    /// The script has begun.
    pub(super) fn runs_since(&mut self, since: Instant) {
        let late = if self.runner_keeps_deadline {
            self.patience
        } else {
            Duration::ZERO
        };
        self.deadline = Some(since + self.timeout + late);
    }

    /// Ready when the machine wants this process to end.
    pub(super) fn signals(&self) -> Option<BorrowedFd<'_>> {
        self.signals.as_ref().map(AsFd::as_fd)
    }

    /// Somebody wants the run to end, for the first time.
    pub(super) fn begins(&mut self, job: &Job) -> bool {
        let told_to_end = self
            .signals
            .as_ref()
            .is_some_and(|signals| matches!(signals.read_signal(), Ok(Some(_))));
        if self.asked.is_some() {
            return false;
        }
        // A request that cannot be read is one that somebody made.
        let by_caller = !matches!(job.dir.stop_request(), Ok(None));
        self.asked = if by_caller {
            Some(Asked::Caller)
        } else if told_to_end {
            Some(Asked::Machine)
        } else if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            Some(Asked::Deadline)
        } else {
            None
        };
        // A runner that keeps the deadline itself has had its time already.
        let at_once = self.asked == Some(Asked::Deadline) && self.runner_keeps_deadline;
        let patience = if at_once { Duration::ZERO } else { self.patience };
        self.kill_at = self.asked.map(|_| Instant::now() + patience);
        self.asked.is_some()
    }

    /// Who asked for the end, first.
    pub(super) const fn asked(&self) -> Option<Asked> {
        self.asked
    }

    /// We killed it.
    pub(super) const fn killed(&self) -> bool {
        self.killed
    }

    pub(super) const fn is_unsent(&self) -> bool {
        self.asked.is_some() && !self.sent
    }

    pub(super) const fn sends(&mut self) {
        self.sent = true;
    }

    pub(super) fn is_out_of_patience(&self) -> bool {
        !self.killed && self.kill_at.is_some_and(|at| Instant::now() >= at)
    }

    pub(super) const fn kills(&mut self) {
        self.killed = true;
    }
}
