//! Writes frames to the runner's standard output. After a failure it writes nothing more: half a log must not look whole.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use protocol::frame::{Channel, Encoder, MAX_REPORT_BYTES};

use super::reports::Taken;
use super::{LogError, Verdict, tell, told};
use crate::wait;

/// The frames of this run, and where they go.
pub(super) struct Framing {
    encoder: Encoder,
    sink: File,
    buffer: Vec<u8>,
    failure: Option<io::Error>,
    news: UnixStream,
}

impl Framing {
    pub(super) fn new(sink: File, news: UnixStream) -> Self {
        Self {
            encoder: Encoder::new(),
            sink,
            buffer: Vec::new(),
            failure: None,
            news,
        }
    }

    /// Writes these bytes of the job's output.
    pub(super) fn write(&mut self, channel: Channel, bytes: &[u8]) {
        if self.failure.is_some() || bytes.is_empty() {
            return;
        }
        self.encoder.encode(channel, bytes, &mut self.buffer);
        self.flush();
    }

    /// Writes what the script handed over, and how much of it was no report.
    pub(super) fn write_reports(&mut self, taken: Taken) {
        for report in taken.reports {
            // A report was measured when it was read, so it fits.
            if self.failure.is_none() && self.encoder.report(&report, &mut self.buffer).is_ok() {
                self.flush();
            }
        }
        if taken.left_out > 0 {
            let words = format!(
                "deploy-runner: {} of the job's reports were left out: expected at most 8, each one JSON object of at most {MAX_REPORT_BYTES} bytes\n",
                taken.left_out
            );
            self.write(Channel::Stderr, words.as_bytes());
        }
    }

    fn flush(&mut self) {
        if let Err(error) = write_fully(&self.sink, &self.buffer) {
            self.failure = Some(error);
            tell(&self.news, told::FAILED);
        }
        self.buffer.clear();
    }

    pub(super) fn tell_closed(&self) {
        tell(&self.news, told::CLOSED);
    }

    /// Writes the trailer, unless something before it is missing.
    pub(super) fn finish(mut self, verdict: Verdict) -> Result<(), LogError> {
        if let Some(error) = self.failure {
            return Err(LogError::Write(error));
        }
        let trailer = self.encoder.finish(verdict.exit, verdict.cause, &mut self.buffer);
        trailer.map_err(|error| LogError::Trailer(error.into()))?;
        write_fully(&self.sink, &self.buffer).map_err(LogError::Write)
    }
}

/// As `write_all`, also when whoever started us made our standard output non-blocking.
fn write_fully(mut sink: &File, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match sink.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait::writable(sink.as_fd()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
