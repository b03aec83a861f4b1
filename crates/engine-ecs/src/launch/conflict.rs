//! A key that ECS has seen before with other parameters: the run it belongs to is the same request's, or another's.
//!
//! ECS compares every parameter, also tags and the task definition's revision. Whether it is the same *request* is told by the digest that the
//! gate made, so a retry from another pipeline step finds its run. Never starts anything.

use ::engine::{Call, LaunchError, Launched, Permit};
use protocol::RunId;

use super::{repeated, request};
use crate::tasks::{Tasks, run_of_arn};

/// What is known of the key.
pub(super) struct Taken<'a> {
    /// The runs that ECS names; none if it names none.
    runs: Vec<RunId>,
    request_digest: &'a str,
    started_by: String,
}

impl<'a> Taken<'a> {
    /// From the ARNs of a `ConflictException`.
    pub(super) fn by(arns: &[String], permit: &'a Permit, call: &Call) -> Self {
        Self {
            runs: arns.iter().filter_map(|arn| run_of_arn(arn)).collect(),
            request_digest: permit.request_digest(),
            started_by: request::started_by(&call.key),
        }
    }
}

/// The run that has the key, if it was started for the same request.
pub(super) async fn resolve(tasks: &Tasks, taken: Taken<'_>) -> Result<Launched, LaunchError> {
    let unknown = |why: &str| LaunchError::Unavailable {
        reason: format!(
            "the idempotency key is taken, and ECS does not say for which request ({why}): launch it again, or use a new key"
        ),
    };
    let runs = if taken.runs.is_empty() {
        let found = tasks.started_by(&taken.started_by).await;
        found.map_err(|error| unknown(&error.to_string()))?
    } else {
        taken.runs
    };
    let described = tasks
        .look_for(&runs)
        .await
        .map_err(|error| unknown(&error.to_string()))?;
    let same = described
        .iter()
        .find(|task| task.request_digest.as_deref() == Some(taken.request_digest));
    match (same, described.first()) {
        (Some(task), _) => Ok(repeated(task.run)),
        (None, Some(other)) => Err(LaunchError::KeyConflict { run: other.run }),
        (None, None) => Err(unknown("the task that has it is gone")),
    }
}
