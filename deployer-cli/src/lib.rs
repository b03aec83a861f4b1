//! `infrastructure-deployer`: asks the gate for a run, shows its output as if it ran here, and ends with its exit code.
//!
//! Responsible for: the command line, the transport to the gate, what is shown, signals, the result file and exit codes.
//! Never: decides whether a request is allowed, or trusts anything that a job printed.

mod args;
pub mod atomic_file;
pub mod check;
mod commands;
mod conclusion;
pub mod console;
pub mod denial_view;
pub mod describe_view;
mod dispatch;
mod display;
pub mod docs_gen;
pub mod explain_view;
mod follow;
mod gate;
pub mod import;
pub mod layout;
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "other systems only say that they have no sandbox")
)]
mod local;
mod log;
mod origin;
pub mod package;
mod plan_view;
mod report;
mod request;
mod result;
mod runs;
mod say;
mod signals;
mod transport;
pub mod verbs;
mod watch;

use std::ffi::OsString;

/// Does what the command line asks for and answers the exit code of the process.
pub fn run(words: impl IntoIterator<Item = OsString>) -> u8 {
    match args::Cli::read(words) {
        Ok(cli) => dispatch::dispatch(&cli).code(),
        Err(usage) => dispatch::usage(&usage),
    }
}
