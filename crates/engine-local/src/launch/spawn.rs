//! Starts a supervisor and hands it what it may not find on the disk.
//!
//! The secrets' values travel through a pipe. The lock that says who is in charge of the run travels as the supervisor's
//! standard error, so there is no moment at which a started run is in nobody's charge.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use engine::LaunchError;
use rustix::event::Timespec;
use rustix::event::{PollFd, PollFlags, poll};

use crate::handover::{Ack, Payload};
use crate::state::{RunDir, StateError};

/// A supervisor answers within this time; it needs a few dozen milliseconds.
const ACK_TIMEOUT: Duration = Duration::from_secs(30);
/// An answer is a few lines of text.
const MAX_ACK_BYTES: u64 = 64 * 1024;

/// Starts the supervisor of a run and waits until it has taken over. Answers its remarks about the isolation.
pub(super) fn supervisor(
    dir: &RunDir,
    program: &Path,
    charge: File,
    payload: &Payload,
) -> Result<Vec<String>, LaunchError> {
    let refused = |reason: String| LaunchError::FailedToStart { reason };
    let mut child = Command::new(program)
        .arg("supervise")
        .arg(dir.path())
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::from(charge))
        .spawn()
        .map_err(StateError::io("start", program))
        .map_err(|error| refused(error.to_string()))?;
    let handed_over = hand_over(&mut child, payload);
    let answer = child.stdout.take().map(read_ack);
    // The process that was started hands over to its own child and ends at once.
    let launcher = child.wait();
    match (handed_over, answer, launcher) {
        (_, Some(Ok(Ack::Supervised { notices })), _) => Ok(notices),
        (_, Some(Ok(Ack::Refused { reason })), _) => Err(refused(reason)),
        (Ok(()), Some(Err(problem)), Ok(_)) => Err(LaunchError::Unavailable {
            reason: format!("{problem}: see `{}`", dir.supervisor_log().display()),
        }),
        (Err(error), _, _) | (_, _, Err(error)) => Err(LaunchError::Unavailable {
            reason: format!(
                "the run's supervisor could not be reached: {error}: see `{}`",
                dir.supervisor_log().display()
            ),
        }),
        (Ok(()), None, Ok(_)) => Err(refused("the run's supervisor has no output".to_owned())),
    }
}

fn hand_over(child: &mut Child, payload: &Payload) -> std::io::Result<()> {
    let json = serde_json::to_vec(payload)?;
    match child.stdin.take() {
        Some(mut pipe) => pipe.write_all(&json),
        None => Ok(()),
    }
}

fn read_ack(pipe: ChildStdout) -> Result<Ack, String> {
    let timeout = Timespec::try_from(ACK_TIMEOUT).map_err(|error| error.to_string())?;
    let ready = poll(
        &mut [PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)],
        Some(&timeout),
    );
    match ready {
        Ok(0) => {
            return Err(format!(
                "the run's supervisor did not answer within {} seconds",
                ACK_TIMEOUT.as_secs()
            ));
        }
        Ok(_) => {}
        Err(error) => return Err(format!("the run's supervisor cannot be heard: {error}")),
    }
    let mut line = String::new();
    BufReader::new(pipe.take(MAX_ACK_BYTES))
        .read_line(&mut line)
        .map_err(|error| format!("the run's supervisor cannot be heard: {error}"))?;
    serde_json::from_str(&line).map_err(|_not_an_answer| "the run's supervisor ended before it took over".to_owned())
}
