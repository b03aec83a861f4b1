//! Restores a run's output from frames that arrive late, twice or out of order, and judges whether it is all there.
//!
//! Never guesses: a missing frame is always noticed, and memory is bounded whatever arrives.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};

use super::decode::{Body, Chunk, FrameError, decode};
use super::trailer::Trailer;

/// Bytes of frames that may wait for an earlier one.
const DEFAULT_WAITING_BYTES: usize = 16 * 1024 * 1024;
/// What a waiting frame costs besides its text.
const WAITING_FRAME_OVERHEAD: usize = 64;
/// How many separate gaps are listed. More are only counted.
const MAX_LISTED_GAPS: usize = 64;

/// Why a frame was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// It is no frame. It counts as missing if it was one.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The frame came after the trailer, or the trailer came though later frames had been seen.
    #[error("log frame `{sequence}` comes after the trailer `{trailer}`: this log is not to be trusted")]
    AfterTrailer {
        /// The later frame.
        sequence: u64,
        /// The trailer's place.
        trailer: u64,
    },
    /// Too much waits for a frame that does not come. The frame was not kept: give up the gap, then push it again.
    #[error(
        "log frame `{missing}` is still missing while {waiting_bytes} bytes of later frames wait for it: give it up to read on"
    )]
    TooFarOutOfOrder {
        /// The frame that all the others wait for.
        missing: u64,
        /// What is waiting, in bytes.
        waiting_bytes: usize,
    },
}

/// Frames that never came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gaps {
    frames: u64,
    ranges: Vec<RangeInclusive<u64>>,
}

impl Gaps {
    /// How many frames are missing.
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// Their sequences: the first gaps, in order.
    pub fn ranges(&self) -> &[RangeInclusive<u64>] {
        &self.ranges
    }

    fn add(&mut self, gap: RangeInclusive<u64>) {
        self.frames = self.frames.saturating_add((gap.end() - gap.start()).saturating_add(1));
        if self.ranges.len() < MAX_LISTED_GAPS {
            self.ranges.push(gap);
        }
    }
}

/// What is known about a log when no more frames will come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    /// Everything is there, in order, and unchanged.
    Complete {
        /// The last frame.
        trailer: Trailer,
    },
    /// Frames are missing. Without a trailer, there may be more behind the last one.
    Missing {
        /// Which.
        gaps: Gaps,
        /// The last frame, if it came.
        trailer: Option<Trailer>,
    },
    /// Nothing is missing up to the last frame, but the trailer never came: there may be more.
    NoTrailer {
        /// How many frames came.
        frames: u64,
    },
    /// Every frame is there, and the trailer's number or digest says that they are not what was sent.
    Altered {
        /// The last frame.
        trailer: Trailer,
    },
}

/// Takes the frames of one run in any order and delivers the output in order, each piece once.
#[derive(Debug)]
pub struct Assembler {
    next: u64,
    highest: u64,
    waiting: BTreeMap<u64, Box<str>>,
    waiting_bytes: usize,
    waiting_limit: usize,
    gaps: Gaps,
    digest: Sha256,
    trailer: Option<(u64, Trailer)>,
}

impl Default for Assembler {
    fn default() -> Self {
        Self::new()
    }
}

impl Assembler {
    /// Starts at the first frame of a run.
    pub fn new() -> Self {
        Self::with_waiting_limit(DEFAULT_WAITING_BYTES)
    }

    /// As [`Assembler::new`], with another limit for the frames that wait for an earlier one, in bytes.
    pub fn with_waiting_limit(bytes: usize) -> Self {
        Self {
            next: 1,
            highest: 0,
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            waiting_limit: bytes,
            gaps: Gaps::default(),
            digest: Sha256::new(),
            trailer: None,
        }
    }

