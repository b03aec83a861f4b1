//! What the program `deploy-runner-local` can be: chosen by its first word.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use crate::containers::{self, Question};
use crate::state::RunDir;
use crate::{enter, supervisor};

/// Plays the role that the words name.
pub fn run_role(mut words: impl Iterator<Item = OsString>) -> ExitCode {
    close_inherited();
    let role = words.next().unwrap_or_default();
    let folder = words.next().map(PathBuf::from);
    let outcome = match (role.to_str(), folder) {
        (Some("supervise"), Some(dir)) => supervisor::detach(&dir).map_err(|error| error.to_string()),
        (Some("supervise-detached"), Some(dir)) => supervisor::supervise(&dir).map_err(|error| error.to_string()),
        (Some("enter"), None) => Err(enter::enter()),
        (Some("look"), None) => look(),
        (Some("discard"), Some(dir)) => discard(dir),
        _ => Err("this program is started by deploy-runner, never by hand".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // With nobody to read it there is nobody to tell either.
            drop(writeln!(std::io::stderr(), "deploy-runner-local: {reason}"));
            ExitCode::from(125)
        }
    }
}

/// Which container engine is there, and has it the image? The question comes on standard input.
fn look() -> Result<(), String> {
    let question: Question = serde_json::from_reader(std::io::stdin().lock()).map_err(|error| error.to_string())?;
    answer(&runtime()?.block_on(containers::answer(&question)))
}

/// Removes the container of a run that nobody is in charge of.
fn discard(dir: PathBuf) -> Result<(), String> {
    answer(&runtime()?.block_on(containers::discard(&RunDir::new(dir))))
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| error.to_string())
}

fn answer(answer: &impl Serialize) -> Result<(), String> {
    serde_json::to_writer(std::io::stdout().lock(), answer).map_err(|error| error.to_string())
}

/// Closes what whoever started us left open, such as the files of a build tool: nothing of it may reach a run.
fn close_inherited() {
    let Ok(open) = fs::read_dir("/proc/self/fd") else {
        return;
    };
    let numbers: Vec<i32> = open
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2)
        .collect();
    for number in numbers {
        // The number of the listing itself is closed already.
        nix::unistd::close(number).ok();
    }
}
