//! From a permit to a supervised run: checks, the key, the run's folder, its supervisor.
//!
//! Never runs anything itself, and never without a sandbox.

mod preflight;
mod spawn;

use std::fs::File;

use engine::{Call, LaunchError, Launched, Permit};
use protocol::RunId;

use crate::config::LocalConfig;
use crate::retention::{self, Retention};
use crate::state::{Claim, KeyDigest, LaunchRecord, RequestRecord, RunDir, State, StateError, now};

pub(crate) use spawn::{Ack, Payload};

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
    let only_launch = state.lock_launches().map_err(not_started)?;
    // A folder that cannot be pruned must not keep anybody from running.
    drop(retention::prune_locked(state, &Retention::default()));

    let key = KeyDigest::of(&call.key);
    let known = state.claim(&key).map_err(not_started)?;
    let run = match &known {
        Some(claim) if claim.request_digest != permit.request_digest() => {
            return Err(LaunchError::KeyConflict { run: claim.run });
        }
        Some(claim) => claim.run,
        None => give_key(state, &key, permit)?,
    };
    let request = || request_record(run, permit, call, &key);
    let launched = match state.find(run).map_err(unavailable)? {
        Some(dir) => resume(run, &dir, &launch, &payload),
        None => create(state, run, &request(), permit, &launch)
            .and_then(|dir| spawn::supervisor(&dir, &launch.supervisor, take_charge(&dir)?, &payload))
            .map(|notices| Launched {
                run,
                repeated: false,
                notices,
            })
            .inspect_err(|error| forget_unless_unknown(state, run, &key, error)),
    };
    drop(only_launch);
    launched
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

/// The run has its folder. If nothing ever ran in it, a launch was cut off before its supervisor took over: it goes on from there.
fn resume(run: RunId, dir: &RunDir, launch: &LaunchRecord, payload: &Payload) -> Result<Launched, LaunchError> {
    let status = dir.status().map_err(unavailable)?;
    let ended = dir.ending().map_err(unavailable)?.is_some();
    let notices = match status {
        Some(status) => status.notices,
        None if ended => Vec::new(),
        None => match dir.take_charge().map_err(unavailable)? {
            Some(charge) => spawn::supervisor(dir, &launch.supervisor, charge, payload)?,
            None => Vec::new(),
        },
    };
    Ok(Launched {
        run,
        repeated: true,
        notices,
    })
}

fn create(
    state: &State,
    run: RunId,
    request: &RequestRecord,
    permit: &Permit,
    launch: &LaunchRecord,
) -> Result<RunDir, LaunchError> {
    let path = state.runs().join(run.to_string());
    RunDir::create(path, request, &preflight::decision(permit), launch).map_err(not_started)
}

fn take_charge(dir: &RunDir) -> Result<File, LaunchError> {
    dir.take_charge()
        .map_err(not_started)?
        .ok_or_else(|| LaunchError::Unavailable {
            reason: format!(
                "somebody else is in charge of `{}`, which was just created",
                dir.path().display()
            ),
        })
}

/// Where surely nothing has run, the key must stay usable. What cannot be removed here is pruned later.
fn forget_unless_unknown(state: &State, run: RunId, key: &KeyDigest, error: &LaunchError) {
    if !matches!(error, LaunchError::FailedToStart { .. }) {
        return;
    }
    if let Ok(Some(dir)) = state.find(run) {
        drop(dir.remove());
    }
    drop(state.free(key));
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