    /// Takes one frame, given without its line end, and delivers every piece of output whose turn has come.
    ///
    /// A frame that came before changes nothing. After an error the assembler goes on with the next frame.
    pub fn push(&mut self, text: &str, mut deliver: impl FnMut(Chunk<'_>)) -> Result<(), AssembleError> {
        let frame = decode(text)?;
        match frame.body {
            Body::Trailer(trailer) => self.accept_trailer(frame.sequence, trailer),
            Body::Output(chunk) => {
                self.check_before_trailer(frame.sequence)?;
                if frame.sequence > self.next {
                    return self.keep(frame.sequence, text);
                }
                self.highest = self.highest.max(frame.sequence);
                if frame.sequence == self.next {
                    self.take(text);
                    deliver(chunk);
                    self.deliver_waiting(&mut deliver);
                }
                Ok(())
            }
        }
    }

    /// The frame that the next piece of output waits for, if later frames are here already.
    pub fn waiting_for(&self) -> Option<u64> {
        let trailer_waits = self.trailer.as_ref().is_some_and(|(sequence, _)| *sequence > self.next);
        (trailer_waits || !self.waiting.is_empty()).then_some(self.next)
    }

    /// Every frame up to the trailer has been delivered: nothing more can come.
    pub fn is_complete(&self) -> bool {
        self.gaps.frames == 0
            && self
                .trailer
                .as_ref()
                .is_some_and(|(sequence, _)| *sequence == self.next)
    }

    /// Gives up the frames that the others wait for, notes them as missing for good, and delivers what waited.
    pub fn give_up_gap(&mut self, mut deliver: impl FnMut(Chunk<'_>)) -> Option<RangeInclusive<u64>> {
        let after = match (self.waiting.first_key_value(), &self.trailer) {
            (Some((sequence, _)), _) | (None, Some((sequence, _))) => *sequence,
            (None, None) => return None,
        };
        if after <= self.next {
            return None;
        }
        let gap = self.next..=after - 1;
        self.gaps.add(gap.clone());
        self.next = after;
        self.deliver_waiting(&mut deliver);
        Some(gap)
    }

    /// Says whether everything came, after delivering what still waits behind a gap.
    pub fn finish(mut self, mut deliver: impl FnMut(Chunk<'_>)) -> Completeness {
        while self.give_up_gap(&mut deliver).is_some() {}
        let trailer = self.trailer.take();
        if self.gaps.frames > 0 {
            return Completeness::Missing {
                gaps: self.gaps,
                trailer: trailer.map(|(_, trailer)| trailer),
            };
        }
        let Some((sequence, trailer)) = trailer else {
            return Completeness::NoTrailer { frames: self.next - 1 };
        };
        if trailer.lines == sequence - 1 && trailer.sha256 == hex::encode(self.digest.finalize()) {
            Completeness::Complete { trailer }
        } else {
            Completeness::Altered { trailer }
        }
    }

    fn accept_trailer(&mut self, sequence: u64, trailer: Trailer) -> Result<(), AssembleError> {
        match &self.trailer {
            Some((first, _)) if *first == sequence => return Ok(()),
            Some((first, _)) => {
                return Err(AssembleError::AfterTrailer {
                    sequence: sequence.max(*first),
                    trailer: sequence.min(*first),
                });
            }
            None => {}
        }
        if self.highest >= sequence {
            return Err(AssembleError::AfterTrailer {
                sequence: self.highest,
                trailer: sequence,
            });
        }
        self.trailer = Some((sequence, trailer));
        Ok(())
    }

    fn check_before_trailer(&self, sequence: u64) -> Result<(), AssembleError> {
        match &self.trailer {
            Some((trailer, _)) if sequence >= *trailer => Err(AssembleError::AfterTrailer {
                sequence,
                trailer: *trailer,
            }),
            Some(_) | None => Ok(()),
        }
    }

    fn keep(&mut self, sequence: u64, text: &str) -> Result<(), AssembleError> {
        if self.waiting.contains_key(&sequence) {
            return Ok(());
        }
        let cost = text.len() + WAITING_FRAME_OVERHEAD;
        if self.waiting_bytes + cost > self.waiting_limit {
            return Err(AssembleError::TooFarOutOfOrder {
                missing: self.next,
                waiting_bytes: self.waiting_bytes,
            });
        }
        self.waiting.insert(sequence, text.into());
        self.waiting_bytes += cost;
        self.highest = self.highest.max(sequence);
        Ok(())
    }

    fn take(&mut self, text: &str) {
        self.digest.update(text);
        self.digest.update(b"\n");
        self.next += 1;
    }

    fn deliver_waiting(&mut self, deliver: &mut impl FnMut(Chunk<'_>)) {
        while let Some(text) = self.waiting.remove(&self.next) {
            self.waiting_bytes -= text.len() + WAITING_FRAME_OVERHEAD;
            self.take(&text);
            if let Ok(Body::Output(chunk)) = decode(&text).map(|frame| frame.body) {
                deliver(chunk);
            }
        }
    }
}
