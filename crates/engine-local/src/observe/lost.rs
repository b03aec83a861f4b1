//! Closes a run whose supervisor is gone without having written an ending: cleans up, and says so.

use std::fs::File;
use std::thread;
use std::time::{Duration, Instant};

use protocol::{Ending, Timings};
use rustix::event::Timespec;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::containers::ask_to_discard;
use crate::state::{EndingRecord, RoomRecord, RunDir, Sandbox, StateError, StatusRecord, now};
use crate::supervisor::{remove_cgroups, start_ticks};

/// A launch that is cut off is taken up again by its repetition for so long; then it is over.
const ABANDONED_AFTER: Duration = Duration::from_mins(1);
/// A sandbox dies with its supervisor, at once.
const DEATH_TIMEOUT: Duration = Duration::from_secs(5);

/// Closes the run if nobody is in charge of it, and it has no ending.
pub(crate) fn close_if_lost(dir: &RunDir) -> Result<(), StateError> {
    if dir.ending()?.is_some() {
        return Ok(());
    }
    let Some(charge) = dir.take_charge()? else {
        return Ok(());
    };
    let closed = close(dir);
    drop::<File>(charge);
    closed
}

/// Needs charge of the run.
fn close(dir: &RunDir) -> Result<(), StateError> {
    // The supervisor may have written it before it let go.
    if dir.ending()?.is_some() {
        return Ok(());
    }
    let Some(status) = dir.status()? else {
        let age = now().duration_since(dir.request()?.created);
        return if age.unsigned_abs() < ABANDONED_AFTER {
            Ok(())
        } else {
            dir.set_ending(&EndingRecord {
                ended: now(),
                ending: Ending::FailedToStart {
                    reason: "the program that launched the run ended before a supervisor took over: nothing has run, launch it again".to_owned(),
                },
                timings: Timings::default(),
                notices: Vec::new(),
            })
        };
    };
    dir.set_ending(&EndingRecord {
        ended: now(),
        ending: Ending::HostLost {
            reason: "the run's supervisor ended without a word (it was killed, or this machine went down), and what held the run with it".to_owned(),
        },
        timings: Timings::default(),
        notices: clean_up(dir, &status),
    })
}

/// Leaves nothing of the run behind. Answers what could not be removed.
fn clean_up(dir: &RunDir, status: &StatusRecord) -> Vec<String> {
    if let Some(sandbox) = status.sandbox {
        end(sandbox);
    }
    let container = match dir.launch() {
        Ok(launch) if matches!(launch.room, RoomRecord::Container(_)) => ask_to_discard(&launch.supervisor, dir.path()),
        Ok(_) => Vec::new(),
        Err(error) => vec![format!("nobody can say what held this run: {error}")],
    };
    let cgroups =
        remove_cgroups(&status.cgroups).map_err(|error| format!("a control group of this run is left behind: {error}"));
    let scratch = dir
        .remove_scratch()
        .map_err(|error| format!("the work folder of this run is left behind: {error}"));
    status
        .notices
        .iter()
        .cloned()
        .chain(container)
        .chain(cgroups.err())
        .chain(scratch.err())
        .collect()
}

/// Ends process 1 of the run, and everything under it, if the kernel has not done so yet.
pub(crate) fn end(sandbox: Sandbox) {
    let Some(process) = Pid::from_raw(sandbox.pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
        return;
    };
    if start_ticks(sandbox.pid) != Some(sandbox.start_ticks) {
        return;
    }
    pidfd_send_signal(&process, Signal::KILL).ok();
    let until = Instant::now() + DEATH_TIMEOUT;
    let tick = Timespec::try_from(Duration::from_millis(100)).ok();
    while Instant::now() < until {
        match poll(
            &mut [PollFd::from_borrowed_fd(
                std::os::fd::AsFd::as_fd(&process),
                PollFlags::IN,
            )],
            tick.as_ref(),
        ) {
            Ok(0) => {}
            Ok(_) => return,
            Err(_interrupted) => thread::yield_now(),
        }
    }
}
