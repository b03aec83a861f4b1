//! Reads tasks from ECS: what is known of a run, and how many live. Never changes anything, and never tells of a task that deploy-runner
//! did not start.

mod task;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::config::http::HttpResponse;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecs::types::{DesiredStatus, TaskField};
use protocol::RunId;

use crate::denied::Denied;
use crate::trouble::Trouble;

pub use task::Task;
pub(crate) use task::run_of_arn;

/// Most tasks in one `DescribeTasks` (ECS API).
const DESCRIBE_BATCH: usize = 100;
/// Most pages of `ListTasks`, 100 tasks each: more live tasks than this change nothing any more for those who pace by their number.
const MAX_LIST_PAGES: usize = 50;
/// How often a task is looked for before it counts as unknown: ECS is eventually consistent.
const MAX_LOOKS: u32 = 4;
/// Two seconds in all.
const BETWEEN_LOOKS: Duration = Duration::from_millis(600);
/// What ECS answers for a task that it does not know, or not any more.
const MISSING: &str = "MISSING";

/// Reads the tasks of one cluster.
#[derive(Debug, Clone)]
pub struct Tasks {
    client: Client,
    cluster: String,
}

/// Why something could not be read. Nothing is changed by a read, so it may always be tried again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Too many requests in this account and Region.
    #[error("AWS is asked too often in this account and Region: ask again later")]
    Throttled,
    /// A permission is missing.
    #[error("the gate's role lacks the permission `{action}` on `{resource}`: add it to the role of the function")]
    Denied {
        /// Such as `ecs:DescribeTasks`.
        action: String,
        /// What it was asked for.
        resource: String,
    },
    /// The service failed, or its answer was lost.
    #[error("{reason}")]
    Failed {
        /// Why, and what to do about it.
        reason: String,
    },
}

impl ReadError {
    /// Sorts the error of a reading call: `action` as IAM names it, `resource` as a person knows it.
    pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>, action: &str, resource: &str) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match Trouble::of(error) {
            Trouble::Throttled => Self::Throttled,
            Trouble::Refused { code, message } if code == "AccessDeniedException" => {
                let Denied { action, resource } = Denied::read(&message, action, resource);
                Self::Denied { action, resource }
            }
            Trouble::Refused { code, message } => Self::Failed {
                reason: format!("`{action}` on {resource} was refused: {code}: {message}"),
            },
            Trouble::Lost { reason } | Trouble::NotSent { reason } => Self::Failed {
                reason: format!("`{action}` on {resource} got no answer: {reason}"),
            },
        }
    }
}

impl Tasks {
    /// Reads with the client's own retry policy.
    pub fn new(client: Client, cluster: String) -> Self {
        Self { client, cluster }
    }

    /// Name or ARN of the cluster.
    pub(crate) fn cluster(&self) -> &str {
        &self.cluster
    }

    /// What ECS knows of each run, in the order of the question. `None`: ECS does not know the task, not yet or not any more, or it is none of
    /// deploy-runner's.
    pub async fn describe(&self, runs: &[RunId]) -> Result<Vec<Option<Task>>, ReadError> {
        let mut distinct: Vec<RunId> = runs.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let mut known = BTreeMap::new();
        for batch in distinct.chunks(DESCRIBE_BATCH) {
            known.extend(
                self.describe_batch(batch)
                    .await?
                    .into_iter()
                    .map(|task| (task.run, task)),
            );
        }
        Ok(runs.iter().map(|run| known.get(run).cloned()).collect())
    }

    /// How many tasks of the cluster should be running: those that share the account's quotas.
    pub async fn live(&self) -> Result<u32, ReadError> {
        let mut live: u32 = 0;
        let mut next = None;
        for _ in 0..MAX_LIST_PAGES {
            let page = self
                .client
                .list_tasks()
                .cluster(&self.cluster)
                .desired_status(DesiredStatus::Running)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| ReadError::of(&error, "ecs:ListTasks", &self.place()))?;
            live = live.saturating_add(u32::try_from(page.task_arns().len()).unwrap_or(u32::MAX));
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(live)
    }

    /// The live runs that were started under a `startedBy`. ECS takes no other filter beside it, and lists live tasks then.
    pub(crate) async fn started_by(&self, started_by: &str) -> Result<Vec<RunId>, ReadError> {
        let page = self
            .client
            .list_tasks()
            .cluster(&self.cluster)
            .started_by(started_by)
            .send()
            .await
            .map_err(|error| ReadError::of(&error, "ecs:ListTasks", &self.place()))?;
        Ok(page.task_arns().iter().filter_map(|arn| run_of_arn(arn)).collect())
    }

    /// Those of the runs that ECS knows. Right after a launch it may not know a task yet, so nothing known is asked for again.
    pub(crate) async fn look_for(&self, runs: &[RunId]) -> Result<Vec<Task>, ReadError> {
        let mut looks = 1;
        loop {
            let known: Vec<Task> = self.describe(runs).await?.into_iter().flatten().collect();
            if !known.is_empty() || looks == MAX_LOOKS || runs.is_empty() {
                return Ok(known);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
            looks += 1;
        }
    }

    async fn describe_batch(&self, runs: &[RunId]) -> Result<Vec<Task>, ReadError> {
        let answer = self
            .client
            .describe_tasks()
            .cluster(&self.cluster)
            .set_tasks(Some(runs.iter().map(ToString::to_string).collect()))
            .include(TaskField::Tags)
            .send()
            .await
            .map_err(|error| ReadError::of(&error, "ecs:DescribeTasks", &self.place()))?;
        let failure = answer
            .failures()
            .iter()
            .find(|failure| failure.reason() != Some(MISSING));
        if let Some(failure) = failure {
            return Err(ReadError::Failed {
                reason: format!(
                    "`ecs:DescribeTasks` on {} failed for `{}`: {} {}",
                    self.place(),
                    failure.arn().unwrap_or("a task"),
                    failure.reason().unwrap_or("no reason given"),
                    failure.detail().unwrap_or_default()
                ),
            });
        }
        Ok(answer.tasks().iter().filter_map(Task::read).collect())
    }

    fn place(&self) -> String {
        format!("cluster `{}`", self.cluster)
    }
}

#[cfg(test)]
mod tests;
