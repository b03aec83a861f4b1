//! PID 1 of every job container.
//!
//! Responsible for: starting one script from the trigger directory in an environment of declared names only, passing a stop on to it,
//! ending it at its deadline, reaping what it leaves behind, and writing its output as log frames with its secrets masked.
//! Never: decides what may run (the gate did), uses a shell, opens a network connection or lets the job near its own output.

#![cfg(target_os = "linux")]

mod arguments;
mod environment;
mod handed_over;
mod harden;
mod job;
mod log;
mod mask;
mod processes;
mod script;
mod self_test;
mod signals;
mod supervise;
mod wait;

use std::ffi::OsString;
use std::fmt;
use std::io::Write;
use std::process::ExitCode;

use protocol::frame::{Cause, Encoder};

use crate::arguments::Arguments;
use crate::environment::Environment;
use crate::handed_over::HandedOver;
use crate::job::Job;
use crate::log::Log;
use crate::mask::Masks;
use crate::script::Script;
use crate::signals::Signals;

/// The runner's own failure: the job never ran, or its output could not be written.
const OWN_FAILURE: u8 = 125;
/// Asks for the self-test instead of a job.
const SELF_TEST: &str = "--self-test";
/// The self-test found something.
const NOT_GOOD: u8 = 1;
/// The deadline passed.
const TIMED_OUT: u8 = 124;

/// Runs the job that the command line names, and answers the status to exit with.
pub fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    if words.first().is_some_and(|word| word == SELF_TEST) {
        return ExitCode::from(self_test(words.into_iter().skip(1)));
    }
    let status = match start(words.into_iter()) {
        Ok(started) => supervise(started),
        Err(error) => failed_to_start(&error),
    };
    ExitCode::from(status)
}

/// A job that runs, and all that is needed to bring it to its end.
struct Started {
    job: Job,
    log: Log,
    signals: Signals,
    limits: arguments::Limits,
}

fn start(words: impl Iterator<Item = OsString>) -> Result<Started, StartError> {
    harden::process()?;
    let signals = Signals::register()?;
    let arguments = Arguments::parse(words)?;
    let script = Script::find(&arguments.trigger_dir, &arguments.script)?;
    let handed_over = HandedOver::read(|name| std::env::var_os(name), std::io::stdin().lock())?;
    let environment = Environment::collect(&arguments.names, |name| std::env::var_os(name), &handed_over)?;
    let masks = Masks::of(environment.secrets())?;
    masks.too_short().for_each(warn_too_short);
    let (job, outputs) = Job::start(&script, &arguments.words, &environment)?;
    let log = Log::start(outputs, &masks)?;
    Ok(Started {
        job,
        log,
        signals,
        limits: arguments.limits,
    })
}

fn supervise(started: Started) -> u8 {
    let Started {
        job,
        log,
        signals,
        limits,
    } = started;
    supervise::to_the_end(&job, log, &signals, limits).unwrap_or_else(|error| {
        say(&error);
        OWN_FAILURE
    })
}

/// Says what is wrong with the image on standard output. No job runs, so there are no frames.
fn self_test(mut words: impl Iterator<Item = OsString>) -> u8 {
    let trigger_dir = words.next().unwrap_or_else(|| arguments::TRIGGER_DIR.into());
    if words.next().is_some() {
        say(&"usage: deploy-runner --self-test [TRIGGER-DIR]");
        return OWN_FAILURE;
    }
    let report = self_test::Report::of(trigger_dir.as_ref());
    match writeln!(std::io::stdout().lock(), "{report}") {
        Ok(()) if report.is_good() => 0,
        Ok(()) => NOT_GOOD,
        Err(error) => {
            say(&format_args!("cannot write to standard output: {error}"));
            OWN_FAILURE
        }
    }
}

fn failed_to_start(error: &StartError) -> u8 {
    say(error);
    let cause = Cause::FailedToStart {
        reason: error.to_string(),
    };
    let mut frame = Vec::new();
    let written = Encoder::new()
        .finish(OWN_FAILURE, cause, &mut frame)
        .map_err(std::io::Error::from)
        .and_then(|_trailer| std::io::stdout().lock().write_all(&frame));
    if let Err(error) = written {
        say(&format_args!("cannot write the trailer to standard output: {error}"));
    }
    OWN_FAILURE
}

fn warn_too_short(name: &str) {
    let least = Masks::LEAST_BYTES;
    say(&format_args!(
        "the value of the secret `{name}`, or a line of it, is shorter than {least} bytes and is not masked in the output: use a longer one"
    ));
}

/// Tells the operator, on standard error. Nothing can be done when that fails.
fn say(message: &dyn fmt::Display) {
    drop(writeln!(std::io::stderr().lock(), "deploy-runner: {message}"));
}

/// Why the job never ran.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Arguments(#[from] arguments::ArgumentsError),
    #[error(transparent)]
    Harden(#[from] harden::HardenError),
    #[error(transparent)]
    Script(#[from] script::ScriptError),
    #[error(transparent)]
    HandedOver(#[from] handed_over::HandedOverError),
    #[error(transparent)]
    Environment(#[from] environment::EnvironmentError),
    #[error(transparent)]
    Masks(#[from] mask::MasksError),
    #[error(transparent)]
    Signals(#[from] signals::SignalsError),
    #[error(transparent)]
    Job(#[from] job::JobError),
    #[error(transparent)]
    Log(#[from] log::LogError),
}
