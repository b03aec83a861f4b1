//! What the script itself says, always on standard error: standard output belongs to the tool.
//!
//! Responsible for the form of these lines. Never repeats the value of a variable.

use std::fmt::Display;
use std::io::{self, Write as _};

/// The scripts, by the names that people know them by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// `infrastructure-deploy-script`.
    Deploy,
    /// `terraform-update-variable`.
    UpdateVariable,
    /// `build-packer-artifact`.
    BuildPackerArtifact,
    /// `build-docker-image`.
    BuildDockerImage,
}

impl Script {
    /// The name of the program.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deploy => "infrastructure-deploy-script",
            Self::UpdateVariable => "terraform-update-variable",
            Self::BuildPackerArtifact => "build-packer-artifact",
            Self::BuildDockerImage => "build-docker-image",
        }
    }

    /// The reason why the script fails, in one line.
    pub fn failure(self, reason: impl Display) {
        self.write_line(&format_args!("error: {reason}"));
    }

    /// Nobody may be reading any more; that must not change how a deployment ends.
    fn write_line(self, line: &dyn Display) {
        drop(writeln!(io::stderr().lock(), "{}: {line}", self.name()));
    }
}

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
    script: Script,
    level: LogLevel,
}

impl Report {
    /// Lines of a script, of this level and of more importance.
    pub const fn new(script: Script, level: LogLevel) -> Self {
        Self { script, level }
    }

    /// A step.
    pub fn step(self, line: impl Display) {
        self.script.write_line(&line);
    }

    /// A detail that helps to find a mistake.
    pub fn detail(self, line: impl Display) {
        if self.level == LogLevel::Debug {
            self.script.write_line(&line);
        }
    }
}
