//! What the script hands over for machines: JSON objects, one a line, on a pipe of its own.
//!
//! Responsible for its bounds, and for secrets being masked in it too. It is read once, after the script's end, so it never delays
//! anything; what does not fit into the pipe is the script's loss. Never believes a word of it: it is the job's.

use std::fs::File;
use std::io::{PipeReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use protocol::frame::Report;

use crate::mask::{Masker, Masks};
use crate::wait;

const MOST_BYTES: usize = 64 * 1024;
const MOST_REPORTS: usize = 8;

/// The reading end.
pub(super) struct Reports {
    pipe: File,
    masker: Masker,
}

/// What was handed over.
pub(super) struct Taken {
    pub(super) reports: Vec<Report>,
    /// How many lines were not reports, or too many.
    pub(super) left_out: usize,
}

impl Reports {
    pub(super) fn new(pipe: PipeReader, masks: &Masks) -> Self {
        Self {
            pipe: OwnedFd::from(pipe).into(),
            masker: masks.masker(),
        }
    }

    /// Takes what is there. Waits for nothing.
    pub(super) fn take(mut self) -> Taken {
        let bytes = self.read();
        let mut text = Vec::new();
        self.masker.push(&bytes, &mut text);
        self.masker.finish(&mut text);
        let mut taken = Taken {
            reports: Vec::new(),
            left_out: 0,
        };
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match Report::parse(line) {
                Ok(report) if taken.reports.len() < MOST_REPORTS => taken.reports.push(report),
                Ok(_) | Err(_) => taken.left_out += 1,
            }
        }
        taken
    }

    fn read(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        while bytes.len() < MOST_BYTES && wait::readable([self.pipe.as_fd()], Instant::now()) == [true] {
            match self.pipe.read(&mut buffer) {
                Ok(count @ 1..) => bytes.extend_from_slice(buffer.get(..count).unwrap_or_default()),
                Ok(_) | Err(_) => break,
            }
        }
        bytes
    }
}
