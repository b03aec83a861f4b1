//! Reads both outputs of the job at once, masks secrets and cuts the bytes where frames read best. Memory is bounded whatever comes.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use protocol::frame::{Channel, MAX_FRAME_BYTES};

use super::framing::Framing;
use super::reports::Reports;
use super::{LogError, Verdict};
use crate::job::Outputs;
use crate::mask::{Masker, Masks};
use crate::wait;

/// A prompt is shown so long after its first byte.
const PROMPT_AFTER: Duration = Duration::from_millis(100);
const READ_BYTES: usize = 64 * 1024;
/// More than a pipe holds, so that all that was written before the end is read.
const MOST_AFTER_THE_END: usize = 2 * 1024 * 1024;
const NEVER: Duration = Duration::from_hours(1);

/// The thread that reads.
pub(super) struct Pump {
    outputs: [Output; 2],
    reports: Reports,
    framing: Framing,
    job_ended: UnixStream,
    buffer: Vec<u8>,
}

impl Pump {
    pub(super) fn new(outputs: Outputs, masks: &Masks, framing: Framing, job_ended: UnixStream) -> Self {
        Self {
            outputs: [
                Output::new(Channel::Stdout, OwnedFd::from(outputs.stdout), masks),
                Output::new(Channel::Stderr, OwnedFd::from(outputs.stderr), masks),
            ],
            reports: Reports::new(outputs.reports, masks),
            framing,
            job_ended,
            buffer: vec![0; READ_BYTES],
        }
    }

    /// Reads until both outputs are closed or the job is said to be over, then writes the verdict.
    pub(super) fn run(mut self, verdicts: &Receiver<Verdict>) -> Result<(), LogError> {
        while self.any_open() && !self.round() {}
        if !self.any_open() {
            self.framing.tell_closed();
        }
        let verdict = verdicts.recv().map_err(|_the_loop_is_gone| LogError::Lost)?;
        for output in &mut self.outputs {
            output.read_what_is_there(&mut self.buffer, &mut self.framing);
            output.close(&mut self.framing);
        }
        self.framing.write_reports(self.reports.take());
        self.framing.finish(verdict)
    }

    fn any_open(&self) -> bool {
        self.outputs.iter().any(|output| output.pipe.is_some())
    }

    /// Waits for output once and passes it on; answers whether the job is over.
    fn round(&mut self) -> bool {
        let wake = self.outputs.iter().filter_map(|output| output.show_at).min();
        let [stdout, stderr] = &self.outputs;
        let ended = self.job_ended.as_fd();
        // A pipe that is closed is replaced by one that is waited for anyway.
        let sources = [ended, stdout.pipe_or(ended), stderr.pipe_or(ended)];
        let [over, first, second] = wait::readable(sources, wake.unwrap_or_else(|| Instant::now() + NEVER));
        for (output, ready) in self.outputs.iter_mut().zip([first, second]) {
            if ready {
                output.read(&mut self.buffer, &mut self.framing);
            }
            output.show_prompt(&mut self.framing);
        }
        over
    }
}

/// One of the two.
struct Output {
    channel: Channel,
    pipe: Option<File>,
    masker: Masker,
    /// Masked, not framed yet: the start of a line.
    line: Vec<u8>,
    /// When to show it although its end has not come.
    show_at: Option<Instant>,
}

impl Output {
    fn new(channel: Channel, pipe: OwnedFd, masks: &Masks) -> Self {
        Self {
            channel,
            pipe: Some(pipe.into()),
            masker: masks.masker(),
            line: Vec::new(),
            show_at: None,
        }
    }

    fn pipe_or<'a>(&'a self, other: BorrowedFd<'a>) -> BorrowedFd<'a> {
        self.pipe.as_ref().map_or(other, AsFd::as_fd)
    }

    /// Reads once, which does not block on a pipe that is ready; answers how much came.
    fn read(&mut self, buffer: &mut [u8], framing: &mut Framing) -> usize {
        let Some(pipe) = &mut self.pipe else { return 0 };
        match pipe.read(buffer) {
            Ok(count @ 1..) => {
                self.take(buffer.get(..count).unwrap_or_default(), framing);
                count
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => 0,
            Ok(_) | Err(_) => {
                self.close(framing);
                0
            }
        }
    }

    fn take(&mut self, bytes: &[u8], framing: &mut Framing) {
        self.masker.push(bytes, &mut self.line);
        let whole_lines = self
            .line
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |newline| newline + 1);
        let after = self.line.len() - whole_lines;
        self.frame(
            if after < MAX_FRAME_BYTES {
                whole_lines
            } else {
                self.whole_characters()
            },
            framing,
        );
        if whole_lines > 0 || self.show_at.is_none() {
            self.show_at = (!self.line.is_empty()).then(|| Instant::now() + PROMPT_AFTER);
        }
    }

    fn frame(&mut self, bytes: usize, framing: &mut Framing) {
        framing.write(self.channel, self.line.get(..bytes).unwrap_or_default());
        self.line.drain(..bytes);
    }

    fn show_prompt(&mut self, framing: &mut Framing) {
        if self.show_at.is_some_and(|moment| Instant::now() >= moment) {
            self.show_at = None;
            self.frame(self.whole_characters(), framing);
        }
    }

    /// How much of the line does not end in the middle of a character.
    fn whole_characters(&self) -> usize {
        let is_cut = |tail: &[u8]| std::str::from_utf8(tail).is_err_and(|error| error.error_len().is_none());
        let end = self.line.len();
        let cut = (1..4).find(|length| {
            end.checked_sub(*length)
                .and_then(|start| self.line.get(start..))
                .is_some_and(is_cut)
        });
        end - cut.unwrap_or(0)
    }

    fn read_what_is_there(&mut self, buffer: &mut [u8], framing: &mut Framing) {
        let mut taken = 0;
        while let Some(pipe) = &self.pipe
            && taken < MOST_AFTER_THE_END
            && wait::readable([pipe.as_fd()], Instant::now()) == [true]
        {
            taken += self.read(buffer, framing);
        }
    }

    fn close(&mut self, framing: &mut Framing) {
        self.pipe = None;
        self.masker.finish(&mut self.line);
        self.frame(self.line.len(), framing);
        self.show_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_an_end_is_passed_on_as_it_comes() {
        let (reader, _writer) = std::io::pipe().unwrap();
        let (news, _told) = UnixStream::pair().unwrap();
        let masks = Masks::of(std::iter::empty()).unwrap();
        let mut framing = Framing::new(File::options().write(true).open("/dev/null").unwrap(), news);
        let mut output = Output::new(Channel::Stdout, reader.into(), &masks);
        output.take(&[b'x'; MAX_FRAME_BYTES - 1], &mut framing);
        assert_eq!(output.line.len(), MAX_FRAME_BYTES - 1);
        output.take(&vec![b'x'; 50_000], &mut framing);
        assert_eq!(output.line.len(), 0);
    }
}
