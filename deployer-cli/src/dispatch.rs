//! From the command line to the command: one arm each. Does no work itself.

use std::io::Write as _;

use protocol::ExitCode;

use crate::args::{Cli, Command};
use crate::request::{key, request};

/// Does what the command line asks for.
pub(crate) fn dispatch(cli: &Cli) -> ExitCode {
    match &cli.command {
        Some(
            Command::Attach(_)
            | Command::Cancel(_)
            | Command::Runs
            | Command::Check(_)
            | Command::Package(_)
            | Command::Completions(_)
            | Command::Man,
        ) => failed("this command is not part of this build"),
        None => match request(&cli.words, &cli.run, &cli.view).and_then(|_request| key(&cli.run)) {
            Ok(_key) => failed("this build speaks only --local: give `--local --config FILE`"),
            Err(error) => failed(&error.to_string()),
        },
    }
}

fn failed(message: &str) -> ExitCode {
    // Nobody is left to tell when the message itself cannot be written.
    let _unwritable = writeln!(std::io::stderr(), "infrastructure-deployer: {message}");
    ExitCode::DeployerFailed
}

/// Shows help or version on standard output, a usage error on standard error. Returns the exit code.
pub(crate) fn usage(error: &clap::Error) -> u8 {
    // Nobody is left to tell when the message itself cannot be written.
    let _unwritable = error.print();
    if error.use_stderr() {
        ExitCode::DeployerFailed.code()
    } else {
        0
    }
}
