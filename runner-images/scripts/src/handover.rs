//! The pipe on which the runner takes what is for machines.
//!
//! Responsible for the tool not getting hold of it: the descriptor that came with the script's start is closed before any child is
//! started, and this process cannot be opened by others of the same user. What is handed over is still the job's word.

use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::process::ExitCode;

use nix::sys::prctl;
use protocol::frame::{REPORTS_VARIABLE, Report, ReportError};
use serde_json::Value;

use crate::exit_code;
use crate::report::Script;

/// The first descriptor that is not one of the usual three.
const FIRST: i32 = 3;

/// Why something is not among the reports.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// It is no report.
    #[error(transparent)]
    NoReport(#[from] ReportError),
    /// The runner does not read.
    #[error("the runner does not take it: {0}")]
    Write(#[from] io::Error),
}

/// The writing end, if a runner is there to read.
#[derive(Debug)]
pub struct Handover(Option<File>);

impl Handover {
    /// Takes the pipe out of the reach of children, and this process out of the reach of its user's other processes: they could
    /// read its environment, where the secrets are that no tool gets. Called first, before anything is opened or started.
    ///
    /// A script that cannot do that says so, and has to end with the code.
    pub fn claim(script: Script) -> Result<Self, ExitCode> {
        Self::take().map_err(|reason| {
            script.failure(format_args!(
                "cannot keep the environment from other processes: {reason}"
            ));
            ExitCode::from(exit_code::INTERNAL)
        })
    }

    fn take() -> io::Result<Self> {
        let given = env::var(REPORTS_VARIABLE)
            .ok()
            .and_then(|text| text.parse::<i32>().ok());
        let pipe = given.filter(|number| *number >= FIRST).and_then(|number| {
            let pipe = OpenOptions::new()
                .write(true)
                .open(format!("/proc/self/fd/{number}"))
                .ok();
            // It is ours from the start, and nothing else has been opened yet.
            nix::unistd::close(number).ok();
            pipe
        });
        prctl::set_dumpable(false)?;
        Ok(Self(pipe))
    }

    /// Whether anybody reads.
    pub const fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Hands over what came of a script's work, as a report of that kind.
    pub fn send_result(&mut self, kind: &str, result: &Value) -> Result<(), HandoverError> {
        let kind = [("report".to_owned(), kind.into())];
        let result = result.as_object().cloned().unwrap_or_default();
        let report = Report::new(kind.into_iter().chain(result).collect())?;
        Ok(self.send(&report)?)
    }

    /// Hands one report over.
    pub fn send(&mut self, report: &Report) -> io::Result<()> {
        let Some(pipe) = &mut self.0 else { return Ok(()) };
        let mut line = serde_json::to_vec(report.object())?;
        line.push(b'\n');
        pipe.write_all(&line)
    }
}
