//! What commands that watch no run say: answers on standard output, failures on standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write, stderr, stdout};

use protocol::ExitCode;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::args::LogLevel;
use crate::console::{Stream, harmless, style};
use crate::layout::Look;

/// Reads a variable of this process. Text that is not Unicode counts as absent.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// How a page on this stream is to look.
pub(crate) fn look(stream: &impl IsTerminal) -> Look {
    Look::detect(variable, Stream::of(stream))
}

/// Writes an answer. A reader that has gone, as `head` does, misses nothing.
pub(crate) fn answer(text: &str, exit: ExitCode) -> ExitCode {
    let mut out = stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => exit,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit,
        Err(error) => failed(&format!("cannot write to standard output: {error}")),
    }
}

/// Writes a finished text to standard error.
pub(crate) fn remark(text: &str) {
    // Nobody is left to tell when the message itself cannot be written.
    let _unwritable = stderr().write_all(text.as_bytes());
}

/// Says what is wrong, in one line.
pub(crate) fn failed(error: &dyn Display) -> ExitCode {
    let look = look(&stderr());
    let word = style::paint(look.colour, style::BAD, "error:");
    remark(&format!("{word} {}\n", harmless(look.ci, &error.to_string())));
    ExitCode::DeployerFailed
}

/// There is nobody to say it to.
pub(crate) const fn failed_quietly() -> ExitCode {
    ExitCode::DeployerFailed
}

/// From now on, events of our own work go to standard error.
pub(crate) fn log(level: LogLevel) {
    let filter = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(filter)
        .with_writer(stderr)
        .with_ansi(false)
        .finish()
        .with(filter_fn(|event| is_ours(event.target())));
    // A second call, in a test, keeps the first one's level.
    let _already = tracing::subscriber::set_global_default(subscriber);
}

/// Only our own crates are heard: what libraries note of a signed request may be enough to send it again.
fn is_ours(target: &str) -> bool {
    let root = target.split("::").next().unwrap_or_default();
    matches!(
        root,
        "deployer_cli" | "invoker" | "engine_local" | "gatekeeper" | "protocol"
    )
}
