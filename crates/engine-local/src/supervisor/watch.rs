//! Watches a run until it is over: passes a stop on once, gives the time that the permit gives, and then kills.

use std::time::Duration;

use protocol::Phase;
use rustix::process::Signal;

use super::ending::Facts;
use super::room::Inside;
use super::stop::Stop;
use super::{Job, set_phase};
use crate::state::StatusRecord;

/// How soon a request to stop is noticed.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// Watches until the run is over and no process of it is left.
pub(super) fn watch(job: &Job, inside: &mut impl Inside, status: &mut StatusRecord, stop: &mut Stop) -> Facts {
    let exit = loop {
        inside.wait(stop.signals(), TICK);
        if let Some(exit) = inside.over() {
            break exit;
        }
        if stop.begins(job) {
            set_phase(job, status, Phase::Stopping);
        }
        if stop.is_unsent() && inside.listens() {
            stop.sends();
            inside.signal(Signal::TERM);
        }
        if stop.is_out_of_patience() {
            stop.kills();
            inside.signal(Signal::KILL);
        }
    };
    match inside.clear() {
        Some(reason) => Facts::failed_to_start(reason),
        None => Facts::Over {
            exit,
            asked: stop.asked(),
            killed: stop.killed(),
        },
    }
}

/// Process 1 of this machine's number catches SIGTERM. One that cannot be looked at is taken to.
pub(super) fn catches_term(pid: i32) -> bool {
    let process = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    process
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_none_or(|caught| caught & (1 << (Signal::TERM.as_raw() - 1)) != 0)
}
