//! Asks ECS to stop a task: SIGTERM first, `stopTimeout` to clean up, then the end. Never touches a task that deploy-runner did not start.

use ::engine::StopError;
use aws_sdk_ecs::Client;
use protocol::{Phase, RunId, StopOutcome};

use crate::ending::STOPPED_BY_US;
use crate::plain;
use crate::tasks::{ReadError, Tasks};

/// Longest reason in characters (ECS API, `StopTask`).
const MAX_REASON_CHARS: usize = 255;

/// Asks the run to stop, unless it is stopping or over already.
pub(crate) async fn stop(client: &Client, tasks: &Tasks, run: RunId, reason: &str) -> Result<StopOutcome, StopError> {
    let known = tasks.look_for(&[run]).await.map_err(|error| not_stopped(run, &error))?;
    let Some(task) = known.first() else {
        return Ok(StopOutcome::NotFound);
    };
    if task.over.is_some() {
        return Ok(StopOutcome::AlreadyEnded);
    }
    if task.phase == Phase::Stopping {
        return Ok(StopOutcome::Stopping);
    }
    let sent = client
        .stop_task()
        .cluster(tasks.cluster())
        .task(run.to_string())
        .reason(written(reason))
        .send();
    match sent.await {
        Ok(_) => Ok(StopOutcome::Stopping),
        Err(error) => Err(not_stopped(
            run,
            &ReadError::of(&error, "ecs:StopTask", &format!("cluster `{}`", tasks.cluster())),
        )),
    }
}

/// Says who stopped the task to everyone who looks at it, and to the judge of its ending.
fn written(reason: &str) -> String {
    let reason = plain::line(reason);
    let reason = if reason.is_empty() {
        "a caller asked for it"
    } else {
        &reason
    };
    plain::shorten(&format!("{STOPPED_BY_US}{reason}"), MAX_REASON_CHARS)
}

fn not_stopped(run: RunId, error: &ReadError) -> StopError {
    StopError {
        reason: format!("run `{run}` may still be running: {error}: ask again, which is harmless"),
    }
}

#[cfg(test)]
mod tests;
