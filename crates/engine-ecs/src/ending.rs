//! How a run ended, judged from independent witnesses: what ECS says about the task and its containers, and the runner's closing line.
//!
//! Never guesses: where the witnesses disagree or are silent, the ending is unknown and says what is known. Nothing that gives access gets
//! into a reason.

mod causes;
mod facts;

use protocol::frame::{Cause, Trailer};
use protocol::{Ending, OutputForm};

use causes::Because;
use facts::{Container, StopCode};

pub(crate) use causes::STOPPED_BY_US;

/// What a process that was killed exits with, as a shell counts.
const KILLED: u8 = 128 + 9;
/// The highest code that counts without the runner's closing line: 124 and above are also what the runner, a shell or ECS itself ends with.
const HIGHEST_PLAIN_CODE: u8 = 123;

/// All facts about a task that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Over {
    output: OutputForm,
    stop_code: StopCode,
    stopped_reason: String,
    /// ECS saw its containers run.
    started: bool,
    job: Container,
    others: Vec<Container>,
    limit_mib: Option<u32>,
    /// The runner's deadline.
    timeout_seconds: Option<u32>,
    ran_ms: Option<u64>,
    /// `family:revision`.
    task_definition: String,
    /// The log group that we read and that is not there.
    missing_group: Option<String>,
}

impl Over {
    /// Our own reading found that this log group does not exist.
    pub(crate) fn with_missing_group(&self, group: Option<&String>) -> Self {
        Self {
            missing_group: group.cloned(),
            ..self.clone()
        }
    }

    /// The ending. The trailer is the log's last frame, and only that: without it the log is not complete.
    pub fn judge(&self, trailer: Option<&Trailer>) -> Ending {
        match (self.output, trailer) {
            (OutputForm::Raw, _) => self.raw(),
            (OutputForm::Framed, None) => self.without_trailer(),
            (OutputForm::Framed, Some(trailer)) => self.with_trailer(trailer),
        }
    }

    /// Two witnesses: they must say the same.
    fn with_trailer(&self, trailer: &Trailer) -> Ending {
        match self.job.exit_code {
            Some(code) if code == i32::from(trailer.exit) => self.agreed(trailer),
            Some(code) => unknown(format!(
                "ECS says that the job's container exited with {code}, and the runner's closing line says {}: look at what the job did before running it again",
                trailer.exit
            )),
            None => self.only_trailer(trailer),
        }
    }

    fn agreed(&self, trailer: &Trailer) -> Ending {
        match &trailer.cause {
            Cause::FailedToStart { reason } => Ending::FailedToStart { reason: reason.clone() },
            Cause::TimedOut => self.timed_out(),
            Cause::Stopped => self.stopped((trailer.exit != KILLED).then_some(trailer.exit)),
            Cause::Signalled { .. } | Cause::Exited if trailer.exit != 0 && self.out_of_memory() => {
                self.out_of_memory_ending()
            }
            Cause::Signalled { signal } => Ending::Signalled { signal: *signal },
            Cause::Exited => Ending::Exited { code: trailer.exit },
        }
    }

    /// ECS lost the exit code. What the runner says of a failure is good enough; of a success it is not.
    fn only_trailer(&self, trailer: &Trailer) -> Ending {
        match &trailer.cause {
            Cause::FailedToStart { .. } | Cause::TimedOut | Cause::Stopped => self.agreed(trailer),
            Cause::Signalled { .. } | Cause::Exited if trailer.exit != 0 && self.out_of_memory() => {
                self.out_of_memory_ending()
            }
            Cause::Signalled { .. } | Cause::Exited => match self.stop_code {
                StopCode::Spot | StopCode::Termination | StopCode::InfrastructureHealth => self.host_lost(),
                StopCode::EssentialContainerExited
                | StopCode::TaskFailedToStart
                | StopCode::UserInitiated
                | StopCode::ServiceScheduler
                | StopCode::Unnamed => unknown(format!(
                    "the runner's closing line says that the job exited with {}, and ECS has no exit code to confirm it{}: look at what the job did before running it again",
                    trailer.exit,
                    self.words_of_ecs()
                )),
            },
        }
    }

