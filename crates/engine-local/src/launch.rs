//! From a permit to a supervised run: checks, the key, the run's folder, its supervisor.
//!
//! Never runs anything itself, and never without something that holds the run.

mod choice;
mod preflight;
mod sandbox;
mod spawn;

use std::thread;
use std::time::{Duration, Instant};

use engine::{Call, LaunchError, Launched, Permit};
use protocol::RunId;

use crate::config::LocalConfig;
use crate::handover::Payload;
use crate::retention::{self, Retention};
use crate::state::{Claim, KeyDigest, LaunchRecord, RequestRecord, RunDir, State, StateError, now};

/// Whoever is in charge of a run that has no status is about to write one, or to let go.
const TAKE_OVER_TIMEOUT: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(5);

/// Starts the permit, or finds the run that the key belongs to.
pub(crate) fn launch(
    config: &LocalConfig,
    state: &State,
    permit: &Permit,
    call: &Call,
) -> Result<Launched, LaunchError> {
    let payload = preflight::secrets(config, permit)?;
    let launch = preflight::check(config, state, permit)?;
    state.prepare().map_err(not_started)?;
    let key = KeyDigest::of(&call.key);
    let (run, dir) = find_or_create(state, &key, permit, call, &launch)?;
    take_over(run, &dir, &launch, &payload).inspect_err(|error| forget_unless_unknown(state, &dir.dir, &key, error))
}

/// A run that has its folder.
struct Found {
    dir: RunDir,
    /// It was there before this call.
    repeated: bool,
}

/// Under the launch lock, so that one key makes one run.
fn find_or_create(
    state: &State,
    key: &KeyDigest,
    permit: &Permit,
    call: &Call,
    launch: &LaunchRecord,
) -> Result<(RunId, Found), LaunchError> {
    let only_launch = state.lock_launches().map_err(not_started)?;
    // A folder that cannot be pruned must not keep anybody from running.
    drop(retention::prune_locked(state, &Retention::default()));
    let run = match state.claim(key).map_err(not_started)? {
        Some(claim) if claim.request_digest != permit.request_digest() => {
            return Err(LaunchError::KeyConflict { run: claim.run });
        }
        Some(claim) => claim.run,
        None => give_key(state, key, permit)?,
    };
    let found = if let Some(dir) = state.find(run).map_err(unavailable)? {
        Found { dir, repeated: true }
    } else {
        let request = request_record(run, permit, call, key);
        let path = state.runs().join(run.to_string());
        let dir = RunDir::create(path, &request, &preflight::decision(permit), launch)
            .map_err(not_started)
            // Without its folder the key is free again; if even that fails, the next launch goes on from the key.
            .inspect_err(|_| drop(state.free(key)))?;
        Found { dir, repeated: false }
    };
    drop(only_launch);
    Ok((run, found))
}

fn give_key(state: &State, key: &KeyDigest, permit: &Permit) -> Result<RunId, LaunchError> {
    let run = random_run()?;
    let claim = Claim {
        run,
        request_digest: permit.request_digest().to_owned(),
    };
    state.give(key, &claim).map_err(not_started)?;
    Ok(run)
}

/// Gives the run a supervisor, unless it has or had one. If a launch was cut off before its supervisor took over, it goes on from there.
fn take_over(run: RunId, found: &Found, launch: &LaunchRecord, payload: &Payload) -> Result<Launched, LaunchError> {
    let launched = |notices| Launched {
        run,
        repeated: found.repeated,
        notices,
    };
    let until = Instant::now() + TAKE_OVER_TIMEOUT;
    loop {
        // Charge first: once it is ours, nobody writes a status any more.
        let charge = found.dir.take_charge().map_err(unavailable)?;
        if let Some(status) = found.dir.status().map_err(unavailable)? {
            return Ok(launched(status.notices));
        }
        if found.dir.ending().map_err(unavailable)?.is_some() {
            return Ok(launched(Vec::new()));
        }
        if let Some(charge) = charge {
            return spawn::supervisor(&found.dir, &launch.supervisor, charge, payload).map(launched);
        }
        if Instant::now() >= until {
            return Err(LaunchError::Unavailable {
                reason: format!("somebody is in charge of run `{run}` and does not start it: launch it again"),
            });
        }
        thread::sleep(LOOK);
    }
}

/// Where surely nothing has run, the key must stay usable. What cannot be removed here is pruned later.
fn forget_unless_unknown(state: &State, dir: &RunDir, key: &KeyDigest, error: &LaunchError) {
    if !matches!(error, LaunchError::FailedToStart { .. }) {
        return;
    }
    let Ok(only_launch) = state.lock_launches() else {
        return;
    };
    // Somebody else may have taken it over meanwhile.
    if let Ok(Some(charge)) = dir.take_charge()
        && matches!(dir.status(), Ok(None))
    {
        drop(state.free(key));
        drop(dir.remove());
        drop(charge);
    }
    drop(only_launch);
}

fn request_record(run: RunId, permit: &Permit, call: &Call, key: &KeyDigest) -> RequestRecord {
    RequestRecord {
        run,
        created: now(),
        container: permit.container().to_owned(),
        script: permit.script().to_owned(),
        args: permit.args().to_vec(),
        size: permit.size(),
        launch_type: permit.launch_type(),
        request_digest: permit.request_digest().to_owned(),
        key: key.clone(),
        origin: call.origin.clone(),
    }
}

fn random_run() -> Result<RunId, LaunchError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| LaunchError::FailedToStart {
        reason: format!("the system gives no random numbers for a run id: {error}"),
    })?;
    Ok(RunId::from_random(bits))
}

#[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
fn not_started(error: StateError) -> LaunchError {
    LaunchError::FailedToStart {
        reason: error.to_string(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
fn unavailable(error: StateError) -> LaunchError {
    LaunchError::Unavailable {
        reason: error.to_string(),
    }
}
