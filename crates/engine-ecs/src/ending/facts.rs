//! The facts of a stopped task, read from what ECS answers. Never judges.

use aws_sdk_ecs::types;
use aws_sdk_ecs::types::TaskStopCode;
use protocol::OutputForm;

use super::Over;
use super::causes;
use crate::settings::JOB_CONTAINER;

/// Who ended a task, as ECS names it (ECS API, `Task.stopCode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopCode {
    EssentialContainerExited,
    TaskFailedToStart,
    UserInitiated,
    ServiceScheduler,
    Spot,
    Termination,
    InfrastructureHealth,
    /// None, or one that is not known here.
    Unnamed,
}

/// One container of a stopped task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) exit_code: Option<i32>,
    /// Empty if ECS gives none.
    pub(super) reason: String,
}

impl Container {
    /// The exit code, if it can be one of a process.
    pub(super) fn code(&self) -> Option<u8> {
        self.exit_code.and_then(|code| u8::try_from(code).ok())
    }

    /// Docker gives 126, 127 or 128 to a container whose program could not be started at all.
    pub(super) fn says_start_failed(&self) -> bool {
        matches!(self.exit_code, None | Some(126..=128))
            && causes::find(&self.reason).is_some_and(|cause| cause.because.is_failure_to_start())
    }
}

impl Over {
    /// Reads a task whose status is STOPPED.
    pub(crate) fn read(task: &types::Task, output: OutputForm, ran_ms: Option<u64>) -> Self {
        let (job, others): (Vec<Container>, Vec<Container>) = task
            .containers()
            .iter()
            .map(container)
            .partition(|container| container.name == JOB_CONTAINER);
        Self {
            output,
            stop_code: stop_code(task.stop_code()),
            stopped_reason: task.stopped_reason().unwrap_or_default().to_owned(),
            started: task.started_at().is_some(),
            job: job.into_iter().next().unwrap_or_default(),
            others,
            limit_mib: task.memory().and_then(|memory| memory.parse().ok()),
            timeout_seconds: timeout(task),
            ran_ms,
            task_definition: definition(task),
            missing_group: None,
        }
    }
}

fn container(container: &types::Container) -> Container {
    Container {
        name: container.name().unwrap_or_default().to_owned(),
        exit_code: container.exit_code(),
        reason: container.reason().unwrap_or_default().to_owned(),
    }
}

fn stop_code(code: Option<&TaskStopCode>) -> StopCode {
    match code {
        Some(TaskStopCode::EssentialContainerExited) => StopCode::EssentialContainerExited,
        Some(TaskStopCode::TaskFailedToStart) => StopCode::TaskFailedToStart,
        Some(TaskStopCode::UserInitiated) => StopCode::UserInitiated,
        Some(TaskStopCode::ServiceSchedulerInitiated) => StopCode::ServiceScheduler,
        Some(TaskStopCode::SpotInterruption) => StopCode::Spot,
        Some(TaskStopCode::TerminationNotice) => StopCode::Termination,
        Some(TaskStopCode::InfrastructureHealth) => StopCode::InfrastructureHealth,
        _ => StopCode::Unnamed,
    }
}

/// `family:revision`.
fn definition(task: &types::Task) -> String {
    let arn = task.task_definition_arn().unwrap_or_default();
    arn.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The runner was told its deadline in its command, which ECS repeats.
fn timeout(task: &types::Task) -> Option<u32> {
    let job = task
        .overrides()?
        .container_overrides()
        .iter()
        .find(|container| container.name() == Some(JOB_CONTAINER))?;
    let mut words = job.command().iter().take_while(|word| *word != "--");
    words.find(|word| *word == "--timeout")?;
    words.next()?.parse().ok()
}
