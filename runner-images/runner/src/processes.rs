//! Reaps every child and, at the end, kills whatever is left. Never signals a process that does not descend from the runner.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid};

/// How long killed processes may take to disappear.
const KILL_PATIENCE: Duration = Duration::from_secs(5);
const KILL_ROUND: Duration = Duration::from_millis(5);

/// How the script ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Exited(u8),
    Signalled(u8),
}

/// What a round of reaping found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reaped {
    /// How the script ended, if it was among the reaped.
    pub(crate) script: Option<Ended>,
    /// Some child is still there.
    pub(crate) some_left: bool,
}

/// Reaps all children that have ended, the job's orphans included.
pub(crate) fn reap(script: Pid) -> Reaped {
    let mut ended = None;
    let some_left = loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => break true,
            Ok(status) if status.pid() == Some(script) => ended = how(status).or(ended),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_no_children) => break false,
        }
    };
    Reaped {
        script: ended,
        some_left,
    }
}

fn how(status: WaitStatus) -> Option<Ended> {
    match status {
        // Exit statuses and signal numbers have eight bits.
        WaitStatus::Exited(_, code) => Some(Ended::Exited(u8::try_from(code).unwrap_or(u8::MAX))),
        WaitStatus::Signaled(_, signal, _) => Some(Ended::Signalled(u8::try_from(signal as i32).unwrap_or(u8::MAX))),
        WaitStatus::Stopped(..)
        | WaitStatus::PtraceEvent(..)
        | WaitStatus::PtraceSyscall(_)
        | WaitStatus::Continued(_)
        | WaitStatus::StillAlive => None,
    }
}

/// Kills everything that the job left, and reaps it; answers how the script ended if it was among them.
pub(crate) fn kill_all(script: Pid) -> Option<Ended> {
    let give_up = Instant::now() + KILL_PATIENCE;
    let mut ended = None;
    loop {
        signal_the_rest();
        let reaped = reap(script);
        ended = reaped.script.or(ended);
        if !reaped.some_left || Instant::now() >= give_up {
            return ended;
        }
        sleep(KILL_ROUND);
    }
}

/// Whoever cannot be signalled is gone already, or not ours to end.
fn signal_the_rest() {
    if getpid() == Pid::from_raw(1) {
        // Everything in our namespace but ourselves.
        kill(Pid::from_raw(-1), Signal::SIGKILL).ok();
    } else {
        for child in children() {
            kill(child, Signal::SIGKILL).ok();
        }
    }
}

/// Our children. Only they are signalled, because only we reap them: their numbers cannot have passed to somebody else. Their own
/// children become ours when they die, because we are their reaper.
fn children() -> impl Iterator<Item = Pid> {
    let own = getpid();
    // Otherwise it is the `/proc` of another process namespace, and its numbers mean other processes.
    let ours = fs::read_link("/proc/self").is_ok_and(|link| link == Path::new(&own.to_string()));
    let entries = ours.then(|| fs::read_dir("/proc").ok()).flatten();
    let numbers = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers
        .filter(move |pid| parent_of(*pid) == Some(own))
        .map(Pid::from_raw)
}

fn parent_of(pid: i32) -> Option<Pid> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The name before the last parenthesis is the process's own choice and may hold anything.
    let after_name = stat.rsplit(|byte| *byte == b')').next()?;
    let parent = std::str::from_utf8(after_name).ok()?.split_whitespace().nth(1)?;
    parent.parse().ok().map(Pid::from_raw)
}
