//! What the script itself says, always on standard error: standard output belongs to the tool.
//!
//! Responsible for the form of these lines. Never repeats the value of a variable.

use std::fmt::Display;
use std::io::{self, Write as _};

const NAME: &str = "infrastructure-deploy-script";

/// How much the script says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum LogLevel {
    /// The steps.
    Info,
    /// The steps and the commands behind them.
    Debug,
}

/// Writes the script's own lines.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    level: LogLevel,
}

impl Report {
    /// Lines of this level and of more importance.
    pub const fn new(level: LogLevel) -> Self {
        Self { level }
    }

    /// A step.
    pub fn step(self, line: impl Display) {
        write_line(&line);
    }

    /// A detail that helps to find a mistake.
    pub fn detail(self, line: impl Display) {
        if self.level == LogLevel::Debug {
            write_line(&line);
        }
    }
}

/// The reason why the script fails, in one line.
pub fn failure(reason: impl Display) {
    write_line(&format_args!("error: {reason}"));
}

/// Nobody may be reading any more; that must not change how a deployment ends.
fn write_line(line: &dyn Display) {
    drop(writeln!(io::stderr().lock(), "{NAME}: {line}"));
}
