//! How a run ended, judged from independent witnesses: the exit status of process 1, the runner's closing line, the kernel's count of
//! processes that it ended for lack of memory, and what this supervisor did itself.
//!
//! Never guesses: where the witnesses disagree or are silent, the ending is unknown and says what is known.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use protocol::Ending;
use protocol::frame::{Cause, Trailer};

/// What a process that was killed exits with, as a shell counts.
const KILLED: u8 = 128 + 9;

/// Who wanted the run to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// A caller.
    Caller,
    /// The machine: the supervisor itself was told to end.
    Machine,
    /// The deadline, long enough ago that the runner should have acted on it.
    Deadline,
}

/// How process 1 ended, as far as what holds the run can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exit {
    /// With this status.
    Status(u8),
    /// What held the run was ended by this signal, and everything in it with it.
    Signal(i32),
    /// Nobody can say: why, and what to do.
    Unwitnessed(String),
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        match status.code().and_then(|code| u8::try_from(code).ok()) {
            Some(code) => Self::Status(code),
            None => Self::Signal(status.signal().unwrap_or(0)),
        }
    }
}

/// What the supervisor saw.
#[derive(Debug)]
pub(super) enum Facts {
    /// The runner never ran.
    NotStarted { reason: String },
    /// Somebody asked for the end before anything ran.
    NeverRan { asked: Asked },
    /// The run is over.
    Over {
        /// How process 1 ended.
        exit: Exit,
        /// Who asked for the end, first.
        asked: Option<Asked>,
        /// We killed the sandbox.
        killed: bool,
    },
}

impl Facts {
    pub(super) const fn failed_to_start(reason: String) -> Self {
        Self::NotStarted { reason }
    }
}

/// Who tells how the script ended, besides the exit status.
#[derive(Debug)]
pub(super) enum Witness {
    /// The runner, with its closing line, if it came to that.
    Runner(Option<Trailer>),
    /// Nobody: the image has its own entry point.
    Nobody,
}

/// What the run left behind.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) witness: Witness,
    pub(super) oom_kills: u64,
    pub(super) disk_full: bool,
    pub(super) limit_mib: u32,
    pub(super) timeout_seconds: u32,
}

/// The ending.
pub(super) fn judge(facts: Facts, evidence: &Evidence) -> Ending {
    let (exit, asked, killed) = match facts {
        Facts::NotStarted { reason } => return Ending::FailedToStart { reason },
        Facts::NeverRan { asked } => return by_us(asked, evidence),
        Facts::Over { exit, asked, killed } => (exit, asked, killed),
    };
    let status = match exit {
        Exit::Status(status) => status,
        Exit::Signal(signal) => return sandbox_lost(signal, asked, killed, evidence),
        Exit::Unwitnessed(reason) => return unwitnessed(reason, asked, killed, evidence),
    };
    match &evidence.witness {
        Witness::Runner(Some(trailer)) if trailer.exit == status => agreed(trailer, asked, evidence),
        Witness::Runner(Some(trailer)) => unknown(format!(
            "the runner ended with status {status}, and its closing line says {}",
            trailer.exit
        )),
        Witness::Runner(None) => no_trailer(status, asked, killed, evidence),
        Witness::Nobody => alone(status, asked, killed, evidence),
    }
}

/// We ended it, or kept it from beginning.
fn by_us(asked: Asked, evidence: &Evidence) -> Ending {
    match asked {
        Asked::Caller => Ending::Cancelled { code: None },
        Asked::Deadline => timed_out(evidence),
        Asked::Machine => machine_stops(),
    }
}

/// There is no runner: the exit status of the image's own entry point is the job's.
fn alone(status: u8, asked: Option<Asked>, killed: bool, evidence: &Evidence) -> Ending {
    match asked {
        Some(asked) if killed => by_us(asked, evidence),
        Some(Asked::Caller) => Ending::Cancelled { code: Some(status) },
        Some(asked) => by_us(asked, evidence),
        None if evidence.oom_kills > 0 && status != 0 => out_of_memory_ending(evidence),
        None => Ending::Exited { code: status },
    }
}

