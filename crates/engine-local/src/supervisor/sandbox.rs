//! The sandbox as a room: bubblewrap and landlock around the runner of this machine, and control groups above them.

mod arguments;
mod start;

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::Timespec;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, pidfd_send_signal};

use super::ceiling::Ceilings;
use super::ending::Exit;
use super::room::{Inside, Left, NotInside, Room};
use super::stop::Stop;
use super::watch::catches_term;
use super::{Job, Launcher, note};
use crate::state::{Sandbox, SandboxRecord, StatusRecord};
use start::Running;

/// The sandbox of one run.
#[derive(Debug)]
pub(super) struct SandboxRoom {
    record: SandboxRecord,
    ceilings: Ceilings,
}

/// A sandbox in which the runner is.
#[derive(Debug)]
pub(super) struct InSandbox {
    running: Running,
    runner: Option<Sandbox>,
}

impl Room for SandboxRoom {
    type Record = SandboxRecord;
    type Inside = InSandbox;

    fn prepare(job: &Job, record: SandboxRecord) -> (Self, Vec<String>) {
        let (ceilings, notices) = Ceilings::set(job.request.run, job.request.size);
        (Self { record, ceilings }, notices)
    }

    fn cgroups(&self) -> Vec<PathBuf> {
        self.ceilings.cgroups().to_vec()
    }

    fn enter(
        &mut self,
        job: &Job,
        secrets: BTreeMap<String, String>,
        status: &mut StatusRecord,
        _: &mut Stop,
        _: &mut Launcher,
    ) -> Result<InSandbox, NotInside> {
        let running = start::start(job, &self.record, secrets, &self.ceilings, status)?;
        Ok(InSandbox {
            running,
            runner: status.sandbox,
        })
    }

    fn leave(self, _: &Job, _: &StatusRecord) -> Left {
        let oom_kills = self.ceilings.oom_kills();
        let removed = self.ceilings.remove();
        let left_behind = removed.map_err(|error| format!("a control group of this run is left behind: {error}"));
        Left {
            oom_kills,
            notices: left_behind.err().into_iter().collect(),
        }
    }
}

impl Inside for InSandbox {
    fn wait(&mut self, signals: Option<BorrowedFd<'_>>, tick: Duration) {
        let mut fds: Vec<PollFd<'_>> = [Some(self.running.bwrap_fd.as_fd()), signals]
            .into_iter()
            .flatten()
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        // An interrupted wait is a short one.
        poll(&mut fds, Timespec::try_from(tick).ok().as_ref()).ok();
    }

    fn over(&mut self) -> Option<Exit> {
        match self.running.bwrap.try_wait() {
            Ok(over) => over.map(Exit::from),
            // Nobody else can have reaped it; were it so, nothing would be known of how it ended.
            Err(error) => {
                note(&format!("the sandbox cannot be watched: {error}"));
                Some(Exit::Signal(Signal::KILL.as_raw()))
            }
        }
    }

    fn listens(&self) -> bool {
        self.runner.is_none_or(|runner| catches_term(runner.pid))
    }

    fn signal(&mut self, signal: Signal) {
        // It may be over already.
        pidfd_send_signal(&self.running.runner, signal).ok();
    }

    /// When bubblewrap was killed, the kernel is killing process 1 of the sandbox: it must be gone before the run is over.
    fn clear(&mut self) -> Option<String> {
        self.signal(Signal::KILL);
        let mut fds = [PollFd::from_borrowed_fd(self.running.runner.as_fd(), PollFlags::IN)];
        while !matches!(poll(&mut fds, None), Ok(ready) if ready > 0) {}
        self.running.late_failure()
    }
}
