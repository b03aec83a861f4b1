//! The exit codes of the scripts themselves.
//!
//! Responsible for one meaning of each code, whichever script exits with it. They keep clear of the tools' codes (0, 1 and 2) and
//! of those that the deployer gives a meaning to (120 to 125). The names are those of `sysexits.h`.

/// The command line is wrong.
pub const USAGE: u8 = 64;
/// What was given cannot be read, or is of the wrong kind.
pub const UNSUITABLE: u8 = 65;
/// What was asked for is not there: a repository, commit, branch, file, directory, saved plan.
pub const NOT_THERE: u8 = 66;
/// A server cannot be reached, or does not work.
pub const UNAVAILABLE: u8 = 69;
/// A program behaved in a way that the script does not know.
pub const INTERNAL: u8 = 70;
/// A disk is full, or cannot be written or read.
pub const INPUT_OUTPUT: u8 = 74;
/// It did not work this time and may work the next.
pub const TRY_AGAIN: u8 = 75;
/// Not allowed.
pub const REFUSED: u8 = 77;
/// What is declared for the container, or in the template, is missing or wrong: credentials, host keys, certificates, permissions, addresses,
/// tags.
pub const DECLARATION: u8 = 78;
/// A program cannot be started.
pub const NOT_STARTED: u8 = 126;
/// A program is missing.
pub const MISSING: u8 = 127;

/// Prints clap's message, which may also be the help that was asked for, and returns the code for it.
pub fn of_command_line(message: &clap::Error) -> u8 {
    let printed = message.print().is_ok();
    if message.use_stderr() || !printed { USAGE } else { 0 }
}