    /// The runner says that somebody told it to stop the job: who?
    fn stopped(&self, code: Option<u8>) -> Ending {
        match self.stop_code {
            StopCode::UserInitiated => Ending::Cancelled { code },
            StopCode::Spot | StopCode::Termination | StopCode::InfrastructureHealth | StopCode::ServiceScheduler => {
                self.host_lost()
            }
            StopCode::EssentialContainerExited | StopCode::TaskFailedToStart | StopCode::Unnamed => {
                match causes::find(&self.stopped_reason).map(|cause| cause.because) {
                    Some(Because::HostLost) => self.host_lost(),
                    Some(Because::StoppedByUs) => Ending::Cancelled { code },
                    Some(Because::FailedToStart | Because::NoLogGroup | Because::OutOfMemory) | None => {
                        self.stopped_from_beside()
                    }
                }
            }
        }
    }

    fn stopped_from_beside(&self) -> Ending {
        let reason = match self.broken_neighbour() {
            Some(neighbour) => format!(
                "the container `{}` beside the job ended, so ECS stopped the job{}: look at that container's log",
                neighbour.name,
                self.words_of_ecs()
            ),
            None => format!(
                "something told the runner to stop, and it was not deploy-runner{}",
                self.words_of_ecs()
            ),
        };
        Ending::HostLost { reason }
    }

    /// The log is not complete, so ECS alone testifies. A green apply must not turn red over a late line, and nothing may turn green by a guess.
    fn without_trailer(&self) -> Ending {
        if let Some(ending) = self.by_reason().or_else(|| self.by_stop_code()) {
            return ending;
        }
        match self.job.code() {
            Some(0) if self.broken_neighbour().is_some() => self.stopped_from_beside(),
            Some(code @ 0..=HIGHEST_PLAIN_CODE) => Ending::Exited { code },
            Some(code) => unknown(format!(
                "the job's container exited with {code}, and without the runner's closing line nobody can say whether that was the job's own code{}{}",
                match code {
                    KILLED => " (137 is a kill, most often for lack of memory: try a larger `--task-memory`)",
                    _ => "",
                },
                self.words_of_ecs()
            )),
            None => self.without_exit_code(),
        }
    }

    /// No runner in the container: ECS alone testifies, and its exit code is the job's.
    fn raw(&self) -> Ending {
        if let Some(ending) = self.by_reason().or_else(|| self.by_stop_code()) {
            return ending;
        }
        match self.job.code() {
            Some(code) => Ending::Exited { code },
            None => self.without_exit_code(),
        }
    }

    /// What ECS says in words that leave no doubt.
    fn by_reason(&self) -> Option<Ending> {
        if self.out_of_memory() && self.job.exit_code != Some(0) {
            return Some(self.out_of_memory_ending());
        }
        let never_ran = self.job.exit_code.is_none() && !self.started;
        let cause = self.reasons().find_map(causes::find)?;
        match cause.because {
            because if because.is_failure_to_start() && (never_ran || self.job.says_start_failed()) => {
                Some(self.failed_to_start())
            }
            Because::HostLost => Some(self.host_lost()),
            Because::StoppedByUs => Some(self.cancelled()),
            Because::FailedToStart | Because::NoLogGroup | Because::OutOfMemory => None,
        }
    }

    fn by_stop_code(&self) -> Option<Ending> {
        match self.stop_code {
            StopCode::UserInitiated => Some(self.cancelled()),
            StopCode::Spot | StopCode::Termination | StopCode::InfrastructureHealth | StopCode::ServiceScheduler => {
                Some(self.host_lost())
            }
            StopCode::TaskFailedToStart if self.job.exit_code.is_none() => Some(self.failed_to_start()),
            StopCode::TaskFailedToStart | StopCode::EssentialContainerExited | StopCode::Unnamed => None,
        }
    }

