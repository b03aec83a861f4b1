//! What a supervisor needs of whatever holds a run. The sandbox is one such room, a container another.
//!
//! The order is always the same: prepare, enter, watch what is inside to its end, leave.

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use super::ending::{Asked, Exit};
use super::stop::Stop;
use super::{Job, Launcher};
use crate::state::StatusRecord;

/// What holds a run.
pub(super) trait Room: Sized {
    /// What of this machine it uses.
    type Record;
    /// A run that is in it.
    type Inside: Inside;

    /// Gets ready. Nothing runs yet. Answers what the caller should know about the isolation.
    fn prepare(job: &Job, record: Self::Record) -> (Self, Vec<String>);

    /// Control groups that were made for the run, for whoever has to clean up after a supervisor that was killed.
    fn cgroups(&self) -> Vec<PathBuf>;

    /// Brings the run to the point where process 1 has been started. What takes long answers the launcher first, and looks out for a stop.
    fn enter(
        &mut self,
        job: &Job,
        secrets: BTreeMap<String, String>,
        status: &mut StatusRecord,
        stop: &mut Stop,
        launcher: &mut Launcher,
    ) -> Result<Self::Inside, NotInside>;

    /// Leaves nothing of the run behind.
    fn leave(self, job: &Job, status: &StatusRecord) -> Left;
}

/// A run that is in a room.
pub(super) trait Inside {
    /// Waits until there is something to look at, no longer than a tick.
    fn wait(&mut self, signals: Option<BorrowedFd<'_>>, tick: Duration);

    /// How process 1 ended, if it did.
    fn over(&mut self) -> Option<Exit>;

    /// Process 1 has said what it does on SIGTERM. The kernel drops a signal to process 1 that comes before that.
    fn listens(&self) -> bool;

    /// Sends a signal to process 1. It may be over already; that is seen in the next round.
    fn signal(&mut self, signal: Signal);

    /// Waits until no process is left. The answer is why the runner did not start, if that is what happened.
    fn clear(&mut self) -> Option<String>;
}

/// Why nothing runs.
#[derive(Debug)]
pub(super) enum NotInside {
    Failed(String),
    /// Somebody asked for the end before there was anything to end.
    Asked(Asked),
}

impl From<String> for NotInside {
    fn from(reason: String) -> Self {
        Self::Failed(reason)
    }
}

/// What a room tells when it is left.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// How often the kernel ended a process of the run for lack of memory.
    pub(super) oom_kills: u64,
    /// What could not be removed.
    pub(super) notices: Vec<String>,
}
