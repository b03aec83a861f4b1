//! Watches a sandbox until it is over: passes a stop on once, gives the time that the permit gives, and then kills.

use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use nix::sys::signalfd::{SfdFlags, SignalFd};
use protocol::Phase;
use rustix::event::Timespec;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, pidfd_send_signal};

use super::ending::{Asked, Facts};
use super::start::Running;
use crate::signals::watched_signals;

use super::{Job, note, set_phase};
use crate::state::StatusRecord;

/// How soon a request to stop is noticed.
const TICK: Duration = Duration::from_millis(50);
/// The runner keeps the deadline and the time to clean up by itself. We act when it is late by this.
const RUNNER_MARGIN: Duration = Duration::from_secs(5);

/// Watches until the sandbox is over and nothing of it is left.
pub(super) fn watch(job: &Job, mut sandbox: Running, status: &mut StatusRecord, since: Instant) -> Facts {
    let asked_to_end = SignalFd::with_flags(&watched_signals(), SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC);
    if let Err(error) = &asked_to_end {
        note(&format!("signals cannot be watched: {error}"));
    }
    let mut stop = Stop::new(job, since);
    let over = loop {
        wait(sandbox.bwrap_fd.as_fd(), asked_to_end.as_ref().ok().map(AsFd::as_fd));
        match sandbox.bwrap.try_wait() {
            Ok(Some(over)) => break over,
            Ok(None) => {}
            // Nobody else can have reaped it; were it so, nothing would be known of how it ended.
            Err(error) => {
                note(&format!("the sandbox cannot be watched: {error}"));
                break ExitStatus::from_raw(9);
            }
        }
        let told_to_end = asked_to_end
            .as_ref()
            .is_ok_and(|signals| matches!(signals.read_signal(), Ok(Some(_))));
        if stop.begins(job, told_to_end) {
            set_phase(job, status, Phase::Stopping);
        }
        if stop.is_unsent() && listens(status) {
            stop.sent = true;
            signal(&sandbox, Signal::TERM);
        }
        if stop.is_out_of_patience() {
            stop.killed = true;
            signal(&sandbox, Signal::KILL);
        }
    };
    // When bubblewrap was killed, the kernel is killing process 1 of the sandbox: it must be gone before the run is over.
    signal(&sandbox, Signal::KILL);
    wait_until_gone(&sandbox);
    match sandbox.late_failure() {
        Some(reason) => Facts::failed_to_start(reason),
        None => Facts::Over {
            sandbox: over,
            asked: stop.asked,
            killed: stop.killed,
        },
    }
}

/// Where the end of a run stands.
struct Stop {
    asked: Option<Asked>,
    sent: bool,
    kill_at: Option<Instant>,
    killed: bool,
    backstop: Instant,
    patience: Duration,
}

impl Stop {
    fn new(job: &Job, since: Instant) -> Self {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let patience = seconds(job.decision.stop_timeout_seconds) + RUNNER_MARGIN;
        Self {
            asked: None,
            sent: false,
            kill_at: None,
            killed: false,
            backstop: since + seconds(job.decision.timeout_seconds) + patience,
            patience,
        }
    }

    /// Somebody wants the run to end, for the first time.
    fn begins(&mut self, job: &Job, told_to_end: bool) -> bool {
        if self.asked.is_some() {
            return false;
        }
        // A request that cannot be read is one that somebody made.
        let by_caller = !matches!(job.dir.stop_request(), Ok(None));
        self.asked = if by_caller {
            Some(Asked::Caller)
        } else if told_to_end {
            Some(Asked::Machine)
        } else if Instant::now() >= self.backstop {
            Some(Asked::Deadline)
        } else {
            None
        };
        self.kill_at = self.asked.map(|asked| match asked {
            Asked::Caller | Asked::Machine => Instant::now() + self.patience,
            Asked::Deadline => Instant::now(),
        });
        self.asked.is_some()
    }

    fn is_unsent(&self) -> bool {
        self.asked.is_some() && !self.sent
    }

    fn is_out_of_patience(&self) -> bool {
        !self.killed && self.kill_at.is_some_and(|at| Instant::now() >= at)
    }
}

/// The runner has said what it does on SIGTERM. The kernel drops a signal to process 1 that comes before that.
fn listens(status: &StatusRecord) -> bool {
    let Some(sandbox) = status.sandbox else {
        return true;
    };
    let process = std::fs::read_to_string(format!("/proc/{}/status", sandbox.pid)).unwrap_or_default();
    process
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_none_or(|caught| caught & (1 << (Signal::TERM.as_raw() - 1)) != 0)
}

fn signal(sandbox: &Running, signal: Signal) {
    // It may be over already; that is seen in the next round.
    pidfd_send_signal(&sandbox.runner, signal).ok();
}

fn wait(sandbox: BorrowedFd<'_>, signals: Option<BorrowedFd<'_>>) {
    let mut fds: Vec<PollFd<'_>> = [Some(sandbox), signals]
        .into_iter()
        .flatten()
        .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
        .collect();
    // An interrupted wait is a short one.
    poll(&mut fds, Timespec::try_from(TICK).ok().as_ref()).ok();
}

fn wait_until_gone(sandbox: &Running) {
    let mut fds = [PollFd::from_borrowed_fd(sandbox.runner.as_fd(), PollFlags::IN)];
    while !matches!(poll(&mut fds, None), Ok(ready) if ready > 0) {}
}
