//! Writes what a container says where it belongs: the run's log, or the words of the runner about itself.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use bollard::container::LogOutput;
use gatekeeper::compiled::Entrypoint;
use protocol::frame::MAX_FRAME_BYTES;

use crate::state::RunDir;

/// The files of a run's output.
#[derive(Debug)]
pub(super) struct Log {
    frames: File,
    /// Where standard error goes: the runner's words about itself, or lines of the log like any other.
    errors: Errors,
    /// Lines of the image's own entry point whose ends have not come yet.
    out: Line,
    error: Line,
}

#[derive(Debug)]
enum Errors {
    Diagnostics(File),
    Lines,
}

/// A line in the making.
#[derive(Debug, Default)]
struct Line(Vec<u8>);

impl Log {
    pub(super) fn open(dir: &RunDir, entrypoint: Entrypoint) -> io::Result<Self> {
        Ok(Self {
            frames: append(&dir.frames())?,
            errors: match entrypoint {
                Entrypoint::DeployRunner => Errors::Diagnostics(append(&dir.diagnostics())?),
                Entrypoint::Image => Errors::Lines,
            },
            out: Line::default(),
            error: Line::default(),
        })
    }

    /// Takes one piece of output, of any length.
    pub(super) fn write(&mut self, output: &LogOutput) -> io::Result<()> {
        let (is_error, bytes) = match output {
            LogOutput::StdErr { message } => (true, message),
            LogOutput::StdOut { message } | LogOutput::Console { message } => (false, message),
            LogOutput::StdIn { .. } => return Ok(()),
        };
        match (&mut self.errors, is_error) {
            (Errors::Diagnostics(file), true) => file.write_all(bytes),
            (Errors::Diagnostics(_), false) => self.frames.write_all(bytes),
            (Errors::Lines, true) => self.error.take(bytes, &mut self.frames),
            (Errors::Lines, false) => self.out.take(bytes, &mut self.frames),
        }
    }

    /// Ends lines that the image's own entry point did not end.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.out.end(&mut self.frames)?;
        self.error.end(&mut self.frames)
    }
}

impl Line {
    /// Two outputs share the log, so only whole lines go there. One that is too long for it is cut.
    fn take(&mut self, bytes: &[u8], log: &mut impl Write) -> io::Result<()> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            for piece in part.chunks(MAX_FRAME_BYTES) {
                if self.0.len() + piece.len() > MAX_FRAME_BYTES {
                    self.end(log)?;
                }
                self.0.extend_from_slice(piece);
            }
            if self.0.ends_with(b"\n") {
                log.write_all(&self.0)?;
                self.0.clear();
            }
        }
        Ok(())
    }

    fn end(&mut self, log: &mut impl Write) -> io::Result<()> {
        if !self.0.is_empty() {
            self.0.push(b'\n');
            log.write_all(&self.0)?;
            self.0.clear();
        }
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pieces: &[&str], expected: &str) {
        let mut line = Line::default();
        let mut log = Vec::new();
        for piece in pieces {
            line.take(piece.as_bytes(), &mut log).unwrap();
        }
        line.end(&mut log).unwrap();
        assert_eq!(String::from_utf8(log).unwrap(), expected);
    }

    #[test]
    fn lines_come_whole_however_they_are_cut_on_the_way() {
        check(&["one\ntw", "o\n", "", "three"], "one\ntwo\nthree\n");
        check(&["\n\n"], "\n\n");
        check(&[], "");
    }

    #[test]
    fn a_line_that_is_too_long_for_the_log_is_cut_and_nothing_of_it_is_lost() {
        let long = "x".repeat(MAX_FRAME_BYTES * 2 + 5);
        let mut line = Line::default();
        let mut written = Vec::new();
        line.take(format!("{long}\nnext\n").as_bytes(), &mut written).unwrap();
        let text = String::from_utf8(written).unwrap();
        assert_eq!(text.replace('\n', ""), format!("{long}next"));
        assert!(text.lines().all(|line| line.len() <= MAX_FRAME_BYTES));
        assert!(text.ends_with("\nnext\n"));
    }
}
