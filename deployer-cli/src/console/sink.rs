//! One of the two streams, and what the job's bytes go through before they reach it.
//!
//! Never: knows what else is on the screen.

use std::io::{self, Write};

use super::neutralise::Neutraliser;
use super::screen::{Screen, screen_after};
use super::settings::Treatment;

/// Why the job's output could not be passed on.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The reader has gone, as `head` does. Not a failure of the run.
    #[error("{0} was closed by its reader: the rest of the output is not shown")]
    Closed(&'static str),
    /// The stream failed, a full disk for example.
    #[error("cannot write to {stream}: {source}")]
    Failed {
        /// Which stream.
        stream: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

/// A stream and what is done to the job's bytes before they go there.
#[derive(Debug)]
pub(super) struct Sink<W> {
    name: &'static str,
    pub(super) writer: W,
    filter: Option<Neutraliser>,
    /// The stream, taken alone, stands in the middle of a line of the job.
    line_open: bool,
    pub(super) buffer: Vec<u8>,
}

impl<W: Write> Sink<W> {
    pub(super) fn new(name: &'static str, writer: W, treatment: Treatment) -> Self {
        let filter = match treatment {
            Treatment::Exact => None,
            Treatment::Terminal => Some(Neutraliser::new(None)),
            Treatment::Log(ci) => Some(Neutraliser::new(Some(ci))),
        };
        Self {
            name,
            writer,
            filter,
            line_open: false,
            buffer: Vec::new(),
        }
    }

    /// Writes what `fill` makes, and answers it.
    pub(super) fn pass(
        &mut self,
        fill: impl FnOnce(Option<&mut Neutraliser>, &mut Vec<u8>),
    ) -> Result<&[u8], OutputError> {
        self.buffer.clear();
        fill(self.filter.as_mut(), &mut self.buffer);
        let written = self.writer.write_all(&self.buffer);
        written.map_err(|error| self.failure(error))?;
        if let Some(screen) = screen_after(&self.buffer) {
            self.line_open = screen == Screen::JobLine;
        }
        Ok(&self.buffer)
    }

    /// The stream, taken alone, stands in the middle of a line of the job.
    pub(super) const fn is_line_open(&self) -> bool {
        self.line_open
    }

    /// The line of the stream ends here, by us. True when that would complete a command of the job.
    pub(super) fn end_line(&mut self) -> bool {
        self.line_open = false;
        self.filter.as_mut().is_some_and(Neutraliser::end_line)
    }

    pub(super) fn flush(&mut self) -> Result<(), OutputError> {
        let flushed = self.writer.flush();
        flushed.map_err(|error| self.failure(error))
    }

    pub(super) fn open_style(&self) -> &[u8] {
        self.filter.as_ref().map_or(&[], Neutraliser::open_style)
    }

    fn failure(&self, error: io::Error) -> OutputError {
        if error.kind() == io::ErrorKind::BrokenPipe {
            OutputError::Closed(self.name)
        } else {
            OutputError::Failed {
                stream: self.name,
                source: error,
            }
        }
    }
}
