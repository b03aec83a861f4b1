//! Leaves nothing of a run with an engine: its container, and the volumes that its image made the engine give it.

use std::time::{Duration, Instant};

use protocol::RunId;

use super::client::Client;
use super::engine_error::EngineError;
use super::specification::{RUN_LABEL, STATE_LABEL, container_name};
use crate::config::EngineName;
use crate::state::{RoomRecord, RunDir, State};

/// Somebody else who removes the same container is done within this time.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(10);
const LEAVE_LOOK: Duration = Duration::from_millis(100);

/// Removes what a run has with the engine. The error tells a person what is left, and how to remove it.
pub(crate) async fn leave(client: &Client, run: RunId, volumes: &[String]) -> Result<(), String> {
    let name = container_name(run);
    let until = Instant::now() + LEAVE_TIMEOUT;
    loop {
        match remove(client, &name, volumes).await {
            Ok(()) => return Ok(()),
            Err(EngineError::Refused(_)) if Instant::now() < until => tokio::time::sleep(LEAVE_LOOK).await,
            Err(error) => return Err(left_behind(client.engine, &name, &error)),
        }
    }
}

async fn remove(client: &Client, name: &str, volumes: &[String]) -> Result<(), EngineError> {
    client.remove(name).await?;
    for volume in volumes {
        client.remove_volume(volume).await?;
    }
    Ok(())
}

fn left_behind(engine: EngineName, name: &str, error: &EngineError) -> String {
    format!(
        "the container `{name}` of this run may be left behind ({error}): the next run with this engine removes it, or `{} rm --force --volumes {name}`",
        engine.as_str()
    )
}

/// Removes the container of a run whose supervisor is gone. Answers what is left of it.
pub(crate) async fn discard(dir: &RunDir) -> Vec<String> {
    let (Ok(request), Ok(launch)) = (dir.request(), dir.launch()) else {
        return vec!["this run's folder cannot be read, so its container may be left behind".to_owned()];
    };
    let RoomRecord::Container(record) = launch.room else {
        return Vec::new();
    };
    let volumes = volumes_of(dir);
    let left = match Client::connect(&record.socket).await {
        Ok(client) => leave(&client, request.run, &volumes).await,
        Err(error) => Err(left_behind(record.engine, &container_name(request.run), &error)),
    };
    left.err().into_iter().collect()
}

fn volumes_of(dir: &RunDir) -> Vec<String> {
    dir.status()
        .ok()
        .flatten()
        .map(|status| status.volumes)
        .unwrap_or_default()
}

/// Removes the containers of runs of this state folder that have ended or are forgotten. What fails is tried again by the next.
pub(super) async fn sweep(client: &Client, state: &State) {
    let label = format!("{STATE_LABEL}={}", state.root().display());
    for labels in client.labels_of(&label).await.unwrap_or_default() {
        let Some(run) = labels.get(RUN_LABEL).and_then(|run| run.parse().ok()) else {
            continue;
        };
        let volumes = match state.find(run) {
            Ok(Some(dir)) if matches!(dir.ending(), Ok(Some(_))) => volumes_of(&dir),
            Ok(None) => Vec::new(),
            // It lives, or nobody can tell.
            Ok(Some(_)) | Err(_) => continue,
        };
        drop(leave(client, run, &volumes).await);
    }
}
