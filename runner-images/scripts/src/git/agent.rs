//! An SSH agent that holds the declared key for as long as git works.
//!
//! Responsible for the key never being in a file: it goes from the environment to the agent through a pipe, and the agent is gone
//! before any tool runs.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::GitError;
use super::error::one_line;
use crate::interruption::Interruptions;
use crate::process;
use crate::program::{Program, search_path};

/// How long the agent may take to listen, and to take the key.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(10);
/// Fits into a pipe, and is more than any key.
const MOST_BYTES: usize = 32 * 1024;

/// A running agent.
pub(super) struct Agent {
    process: Child,
    socket: PathBuf,
}

impl Agent {
    /// Starts one with this key.
    pub(super) fn with_key(key: &str, home: &Path, interruptions: &mut Interruptions) -> Result<Self, GitError> {
        let socket = home.join("agent");
        let cannot = |source| GitError::Prepare {
            path: socket.clone(),
            source,
        };
        let mut command = Command::new(Program::SshAgent.find()?);
        command.arg("-D").arg("-a").arg(&socket).current_dir(home);
        command.env_clear().env("PATH", search_path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let agent = Self {
            process: command.spawn().map_err(cannot)?,
            socket: socket.clone(),
        };
        let limit = Instant::now() + PATIENCE;
        // The socket is there before anybody listens.
        while UnixStream::connect(&socket).is_err() {
            if Instant::now() >= limit {
                return Err(cannot(io::ErrorKind::TimedOut.into()));
            }
            interruptions.pause(POLL)?;
        }
        agent.add(key, interruptions)?;
        Ok(agent)
    }

    /// Where it listens.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    fn add(&self, key: &str, interruptions: &mut Interruptions) -> Result<(), GitError> {
        let refused = |reason: String| GitError::Key { reason };
        if key.len() > MOST_BYTES {
            return Err(refused("it is longer than any key".to_owned()));
        }
        let cannot = |source| GitError::Prepare {
            path: self.socket.clone(),
            source,
        };
        let (reader, mut writer) = io::pipe().map_err(cannot)?;
        // A key that lost its last line end on the way is still meant.
        writeln!(writer, "{}", key.trim_end()).map_err(cannot)?;
        drop(writer);
        let mut command = Command::new(Program::SshAdd.find()?);
        command.args(["-q", "-"]).env_clear().envs([
            ("PATH", search_path()),
            ("LC_ALL", "C".into()),
            ("SSH_AUTH_SOCK", self.socket.clone().into()),
            ("SSH_ASKPASS_REQUIRE", "never".into()),
        ]);
        let limit = Instant::now() + PATIENCE;
        let added = process::capture(&mut command, Stdio::from(reader), limit, interruptions)?;
        if added.ended.is_success() {
            Ok(())
        } else {
            Err(refused(one_line(&added.stderr)))
        }
    }
}

impl Drop for Agent {
    /// Politely, so that it takes its socket along.
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.process.id()) {
            kill(Pid::from_raw(pid), Signal::SIGTERM).ok();
        }
        self.process.wait().ok();
        fs::remove_file(&self.socket).ok();
    }
}