/// Whoever held the run cannot tell how process 1 ended.
fn unwitnessed(reason: String, asked: Option<Asked>, killed: bool, evidence: &Evidence) -> Ending {
    match asked {
        Some(asked) if killed => by_us(asked, evidence),
        Some(_) | None if evidence.disk_full => disk_is_full(),
        Some(_) | None => Ending::HostLost { reason },
    }
}

/// The exit status and the closing line say the same.
fn agreed(trailer: &Trailer, asked: Option<Asked>, evidence: &Evidence) -> Ending {
    let out_of_memory = evidence.oom_kills > 0 && trailer.exit != 0;
    match &trailer.cause {
        Cause::FailedToStart { reason } => Ending::FailedToStart { reason: reason.clone() },
        Cause::TimedOut => timed_out(evidence),
        Cause::Stopped => match asked {
            Some(Asked::Caller) => Ending::Cancelled {
                code: (trailer.exit != KILLED).then_some(trailer.exit),
            },
            Some(Asked::Deadline) => timed_out(evidence),
            Some(Asked::Machine) => machine_stops(),
            None => Ending::HostLost {
                reason: "something on this machine told the runner to stop, and it was not deploy-runner".to_owned(),
            },
        },
        Cause::Signalled { .. } | Cause::Exited if out_of_memory => out_of_memory_ending(evidence),
        Cause::Signalled { signal } => Ending::Signalled { signal: *signal },
        Cause::Exited => Ending::Exited { code: trailer.exit },
    }
}

/// The runner ended without its closing line.
fn no_trailer(status: u8, asked: Option<Asked>, killed: bool, evidence: &Evidence) -> Ending {
    if evidence.oom_kills > 0 && !killed {
        return out_of_memory_ending(evidence);
    }
    match (killed, asked) {
        (true, Some(asked)) => by_us(asked, evidence),
        (true | false, _) if evidence.disk_full => disk_is_full(),
        (true | false, _) => unknown(match status.checked_sub(128) {
            Some(signal) if signal > 0 => {
                format!(
                    "the runner was ended by signal {signal} from outside, before it could tell how the script ended"
                )
            }
            Some(_) | None => {
                format!("the runner ended with status {status} before it could tell how the script ended")
            }
        }),
    }
}

/// bubblewrap itself was ended by a signal, and took everything with it.
fn sandbox_lost(signal: i32, asked: Option<Asked>, killed: bool, evidence: &Evidence) -> Ending {
    match (killed, asked) {
        (true, Some(asked)) => by_us(asked, evidence),
        (true | false, _) if evidence.oom_kills > 0 => out_of_memory_ending(evidence),
        (true | false, _) => Ending::HostLost {
            reason: format!("the sandbox was ended by signal {signal} from outside, and the script with it"),
        },
    }
}

fn timed_out(evidence: &Evidence) -> Ending {
    Ending::TimedOut {
        after_seconds: evidence.timeout_seconds.into(),
    }
}

fn out_of_memory_ending(evidence: &Evidence) -> Ending {
    Ending::OutOfMemory {
        limit_mib: evidence.limit_mib,
    }
}

fn machine_stops() -> Ending {
    Ending::HostLost {
        reason: "the run's supervisor was told to end: this machine is shutting down, or somebody ended it".to_owned(),
    }
}

fn disk_is_full() -> Ending {
    unknown(
        "the disk of the state folder is full, so the run's log could not be completed: free some space there and look at what the run did"
            .to_owned(),
    )
}

