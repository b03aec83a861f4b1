//! Reads one frame. Strict: a text is one frame in one reading, or an error. Borrows from the text wherever it can.

use std::borrow::Cow;

use super::escape::unescape;
use super::report::MARK;
use super::{Channel, MAX_FRAME_BYTES, Trailer};

/// Highest sequence that is read: far beyond any run, and far from where numbers overflow.
const MAX_SEQUENCE: u64 = 999_999_999_999_999;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its place, counted from 1.
    pub sequence: u64,
    /// What it holds.
    pub body: Body<'a>,
}

/// What a frame holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body<'a> {
    /// A piece of the job's output.
    Output(Chunk<'a>),
    /// The end. Believed only by an [`Assembler`](super::Assembler), which knows whether it is the last frame.
    Trailer(Trailer),
}

/// A piece of a job's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Where the job wrote it.
    pub channel: Channel,
    /// What it wrote, without the newline.
    pub bytes: Cow<'a, [u8]>,
    /// A newline follows.
    pub newline: bool,
    /// Output, or a report.
    pub kind: Kind,
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The job's output.
    Output,
    /// A report: its bytes are one JSON object.
    Report,
}

impl Chunk<'_> {
    /// Appends exactly what the job wrote.
    pub fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes);
        if self.newline {
            out.push(b'\n');
        }
    }

    /// The same piece, independent of the frame's text.
    pub fn into_owned(self) -> Chunk<'static> {
        Chunk {
            channel: self.channel,
            bytes: Cow::Owned(self.bytes.into_owned()),
            newline: self.newline,
            kind: self.kind,
        }
    }
}

/// Why a text is not a frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// It does not start as a frame does: most likely a line of a program that writes without our runner.
    #[error("not a log frame: expected a sequence from 1, a blank and one of o, O, e, E, =")]
    NotAFrame,
    /// Longer than any frame.
    #[error("log frame of {bytes} bytes is too long: at most {MAX_FRAME_BYTES} bytes are read")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// A backslash that is not part of `\\` or `\xHH`.
    #[error(
        r"log frame with a wrong escape: expected `\\` or `\x` and two lower-case hexadecimal digits after a backslash"
    )]
    Escape,
    /// A trailer that cannot be read.
    #[error("log trailer was not understood: {0}")]
    Trailer(#[from] serde_json::Error),
}

/// Reads one frame, given without its line end.
pub fn decode(text: &str) -> Result<Frame<'_>, FrameError> {
    let text = text.as_bytes();
    if text.len() > MAX_FRAME_BYTES {
        return Err(FrameError::TooLong { bytes: text.len() });
    }
    let (sequence, rest) = sequence(text).ok_or(FrameError::NotAFrame)?;
    let (letter, text) = match rest {
        [letter] => (*letter, [].as_slice()),
        [letter, b' ', text @ ..] => (*letter, text),
        _ => return Err(FrameError::NotAFrame),
    };
    let piece = |channel, newline, kind| {
        let bytes = unescape(text)?;
        Ok(Body::Output(Chunk {
            channel,
            bytes,
            newline,
            kind,
        }))
    };
    let output = |channel, newline| piece(channel, newline, Kind::Output);
    let body = match letter {
        b'e' if text.starts_with(MARK) => piece(Channel::Stderr, true, Kind::Report),
        b'o' => output(Channel::Stdout, true),
        b'O' => output(Channel::Stdout, false),
        b'e' => output(Channel::Stderr, true),
        b'E' => output(Channel::Stderr, false),
        b'=' => trailer(text).map(Body::Trailer),
        _ => Err(FrameError::NotAFrame),
    }?;
    Ok(Frame { sequence, body })
}

fn trailer(json: &[u8]) -> Result<Trailer, FrameError> {
    if json.first() != Some(&b'{') {
        return Err(FrameError::Trailer(serde::de::Error::custom(
            "expected one JSON object",
        )));
    }
    Ok(serde_json::from_slice(json)?)
}

/// The sequence at the start, and what follows the blank after it.
fn sequence(text: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    let mut rest = text;
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        number = number * 10 + u64::from(digit - b'0');
        if number == 0 || number > MAX_SEQUENCE {
            return None;
        }
        rest = after;
    }
    match rest {
        [b' ', after @ ..] if number > 0 => Some((number, after)),
        _ => None,
    }
}
