//! Starts the script and passes the one signal on to it. Never uses a shell and never waits: reaping is done for all children alike.

use std::ffi::OsString;
use std::io::{self, PipeReader};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{ChildStderr, ChildStdout, Command, Stdio};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use protocol::frame::REPORTS_VARIABLE;

use crate::environment::Environment;
use crate::script::Script;

/// The running script.
pub(crate) struct Job {
    pid: Pid,
}

/// Where it writes.
pub(crate) struct Outputs {
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
    /// Where it hands over what is for machines.
    pub(crate) reports: PipeReader,
}

/// Why the script did not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    #[error(
        "script `{script}` cannot be executed: {source}: check its interpreter line, that it is built for this machine, and that the task has room for it"
    )]
    Exec { script: String, source: io::Error },
    #[error("script `{0}` has no pipes for its output")]
    Pipes(String),
    #[error("cannot make a pipe for the job's reports: {0}")]
    Reports(#[from] io::Error),
}

impl Job {
    pub(crate) fn start(
        script: &Script,
        arguments: &[OsString],
        environment: &Environment,
    ) -> Result<(Self, Outputs), JobError> {
        let name = || script.path().display().to_string();
        let (reports, handed_over) = io::pipe()?;
        // The one descriptor that the script inherits besides the usual three; it names it to the script.
        fcntl(&handed_over, FcntlArg::F_SETFD(FdFlag::empty())).map_err(io::Error::from)?;
        let mut child = Command::new(script.path())
            .args(arguments)
            .env_clear()
            .envs(environment.variables())
            .env(REPORTS_VARIABLE, handed_over.as_raw_fd().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|source| JobError::Exec { script: name(), source })?;
        drop(handed_over);
        let pid = i32::try_from(child.id()).map_err(|_too_large| JobError::Pipes(name()))?;
        match (child.stdout.take(), child.stderr.take()) {
            (Some(stdout), Some(stderr)) => Ok((
                Self {
                    pid: Pid::from_raw(pid),
                },
                Outputs {
                    stdout,
                    stderr,
                    reports,
                },
            )),
            _ => Err(JobError::Pipes(name())),
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Asks the script, and only it, to stop: it knows best how to end its tools. It may have ended already.
    pub(crate) fn ask_to_stop(&self) {
        kill(self.pid, Signal::SIGTERM).ok();
    }
}
