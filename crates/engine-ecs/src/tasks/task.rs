//! One task as ECS describes it, read into a run. Never judges how it ended: [`Over`] does.

use aws_sdk_ecs::primitives::DateTime;
use aws_sdk_ecs::types;
use jiff::Timestamp;
use protocol::{OutputForm, Phase, RunId, Timings};

use crate::ending::Over;
use crate::marks::{STARTED_BY_PREFIX, TAG_OUTPUT, TAG_REQUEST_DIGEST};

/// What ECS knows of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The run; its id is the task's.
    pub run: RunId,
    /// Where it is. A task that is over is [`Phase::Stopping`] here: whether the run has ended depends on its log too.
    pub phase: Phase,
    /// What its log holds.
    pub output: OutputForm,
    /// ECS took it.
    pub created: Option<Timestamp>,
    /// It had a place, and its image began to arrive.
    pub pull_started: Option<Timestamp>,
    /// Its image was there.
    pub pull_stopped: Option<Timestamp>,
    /// Its containers ran.
    pub started: Option<Timestamp>,
    /// It was asked to stop, or began to by itself.
    pub stopping: Option<Timestamp>,
    /// Its containers had ended.
    pub execution_stopped: Option<Timestamp>,
    /// It was over.
    pub stopped: Option<Timestamp>,
    /// All facts about its end, once it is over.
    pub over: Option<Over>,
    /// Digest of the request that it was started for.
    pub(crate) request_digest: Option<String>,
}

impl Task {
    /// `None` for a task that deploy-runner did not start.
    pub(crate) fn read(task: &types::Task) -> Option<Self> {
        if !task.started_by().is_some_and(|by| by.starts_with(STARTED_BY_PREFIX)) {
            return None;
        }
        let run = run_of_arn(task.task_arn()?)?;
        let tag = |name: &str| {
            let tag = task.tags().iter().find(|tag| tag.key() == Some(name))?;
            tag.value()
        };
        let output = match tag(TAG_OUTPUT) {
            Some("raw") => OutputForm::Raw,
            Some(_) | None => OutputForm::Framed,
        };
        let mut read = Self {
            run,
            phase: phase(
                task.last_status().unwrap_or_default(),
                task.desired_status().unwrap_or_default(),
            ),
            output,
            created: task.created_at().and_then(timestamp),
            pull_started: task.pull_started_at().and_then(timestamp),
            pull_stopped: task.pull_stopped_at().and_then(timestamp),
            started: task.started_at().and_then(timestamp),
            stopping: task.stopping_at().and_then(timestamp),
            execution_stopped: task.execution_stopped_at().and_then(timestamp),
            stopped: task.stopped_at().and_then(timestamp),
            over: None,
            request_digest: tag(TAG_REQUEST_DIGEST).map(str::to_owned),
        };
        if matches!(task.last_status(), Some("STOPPED" | "DELETED")) {
            read.over = Some(Over::read(task, output, read.timings().run_ms));
        }
        Some(read)
    }

    /// How long each part took, as far as ECS measured it:
    ///
    /// * queued: from `createdAt` to `pullStartedAt`, when the task has its machine and network;
    /// * pull: from `pullStartedAt` to `pullStoppedAt`;
    /// * start: from `pullStartedAt` to `startedAt`, pulling included;
    /// * run: from `startedAt` to `executionStoppedAt`, when the containers had ended, or else to `stoppedAt`.
    ///
    /// Draining the log is not ECS's to measure.
    pub fn timings(&self) -> Timings {
        Timings {
            queued_ms: between(self.created, self.pull_started),
            pull_ms: between(self.pull_started, self.pull_stopped),
            start_ms: between(self.pull_started, self.started),
            run_ms: between(self.started, self.execution_stopped.or(self.stopped)),
            drain_ms: None,
        }
    }
}

/// The statuses of a task (ECS developer guide, task lifecycle). One that is asked to stop is stopping wherever it is.
fn phase(last_status: &str, desired_status: &str) -> Phase {
    match last_status {
        "DEACTIVATING" | "STOPPING" | "DEPROVISIONING" | "STOPPED" | "DELETED" => Phase::Stopping,
        _ if desired_status == "STOPPED" => Phase::Stopping,
        "RUNNING" => Phase::Running,
        "PENDING" | "ACTIVATING" => Phase::Starting,
        // PROVISIONING, and whatever ECS invents before it.
        _ => Phase::Queued,
    }
}

/// The last part of a task's ARN is its id.
pub(crate) fn run_of_arn(arn: &str) -> Option<RunId> {
    arn.rsplit('/').next()?.parse().ok()
}

fn timestamp(at: &DateTime) -> Option<Timestamp> {
    Timestamp::from_nanosecond(at.as_nanos()).ok()
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<u64> {
    // Two clocks of AWS may disagree by a little.
    u64::try_from(to?.as_millisecond().saturating_sub(from?.as_millisecond()).max(0)).ok()
}
