//! Which runs this machine remembers, and for how long. Never touches a live one.

use std::fs;
use std::time::Duration;

use jiff::Timestamp;
use protocol::{Ending, Phase, RunId};

use crate::observe::close_if_lost;
use crate::state::{RunDir, State, StateError, now};

/// How long ended runs are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Ended runs older than this are forgotten.
    pub max_age: Duration,
    /// No more ended runs than this are remembered; the oldest go first.
    pub max_count: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            max_age: Duration::from_hours(30 * 24),
            max_count: 200,
        }
    }
}

/// One run in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// Its id.
    pub run: RunId,
    /// The container's name.
    pub container: String,
    /// The script's name.
    pub script: String,
    /// What holds it: `sandbox`, `docker` or `podman`.
    pub engine: &'static str,
    /// Where it is.
    pub phase: Phase,
    /// When it was launched.
    pub started: Timestamp,
    /// How it ended, if it did.
    pub ending: Option<Ending>,
}

/// Why runs could not be listed or pruned.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct RunsError {
    /// Why, and what to do about it.
    pub reason: String,
}

impl From<StateError> for RunsError {
    fn from(error: StateError) -> Self {
        Self {
            reason: error.to_string(),
        }
    }
}

/// Every run, the latest first. A run whose files are damaged is left out.
pub(crate) fn runs(state: &State) -> Result<Vec<RunSummary>, RunsError> {
    let mut runs: Vec<RunSummary> = state
        .all()?
        .into_iter()
        .filter_map(|(run, dir)| summary(run, &dir).ok())
        .collect();
    runs.sort_by_key(|run| (std::cmp::Reverse(run.started), run.run));
    Ok(runs)
}

fn summary(run: RunId, dir: &RunDir) -> Result<RunSummary, StateError> {
    close_if_lost(dir)?;
    let request = dir.request()?;
    let ending = dir.ending()?.map(|ended| ended.ending);
    let phase = match &ending {
        Some(_) => Phase::Ended,
        None => dir.status()?.map_or(Phase::Queued, |status| status.phase),
    };
    Ok(RunSummary {
        run,
        container: request.container,
        script: request.script,
        engine: dir.launch()?.room.as_str(),
        phase,
        started: request.created,
        ending,
    })
}

/// Forgets ended runs beyond the limits.
pub(crate) fn prune(state: &State, retention: &Retention) -> Result<usize, RunsError> {
    state.prepare()?;
    let only_launch = state.lock_launches()?;
    let pruned = prune_locked(state, retention);
    drop(only_launch);
    pruned
}

/// As [`prune`], for whoever holds the launch lock.
pub(crate) fn prune_locked(state: &State, retention: &Retention) -> Result<usize, RunsError> {
    remove_unfinished(state)?;
    let mut ended: Vec<(Timestamp, RunDir)> = Vec::new();
    for (_, dir) in state.all()? {
        if let Some(when) = ended_at(&dir) {
            ended.push((when, dir));
        }
    }
    ended.sort_by_key(|(when, _)| std::cmp::Reverse(*when));
    let now = now();
    let mut pruned = 0;
    for (place, (when, dir)) in ended.iter().enumerate() {
        let too_old = now.duration_since(*when).unsigned_abs() > retention.max_age;
        if place >= retention.max_count || too_old {
            forget(state, dir)?;
            pruned += 1;
        }
    }
    Ok(pruned)
}

/// When the run ended; none for a live one, and for one that cannot be read.
fn ended_at(dir: &RunDir) -> Option<Timestamp> {
    close_if_lost(dir).ok()?;
    dir.ending().ok()?.map(|ended| ended.ended)
}

/// The key goes first: a key without its run is launched anew, a run without its key is only remembered longer.
fn forget(state: &State, dir: &RunDir) -> Result<(), StateError> {
    if let Ok(request) = dir.request() {
        state.free(&request.key)?;
    }
    dir.remove()
}

/// Folders that a launch was building when it was cut off. The launch lock says that nobody is building one now.
fn remove_unfinished(state: &State) -> Result<(), StateError> {
    let path = state.runs();
    let entries = fs::read_dir(&path).map_err(StateError::io("read", &path))?;
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(".new-"))
        .try_for_each(|entry| RunDir::new(entry.path()).remove())
}
