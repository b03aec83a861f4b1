//! Turns a job's output into frames. Never holds output back: what should wait for its line end waits with the caller.

use sha2::{Digest, Sha256};

use super::escape::{SEAL_ROOM, escape, seal_trailing_blank};
use super::{Cause, Channel, MAX_FRAME_BYTES, Report, ReportError, Trailer};

/// Writes the frames of one run, in order, and its trailer.
#[derive(Debug, Clone)]
pub struct Encoder {
    frames: u64,
    digest: Sha256,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// Starts at the first frame of a run.
    pub fn new() -> Self {
        Self {
            frames: 0,
            digest: Sha256::new(),
        }
    }

    /// Appends the frames for these bytes to `out`, each with a line feed.
    ///
    /// Every line that is whole becomes one frame, or several if it is long; what follows the last newline becomes a piece without one. The
    /// bytes may be cut anywhere: only the number of frames depends on it, never what is read back.
    pub fn encode(&mut self, channel: Channel, bytes: &[u8], out: &mut Vec<u8>) {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            self.line(channel, line, true, out);
            rest = after.get(1..).unwrap_or_default();
        }
        if !rest.is_empty() {
            self.line(channel, rest, false, out);
        }
    }

    /// Appends the frame of a report. It counts as every other frame does.
    pub fn report(&mut self, report: &Report, out: &mut Vec<u8>) -> Result<(), ReportError> {
        let text = report.escaped()?;
        let start = self.open(Channel::Stderr.letter(true), out);
        out.extend_from_slice(&text);
        out.push(b'\n');
        self.digest.update(out.get(start..).unwrap_or_default());
        Ok(())
    }

    fn line(&mut self, channel: Channel, line: &[u8], newline: bool, out: &mut Vec<u8>) {
        let mut rest = line;
        loop {
            rest = self.piece(channel, rest, newline, out);
            if rest.is_empty() {
                return;
            }
        }
    }

    /// Writes one frame and answers what did not fit.
    fn piece<'a>(&mut self, channel: Channel, text: &'a [u8], newline: bool, out: &mut Vec<u8>) -> &'a [u8] {
        let start = self.open(channel.letter(newline), out);
        let text_start = out.len();
        let room = MAX_FRAME_BYTES.saturating_sub(text_start - start + SEAL_ROOM);
        let rest = escape(text, room, out);
        if !rest.is_empty()
            && let Some(letter) = out.get_mut(text_start.saturating_sub(2))
        {
            *letter = channel.letter(false);
        }
        if out.len() == text_start {
            out.pop();
        }
        seal_trailing_blank(text_start, out);
        out.push(b'\n');
        self.digest.update(out.get(start..).unwrap_or_default());
        rest
    }

    /// Writes what comes before a frame's text and answers where the frame starts.
    fn open(&mut self, letter: u8, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        self.frames += 1;
        push_number(self.frames, out);
        out.extend_from_slice(&[b' ', letter, b' ']);
        start
    }

    /// Appends the trailer. There is nothing after it.
    pub fn finish(mut self, exit: u8, cause: Cause, out: &mut Vec<u8>) -> Result<Trailer, serde_json::Error> {
        let trailer = Trailer {
            exit,
            cause: cause.fit_for_a_frame(),
            lines: self.frames,
            sha256: hex::encode(self.digest.finalize_reset()),
        };
        let json = serde_json::to_vec(&trailer)?;
        self.open(b'=', out);
        out.extend_from_slice(&json);
        out.push(b'\n');
        Ok(trailer)
    }
}

fn push_number(number: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut rest = number;
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits.iter().skip(20 - used));
}
