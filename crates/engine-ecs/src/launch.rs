//! From a permit to an ECS task, exactly once: one `RunTask` under the call's key, and a word for everything that can come of it.
//!
//! Never says that nothing runs unless ECS said so, and never starts more than one task for a key.

mod conflict;
mod refused;
mod request;
mod tags;

use ::engine::{Call, LaunchError, Launched, Permit};
use aws_sdk_ecs::Client;
use aws_sdk_ecs::operation::run_task::{RunTaskError, RunTaskOutput};
use aws_sdk_ecs::types::Task;
use jiff::Timestamp;
use protocol::RunId;

use crate::clock::Clock;
use crate::policy;
use crate::settings::Settings;
use crate::tasks::{Tasks, run_of_arn};
use crate::trouble::Trouble;

use conflict::Taken;

/// Starts tasks.
pub(crate) struct Launcher<'a> {
    pub(crate) client: &'a Client,
    pub(crate) tasks: &'a Tasks,
    pub(crate) settings: &'a Settings,
    pub(crate) clock: &'a Clock,
}

impl Launcher<'_> {
    /// Starts the permit, or finds the run that its key belongs to.
    pub(crate) async fn launch(&self, permit: &Permit, call: &Call) -> Result<Launched, LaunchError> {
        let began = (self.clock)();
        let request = request::of(permit, call, self.settings).map_err(|error| LaunchError::FailedToStart {
            reason: error.to_string(),
        })?;
        let sent = request
            .send_with(self.client)
            .customize()
            .config_override(policy::for_launches())
            .send();
        match sent.await {
            Ok(answer) => only_task(&answer, began),
            Err(error) => {
                if let Some(RunTaskError::ConflictException(conflict)) = error.as_service_error() {
                    let taken = Taken::by(conflict.resource_ids(), permit, call);
                    return conflict::resolve(self.tasks, taken).await;
                }
                Err(self.refused(permit, Trouble::of(&error)))
            }
        }
    }

    fn refused(&self, permit: &Permit, trouble: Trouble) -> LaunchError {
        match trouble {
            Trouble::Refused { code, message } => refused::by_exception(&code, &message, permit, self.settings),
            Trouble::Throttled => LaunchError::Unavailable {
                reason: "ECS is asked too often in this account and Region, and did not take the launch: launch it again with the same key"
                    .to_owned(),
            },
            Trouble::Lost { reason } => LaunchError::Unavailable {
                reason: format!(
                    "ECS gave no answer that says whether the task was started ({reason}): launch it again with the same key, which cannot start a second one"
                ),
            },
            Trouble::NotSent { reason } => LaunchError::Unavailable {
                reason: format!("the launch could not be sent to ECS ({reason}): check the function's role, Region and network"),
            },
        }
    }
}

/// We asked for one task. Anything else is not understood, and what is not understood is not called a start.
fn only_task(answer: &RunTaskOutput, began: Timestamp) -> Result<Launched, LaunchError> {
    match (answer.tasks(), answer.failures()) {
        ([task], []) => launched(task, began),
        ([], [failure, ..]) => Err(refused::by_failure(failure)),
        (tasks, failures) => Err(LaunchError::Unavailable {
            reason: format!(
                "ECS was asked for one task, and answered with {} tasks and {} failures: look at the cluster before launching again",
                tasks.len(),
                failures.len()
            ),
        }),
    }
}

fn launched(task: &Task, began: Timestamp) -> Result<Launched, LaunchError> {
    let arn = task.task_arn().unwrap_or_default();
    let Some(run) = run_of_arn(arn) else {
        return Err(LaunchError::Unavailable {
            reason: format!(
                "ECS started the task `{arn}`, whose name holds no task id of 32 digits: look at it in the cluster"
            ),
        });
    };
    Ok(Launched {
        run,
        repeated: existed_before(task, began),
        notices: Vec::new(),
    })
}

/// ECS tells times to the millisecond, so no finer comparison is honest.
fn existed_before(task: &Task, began: Timestamp) -> bool {
    let created = task.created_at().and_then(|at| at.to_millis().ok());
    created.is_some_and(|created| created < began.as_millisecond())
}

fn repeated(run: RunId) -> Launched {
    Launched {
        run,
        repeated: true,
        notices: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