    fn without_exit_code(&self) -> Ending {
        match self.job.exit_code {
            Some(strange) => unknown(format!(
                "the job's container exited with {strange}, which is no exit code of a process{}",
                self.words_of_ecs()
            )),
            None if !self.started => self.failed_to_start(),
            None => unknown(format!(
                "ECS has no exit code for the job's container{}: look at what the job did before running it again",
                self.words_of_ecs()
            )),
        }
    }

    /// A container beside the job that failed by itself: those that ECS stops after the job end with 137 or 143.
    fn broken_neighbour(&self) -> Option<&Container> {
        self.others
            .iter()
            .find(|container| !matches!(container.exit_code, None | Some(0 | 137 | 143)))
    }

    fn out_of_memory(&self) -> bool {
        let job = causes::find(&self.job.reason);
        job.is_some_and(|cause| cause.because == Because::OutOfMemory)
    }

    fn out_of_memory_ending(&self) -> Ending {
        self.limit_mib.map_or_else(
            || unknown("the job used more memory than it may, and ECS does not say how much that is: ask for more with `--task-memory`".to_owned()),
            |limit_mib| Ending::OutOfMemory { limit_mib },
        )
    }

    fn timed_out(&self) -> Ending {
        let measured = self.ran_ms.unwrap_or_default() / 1_000;
        Ending::TimedOut {
            after_seconds: self.timeout_seconds.map_or(measured, u64::from),
        }
    }

    fn cancelled(&self) -> Ending {
        let highest = match self.output {
            OutputForm::Framed => HIGHEST_PLAIN_CODE,
            OutputForm::Raw => u8::MAX,
        };
        Ending::Cancelled {
            code: self.job.code().filter(|code| *code <= highest && *code != KILLED),
        }
    }

    fn failed_to_start(&self) -> Ending {
        Ending::FailedToStart {
            reason: self.explained("the task never ran"),
        }
    }

    fn host_lost(&self) -> Ending {
        Ending::HostLost {
            reason: self.explained(match self.stop_code {
                StopCode::Spot => "AWS took the Spot capacity back: run it again, or without Spot (`--task-launch-type FARGATE`)",
                StopCode::ServiceScheduler => "an ECS service stopped the task, and deploy-runner's tasks belong to none: find out who put it in a service",
                StopCode::InfrastructureHealth => "AWS found the machine unhealthy and stopped the task",
                StopCode::Termination
                | StopCode::EssentialContainerExited
                | StopCode::TaskFailedToStart
                | StopCode::UserInitiated
                | StopCode::Unnamed => "the machine under the task was taken away",
            }),
        }
    }

    /// The cause in plain words with what to do, then ECS's own words.
    fn explained(&self, otherwise: &str) -> String {
        let plain = match self.reasons().find_map(causes::find) {
            Some(cause) if cause.because == Because::NoLogGroup => self.no_log_group(),
            Some(cause) => cause.plain.to_owned(),
            None => otherwise.to_owned(),
        };
        causes::one_line(&plain, &self.ecs_says())
    }

    fn no_log_group(&self) -> String {
        match &self.missing_group {
            Some(group) => format!("the log group `{group}` does not exist: create it"),
            None => format!(
                "the `awslogs-group` of the task definition `{}` is a log group that does not exist: create it, or correct the task definition",
                self.task_definition
            ),
        }
    }

    /// For the end of a sentence: empty when ECS says nothing.
    fn words_of_ecs(&self) -> String {
        let says = self.ecs_says();
        if says.is_empty() {
            says
        } else {
            format!(" (ECS says: {says})")
        }
    }

    fn ecs_says(&self) -> String {
        causes::said(self.reasons())
    }

    /// What is said of the job first, then of the task, then of the containers beside.
    fn reasons(&self) -> impl Iterator<Item = &str> {
        let others = self.others.iter().map(|container| container.reason.as_str());
        [self.job.reason.as_str(), self.stopped_reason.as_str()]
            .into_iter()
            .chain(others)
            .filter(|reason| !reason.is_empty())
    }
}

const fn unknown(reason: String) -> Ending {
    Ending::Unknown { reason }
}

#[cfg(test)]
mod tests;
