//! Asks the program `deploy-runner-local` what needs a word with a container engine. Waits for it, but not for ever.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustix::event::{PollFd, PollFlags, poll};

use super::look::{Answer, Question};

/// Longer than the program's own deadlines for one engine.
const PATIENCE: Duration = Duration::from_secs(90);

/// Which engine is there, and has it the image?
pub(crate) fn look(program: &Path, question: &Question) -> Result<Answer, String> {
    let question = serde_json::to_vec(question).map_err(|error| error.to_string())?;
    let answer = ask(Command::new(program).arg("look"), &question)?;
    serde_json::from_slice(&answer)
        .map_err(|_not_an_answer| "the program that looks for a container engine ended without an answer".to_owned())
}

/// Removes the container of a run that nobody is in charge of. Answers what is left of it.
pub(crate) fn discard(program: &Path, run_dir: &Path) -> Vec<String> {
    let answer = ask(Command::new(program).arg("discard").arg(run_dir), b"");
    let left = answer.and_then(|answer| {
        serde_json::from_slice(&answer).map_err(|_not_an_answer| "it ended without an answer".to_owned())
    });
    left.unwrap_or_else(|reason| {
        vec![format!(
            "the container of this run may be left behind, because `{}` could not look: {reason}",
            program.display()
        )]
    })
}

fn ask(command: &mut Command, question: &[u8]) -> Result<Vec<u8>, String> {
    let mut child = command
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| {
            format!(
                "`{}` cannot be started: {error}",
                command.get_program().to_string_lossy()
            )
        })?;
    let answered = converse(&mut child, question);
    if answered.is_err() {
        // It may be over; what counts is that it does not go on.
        drop(child.kill());
    }
    child.wait().map_err(|error| error.to_string())?;
    answered
}

fn converse(child: &mut Child, question: &[u8]) -> Result<Vec<u8>, String> {
    let until = Instant::now() + PATIENCE;
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(question).map_err(|error| error.to_string())?;
    }
    let Some(mut pipe) = child.stdout.take() else {
        return Err("it has no output".to_owned());
    };
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).map_err(|error| error.to_string())?;
        match poll(
            &mut [PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)],
            Some(&timeout),
        ) {
            Ok(0) => return Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
            Ok(_) => match pipe.read(&mut part) {
                Ok(0) => return Ok(answer),
                Ok(length) => answer.extend(part.iter().take(length)),
                Err(error) => return Err(error.to_string()),
            },
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}
