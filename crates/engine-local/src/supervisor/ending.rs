//! How a run ended, judged from independent witnesses: the sandbox's exit status, the runner's closing line, the kernel's count of
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

/// What the supervisor saw.
#[derive(Debug)]
pub(super) enum Facts {
    /// The runner never was in the sandbox.
    NotStarted { reason: String },
    /// The sandbox is over.
    Over {
        /// bubblewrap's exit status.
        sandbox: ExitStatus,
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

/// What the run left behind.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) trailer: Option<Trailer>,
    pub(super) oom_kills: u64,
    pub(super) disk_full: bool,
    pub(super) limit_mib: u32,
    pub(super) timeout_seconds: u32,
}

/// The ending.
pub(super) fn judge(facts: Facts, evidence: &Evidence) -> Ending {
    let (sandbox, asked, killed) = match facts {
        Facts::NotStarted { reason } => return Ending::FailedToStart { reason },
        Facts::Over { sandbox, asked, killed } => (sandbox, asked, killed),
    };
    let Some(status) = sandbox.code().and_then(|code| u8::try_from(code).ok()) else {
        return sandbox_lost(sandbox, asked, killed, evidence);
    };
    match &evidence.trailer {
        Some(trailer) if trailer.exit == status => agreed(trailer, asked, evidence),
        Some(trailer) => unknown(format!(
            "the runner ended with status {status}, and its closing line says {}",
            trailer.exit
        )),
        None => no_trailer(status, asked, killed, evidence),
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
        (true, Some(Asked::Caller)) => Ending::Cancelled { code: None },
        (true, Some(Asked::Deadline)) => timed_out(evidence),
        (true, Some(Asked::Machine)) => machine_stops(),
        (true | false, _) if evidence.disk_full => unknown(
            "the disk of the state folder is full, so the run's log could not be completed: free some space there and look at what the run did"
                .to_owned(),
        ),
        (true | false, _) => unknown(match status.checked_sub(128) {
            Some(signal) if signal > 0 => {
                format!("the runner was ended by signal {signal} from outside, before it could tell how the script ended")
            }
            Some(_) | None => {
                format!("the runner ended with status {status} before it could tell how the script ended")
            }
        }),
    }
}

/// bubblewrap itself was ended by a signal, and took everything with it.
fn sandbox_lost(sandbox: ExitStatus, asked: Option<Asked>, killed: bool, evidence: &Evidence) -> Ending {
    match (killed, asked) {
        (true, Some(Asked::Caller)) => Ending::Cancelled { code: None },
        (true, Some(Asked::Deadline)) => timed_out(evidence),
        (true, Some(Asked::Machine)) => machine_stops(),
        (true | false, _) if evidence.oom_kills > 0 => out_of_memory_ending(evidence),
        (true | false, _) => Ending::HostLost {
            reason: format!(
                "the sandbox was ended by signal {} from outside, and the script with it",
                sandbox.signal().unwrap_or(0)
            ),
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
        sandbox: ExitStatus,
        asked: Option<Asked>,
        killed: bool,
        evidence: Evidence,
    }

    fn case(sandbox: ExitStatus, trailer: impl Into<Option<Trailer>>) -> Case {
        Case {
            sandbox,
            asked: None,
            killed: false,
            evidence: Evidence {
                trailer: trailer.into(),
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

        fn disk_full(mut self) -> Self {
            self.evidence.disk_full = true;
            self
        }

        fn judged(self) -> Ending {
            let facts = Facts::Over {
                sandbox: self.sandbox,
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
}
