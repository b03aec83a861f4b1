//! The log frame format: how a job's output crosses a log store that delivers late, twice or out of order, byte for byte.
//!
//! Responsible for: the text of one frame ([`Encoder`], [`decode`]), its escape, the trailer that proves completeness, and the
//! [`Assembler`] that restores the order. Never: reads, writes, waits, or believes a trailer that is not the last frame.
//!
//! A frame is one line of text:
//!
//! ```text
//! <sequence> o <text>      a line of standard output, its newline left out
//! <sequence> O <text>      a piece of standard output that no newline follows: a prompt, or a part of a long line
//! <sequence> e <text>      a line of standard error
//! <sequence> E <text>      a piece of standard error
//! <sequence> = <json>      the trailer, always the last frame
//! <sequence> e \x7b<json>  a report: a JSON object whose first brace is escaped
//! ```
//!
//! * Sequences start at 1 and rise by 1; they are decimal, without leading zeros. The trailer has the next one after the last line.
//! * A frame is UTF-8 and at most [`MAX_FRAME_BYTES`] long, its own line end not counted.
//! * An empty text is left out together with the blank before it (`7 o`), and a blank at the end of a text is escaped: no frame
//!   ends with a blank, so a store that trims lines changes nothing. No frame is empty, so a store that drops empty lines loses nothing.
//! * In the text `\\` is a backslash and `\xHH` (two lower-case hexadecimal digits) is one byte. The encoder writes `\xHH` for every
//!   byte that is not part of valid UTF-8, and for each byte of a control character (all of them but the tab), of U+2028, U+2029 and
//!   U+FEFF. A backslash followed by anything else is an error. Everything else stands for itself.
//! * A report is one JSON object that the job handed to the runner apart from its output. Only the runner can write one: the encoder
//!   never escapes a brace of the job's output, so no output ever begins like that. A reader that does not know reports sees a line of
//!   standard error with the JSON in it, and its proof of completeness is the same.
//! * The trailer's `sha256` is the digest of all frames before it, in order, each followed by one line feed; `lines` is their number.

mod assemble;
mod decode;
mod encode;
mod escape;
mod report;
mod trailer;

pub use assemble::{AssembleError, Assembler, Completeness, Gaps};
pub use decode::{Body, Chunk, Frame, FrameError, Kind, decode};
pub use encode::Encoder;
pub use report::{MAX_REPORT_BYTES, REPORTS_VARIABLE, Report, ReportError};
pub use trailer::{Cause, Trailer};

/// Longest frame in bytes, its line end not counted: container log drivers cut lines at 16 KiB.
pub const MAX_FRAME_BYTES: usize = 16_000;

/// Which of the job's two outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Channel {
    const fn letter(self, newline: bool) -> u8 {
        match (self, newline) {
            (Self::Stdout, true) => b'o',
            (Self::Stdout, false) => b'O',
            (Self::Stderr, true) => b'e',
            (Self::Stderr, false) => b'E',
        }
    }
}
