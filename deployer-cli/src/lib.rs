//! `infrastructure-deployer`: asks the gate for a run, shows its output as if it ran here, and ends with its exit code.
//!
//! Responsible for: the command line, the transport to the gate, what is shown, signals, the result file and exit codes.
//! Never: decides whether a request is allowed, or trusts anything that a job printed.

#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "the run loop, which reads the other options, lands with the local engine"
    )
)]
mod args;
pub mod atomic_file;
pub mod check;
pub mod console;
pub mod denial_view;
pub mod describe_view;
mod dispatch;
pub mod docs_gen;
pub mod explain_view;
pub mod layout;
pub mod package;
mod request;
pub mod verbs;

use std::ffi::OsString;

/// Does what the command line asks for and answers the exit code of the process.
pub fn run(words: impl IntoIterator<Item = OsString>) -> u8 {
    match args::Cli::read(words) {
        Ok(cli) => dispatch::dispatch(&cli),
        Err(usage) => dispatch::usage(&usage),
    }
}
