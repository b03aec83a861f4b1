//! The exit codes of `infrastructure-deployer`: a contract with every pipeline that calls it. This is their only place.

use crate::Ending;

/// Added to a signal's number, as POSIX shells do.
const SIGNAL_BASE: u8 = 128;
const SIGINT: u8 = 2;
const SIGKILL: u8 = 9;
const SIGTERM: u8 = 15;

/// How the CLI ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitCode {
    /// The job's own exit code, unchanged. 0 is success, and only the job itself can say so.
    Job(u8),
    /// The job was ended by a signal that we did not send: 128 and the signal's number.
    JobSignalled(u8),
    /// The job used more memory than it may: 137, as the kernel's kill looks everywhere else.
    OutOfMemory,
    /// The request is not allowed. Nothing was started.
    Denied,
    /// The request was allowed, but the job never ran.
    FailedToStart,
    /// The job may have run; how it ended cannot be known.
    OutcomeUnknown,
    /// The job succeeded, but log lines are missing, and `--require-complete-logs` was given.
    LogsIncomplete,
    /// The deadline passed and the job was stopped.
    TimedOut,
    /// The deployer itself failed: usage, configuration, no permission, unreachable.
    DeployerFailed,
    /// Cancelled by SIGINT (Ctrl-C).
    Interrupted,
    /// Cancelled by SIGTERM, or by somebody else.
    Terminated,
}

impl ExitCode {
    /// The codes that do not come from the job, for documentation, in the order of their numbers.
    pub const OWN: [Self; 9] = [
        Self::Denied,
        Self::FailedToStart,
        Self::OutcomeUnknown,
        Self::LogsIncomplete,
        Self::TimedOut,
        Self::DeployerFailed,
        Self::Interrupted,
        Self::OutOfMemory,
        Self::Terminated,
    ];

    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Job(code) => code,
            Self::JobSignalled(signal) => SIGNAL_BASE.saturating_add(signal),
            Self::OutOfMemory => SIGNAL_BASE + SIGKILL,
            Self::Denied => 120,
            Self::FailedToStart => 121,
            Self::OutcomeUnknown => 122,
            Self::LogsIncomplete => 123,
            Self::TimedOut => 124,
            Self::DeployerFailed => 125,
            Self::Interrupted => SIGNAL_BASE + SIGINT,
            Self::Terminated => SIGNAL_BASE + SIGTERM,
        }
    }

    /// What the code means, in one line.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Job(_) => "the job's own exit code, unchanged",
            Self::JobSignalled(_) => "the job was ended by a signal (128 + its number)",
            Self::OutOfMemory => "the job used more memory than it may",
            Self::Denied => "the request is not allowed; nothing was started",
            Self::FailedToStart => "the request was allowed, but the job never ran",
            Self::OutcomeUnknown => "the job may have run; how it ended cannot be known",
            Self::LogsIncomplete => "log lines are missing (only with --require-complete-logs)",
            Self::TimedOut => "the deadline passed and the job was stopped",
            Self::DeployerFailed => "the deployer itself failed (usage, configuration, no permission, unreachable)",
            Self::Interrupted => "cancelled by SIGINT (Ctrl-C)",
            Self::Terminated => "cancelled by SIGTERM or by somebody else",
        }
    }

    /// The exit code for an ending, for a caller that did not cancel the run itself.
    pub const fn of(ending: &Ending) -> Self {
        match ending {
            Ending::Exited { code } => Self::Job(*code),
            Ending::Signalled { signal } => Self::JobSignalled(*signal),
            Ending::TimedOut { .. } => Self::TimedOut,
            Ending::Cancelled { .. } => Self::Terminated,
            Ending::OutOfMemory { .. } => Self::OutOfMemory,
            Ending::FailedToStart { .. } => Self::FailedToStart,
            Ending::HostLost { .. } | Ending::Unknown { .. } => Self::OutcomeUnknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_job_that_exited_with_zero_is_a_success() {
        let not_success = [
            Ending::Exited { code: 1 },
            Ending::Signalled { signal: 0 },
            Ending::TimedOut { after_seconds: 1 },
            Ending::Cancelled { code: Some(0) },
            Ending::OutOfMemory { limit_mib: 1 },
            Ending::FailedToStart { reason: String::new() },
            Ending::HostLost { reason: String::new() },
            Ending::Unknown { reason: String::new() },
        ];
        assert_eq!(ExitCode::of(&Ending::Exited { code: 0 }).code(), 0);
        for ending in not_success {
            assert_ne!(ExitCode::of(&ending).code(), 0, "{ending:?}");
        }
    }

    #[test]
    fn every_job_code_passes_through_unchanged() {
        for code in 0..=u8::MAX {
            assert_eq!(ExitCode::of(&Ending::Exited { code }).code(), code);
        }
    }

    #[test]
    fn the_documented_numbers_do_not_move() {
        let codes = ExitCode::OWN.map(ExitCode::code);
        assert_eq!(codes, [120, 121, 122, 123, 124, 125, 130, 137, 143]);
    }
}