const fn unknown(reason: String) -> Ending {
    Ending::Unknown { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exited(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    fn trailer(exit: u8, cause: Cause) -> Trailer {
        Trailer {
            exit,
            cause,
            lines: 0,
            sha256: String::new(),
        }
    }

    struct Case {
        exit: Exit,
        asked: Option<Asked>,
        killed: bool,
        evidence: Evidence,
    }

    fn case(status: ExitStatus, trailer: impl Into<Option<Trailer>>) -> Case {
        Case {
            exit: Exit::from(status),
            asked: None,
            killed: false,
            evidence: Evidence {
                witness: Witness::Runner(trailer.into()),
                oom_kills: 0,
                disk_full: false,
                limit_mib: 512,
                timeout_seconds: 60,
            },
        }
    }

    impl Case {
        fn asked(mut self, by: Asked) -> Self {
            self.asked = Some(by);
            self
        }

        fn killed(mut self) -> Self {
            self.killed = true;
            self
        }

        fn oom(mut self) -> Self {
            self.evidence.oom_kills = 1;
            self
        }

        fn without_runner(mut self) -> Self {
            self.evidence.witness = Witness::Nobody;
            self
        }

        fn unwitnessed(mut self) -> Self {
            self.exit = Exit::Unwitnessed("the engine is gone".to_owned());
            self
        }

        fn disk_full(mut self) -> Self {
            self.evidence.disk_full = true;
            self
        }

        fn judged(self) -> Ending {
            let facts = Facts::Over {
                exit: self.exit,
                asked: self.asked,
                killed: self.killed,
            };
            judge(facts, &self.evidence)
        }

        #[track_caller]
        fn ends(self, expected: &Ending) {
            assert_eq!(&self.judged(), expected);
        }

        #[track_caller]
        fn ends_unknown(self, because: &str) {
            let ending = self.judged();
            assert!(
                matches!(&ending, Ending::Unknown { reason } if reason.contains(because)),
                "{ending:?}"
            );
        }

        #[track_caller]
        fn ends_with_the_host(self, because: &str) {
            let ending = self.judged();
            assert!(
                matches!(&ending, Ending::HostLost { reason } if reason.contains(because)),
                "{ending:?}"
            );
        }
    }

    #[test]
    fn the_jobs_own_exit_code_needs_both_witnesses() {
        for code in [0_u8, 1, 5, 124, 125, 137, 255] {
            case(exited(code.into()), trailer(code, Cause::Exited)).ends(&Ending::Exited { code });
        }
        case(exited(0), None).ends_unknown("ended with status 0 before");
        case(exited(0), trailer(1, Cause::Exited)).ends_unknown("status 0, and its closing line says 1");
        case(exited(1), trailer(0, Cause::Exited)).ends_unknown("status 1, and its closing line says 0");
    }

    #[test]
    fn a_stop_by_a_caller_is_a_cancel_with_the_code_unless_it_was_killed() {
        let stopped = |exit: u8| case(exited(exit.into()), trailer(exit, Cause::Stopped)).asked(Asked::Caller);
        stopped(3).ends(&Ending::Cancelled { code: Some(3) });
        stopped(137).ends(&Ending::Cancelled { code: None });
        case(exited(137), None)
            .asked(Asked::Caller)
            .killed()
            .ends(&Ending::Cancelled { code: None });
        case(ExitStatus::from_raw(9), None)
            .asked(Asked::Caller)
            .killed()
            .ends(&Ending::Cancelled { code: None });
    }

    #[test]
    fn a_job_that_ended_by_itself_was_not_cancelled_by_a_late_stop() {
        case(exited(0), trailer(0, Cause::Exited))
            .asked(Asked::Caller)
            .ends(&Ending::Exited { code: 0 });
    }

    #[test]
    fn a_stop_that_nobody_asked_us_for_is_not_a_cancel() {
        case(exited(0), trailer(0, Cause::Stopped)).ends_with_the_host("told the runner to stop");
        case(exited(0), trailer(0, Cause::Stopped))
            .asked(Asked::Machine)
            .ends_with_the_host("supervisor was told to end");
    }

    #[test]
    fn the_deadline_is_a_time_out_whoever_enforced_it() {
        let expected = Ending::TimedOut { after_seconds: 60 };
        case(exited(124), trailer(124, Cause::TimedOut)).ends(&expected);
        case(exited(137), None).asked(Asked::Deadline).killed().ends(&expected);
    }

    #[test]
    fn lack_of_memory_is_named_when_the_kernel_counted_it_and_the_job_failed() {
        let expected = Ending::OutOfMemory { limit_mib: 512 };
        case(exited(1), trailer(1, Cause::Exited)).oom().ends(&expected);
        case(exited(137), trailer(137, Cause::Signalled { signal: 9 }))
            .oom()
            .ends(&expected);
        case(exited(137), None).oom().ends(&expected);
        case(ExitStatus::from_raw(9), None).oom().ends(&expected);
        case(exited(0), trailer(0, Cause::Exited))
            .oom()
            .ends(&Ending::Exited { code: 0 });
    }

    #[test]
    fn signals_and_start_failures_pass_through() {
        case(exited(139), trailer(139, Cause::Signalled { signal: 11 })).ends(&Ending::Signalled { signal: 11 });
        let reason = "no such script".to_owned();
        case(
            exited(125),
            trailer(125, Cause::FailedToStart { reason: reason.clone() }),
        )
        .ends(&Ending::FailedToStart { reason });
    }

    #[test]
    fn a_runner_or_a_sandbox_that_was_killed_from_outside_is_named() {
        case(exited(137), None).ends_unknown("ended by signal 9 from outside");
        case(ExitStatus::from_raw(9), None).ends_with_the_host("ended by signal 9 from outside");
    }

    #[test]
    fn a_full_disk_is_named_and_never_a_success() {
        case(exited(0), None)
            .disk_full()
            .ends_unknown("disk of the state folder is full");
        case(exited(125), None)
            .disk_full()
            .ends_unknown("disk of the state folder is full");
    }

    #[test]
    fn without_a_runner_the_exit_status_is_the_jobs() {
        let alone = |code: i32| case(exited(code), None).without_runner();
        alone(0).ends(&Ending::Exited { code: 0 });
        alone(137).ends(&Ending::Exited { code: 137 });
        alone(137).oom().ends(&Ending::OutOfMemory { limit_mib: 512 });
        alone(3).asked(Asked::Caller).ends(&Ending::Cancelled { code: Some(3) });
        alone(137)
            .asked(Asked::Caller)
            .killed()
            .ends(&Ending::Cancelled { code: None });
        alone(0)
            .asked(Asked::Deadline)
            .ends(&Ending::TimedOut { after_seconds: 60 });
        alone(0)
            .asked(Asked::Machine)
            .ends_with_the_host("supervisor was told to end");
    }

    #[test]
    fn an_end_that_nobody_saw_is_never_a_success() {
        case(exited(0), trailer(0, Cause::Exited))
            .unwitnessed()
            .ends_with_the_host("the engine is gone");
        case(exited(0), None)
            .unwitnessed()
            .without_runner()
            .ends_with_the_host("the engine is gone");
        case(exited(0), None)
            .unwitnessed()
            .disk_full()
            .ends_unknown("disk of the state folder is full");
        case(exited(0), None)
            .unwitnessed()
            .asked(Asked::Caller)
            .killed()
            .ends(&Ending::Cancelled { code: None });
    }

    #[test]
    fn a_run_that_was_stopped_before_it_began_says_who_wanted_that() {
        let evidence = case(exited(0), None).evidence;
        let judged = |asked| judge(Facts::NeverRan { asked }, &evidence);
        assert_eq!(judged(Asked::Caller), Ending::Cancelled { code: None });
        assert!(matches!(judged(Asked::Machine), Ending::HostLost { .. }));
    }
}
