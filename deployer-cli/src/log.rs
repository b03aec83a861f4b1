//! The run's log: entries in, the job's output out, and at the end the verdict whether all of it came.
//!
//! An entry of a framed log that is no frame is a word of the runner itself, such as why it could not start the job: it is passed to
//! standard error. It proves nothing and leaves nothing out, because what the job writes is always framed.

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::{Duration, Instant};

use protocol::frame::{AssembleError, Assembler, Channel, Chunk, Completeness, FrameError, Gaps, Kind, Report};
use protocol::{Ending, OutputForm};

/// Output is handed on in pieces of about this size.
const PIECE_BYTES: usize = 64 * 1024;
/// A missing frame holds up the output for this long; then the output goes on without it. Longer than an engine
/// tries to repair a gap, so that what it finds is not too late.
const GAP_PATIENCE: Duration = Duration::from_secs(90);
/// The runner itself says little. Beyond this many different entries something is wrong with the log.
const MAX_WORDS_OF_THE_RUNNER: usize = 256;

/// A piece of the job's output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Where the job wrote it.
    pub(crate) channel: Channel,
    /// What it wrote.
    pub(crate) bytes: Vec<u8>,
}

/// Whether all of the output came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All of it, in order, unchanged; proven by the trailer.
    Complete,
    /// Not, or not proven though it should be.
    Incomplete {
        /// Why, in one line.
        why: String,
    },
    /// Nothing can prove it: the lines are shown as the container wrote them.
    NotProven,
}

impl Verdict {
    /// What a machine reads about a log that is not complete.
    pub(crate) fn remark(&self) -> Option<String> {
        match self {
            Self::Complete => None,
            Self::Incomplete { why } => Some(why.clone()),
            Self::NotProven => Some(NOT_PROVEN.to_owned()),
        }
    }
}

/// Why nobody can say whether a raw log is complete.
const NOT_PROVEN: &str = "the container's image has no deploy-runner, so nothing proves that all of its output came";

/// More than a run has to say for machines.
const MAX_REPORTS: usize = 16;

/// Everything that is known when nothing more will come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finish {
    /// Output that still waited for missing frames.
    pub(crate) pieces: Vec<Piece>,
    /// Whether all of it came.
    pub(crate) verdict: Verdict,
    /// How runner and engine disagree.
    pub(crate) remark: Option<String>,
    /// What the job handed over for machines: its word, and nobody else's.
    pub(crate) reports: Vec<Report>,
}

/// Puts the log together.
#[derive(Debug, Default)]
pub(crate) struct Log {
    assembler: Assembler,
    unreadable: u64,
    waiting: Option<(u64, Instant)>,
    words_of_the_runner: HashSet<String>,
    raw_lines: u64,
    raw: bool,
    reports: Vec<Report>,
}

impl Log {
    /// Takes entries as they come and answers the output whose turn has come.
    pub(crate) fn take(&mut self, form: OutputForm, entries: &[String], now: Instant) -> Vec<Piece> {
        let mut pieces = Vec::new();
        match form {
            OutputForm::Framed => {
                for entry in entries {
                    self.push(entry, &mut pieces);
                }
                self.lose_patience(now, &mut pieces);
            }
            OutputForm::Raw => {
                self.raw = true;
                for entry in entries {
                    self.raw_lines += 1;
                    add(&mut pieces, &mut self.reports, &line(Channel::Stdout, entry));
                }
            }
        }
        pieces
    }

    /// Nothing more can come.
    pub(crate) fn is_complete(&self) -> bool {
        !self.raw && self.assembler.is_complete()
    }

    /// Nothing more will come.
    pub(crate) fn finish(self, ending: &Ending) -> Finish {
        let (mut pieces, mut reports) = (Vec::new(), self.reports);
        let completeness = self.assembler.finish(|chunk| add(&mut pieces, &mut reports, &chunk));
        if self.raw {
            let nothing_ran = self.raw_lines == 0 && matches!(ending, Ending::FailedToStart { .. });
            let verdict = if nothing_ran {
                Verdict::Complete
            } else {
                Verdict::NotProven
            };
            return Finish {
                pieces,
                verdict,
                remark: None,
                reports,
            };
        }
        Finish {
            pieces,
            remark: disagreement(&completeness, ending),
            verdict: verdict(completeness, self.unreadable, ending),
            reports,
        }
    }

    fn push(&mut self, frame: &str, pieces: &mut Vec<Piece>) {
        let reports = &mut self.reports;
        let mut pushed = self.assembler.push(frame, |chunk| add(pieces, reports, &chunk));
        if matches!(pushed, Err(AssembleError::TooFarOutOfOrder { .. })) {
            self.assembler.give_up_gap(|chunk| add(pieces, reports, &chunk));
            pushed = self.assembler.push(frame, |chunk| add(pieces, reports, &chunk));
        }
        match pushed {
            Ok(()) => {}
            Err(AssembleError::Frame(FrameError::NotAFrame)) if self.is_new_word(frame) => {
                add(pieces, &mut self.reports, &line(Channel::Stderr, frame));
            }
            Err(AssembleError::Frame(FrameError::NotAFrame)) if self.words_of_the_runner.contains(frame) => {}
            Err(error) => {
                tracing::warn!(%error, "a log entry was not taken");
                self.unreadable += 1;
            }
        }
    }

    /// A store may deliver the runner's own words twice, and they have no number: the same text is shown once.
    fn is_new_word(&mut self, entry: &str) -> bool {
        self.words_of_the_runner.len() < MAX_WORDS_OF_THE_RUNNER && self.words_of_the_runner.insert(entry.to_owned())
    }

    fn lose_patience(&mut self, now: Instant, pieces: &mut Vec<Piece>) {
        self.waiting = match (self.assembler.waiting_for(), self.waiting) {
            (Some(frame), Some((same, since))) if frame == same => {
                if now.duration_since(since) >= GAP_PATIENCE {
                    let reports = &mut self.reports;
                    self.assembler.give_up_gap(|chunk| add(pieces, reports, &chunk));
                }
                Some((same, since))
            }
            (Some(frame), _) => Some((frame, now)),
            (None, _) => None,
        };
    }
}

fn line(channel: Channel, text: &str) -> Chunk<'_> {
    Chunk {
        channel,
        bytes: Cow::Borrowed(text.as_bytes()),
        newline: true,
        kind: Kind::Output,
    }
}

/// A report is no output: it is kept for the end.
fn add(pieces: &mut Vec<Piece>, reports: &mut Vec<Report>, chunk: &Chunk<'_>) {
    if chunk.kind == Kind::Report {
        let report = Report::parse(&chunk.bytes).ok();
        reports.extend(report.filter(|_| reports.len() < MAX_REPORTS));
        return;
    }
    match pieces.last_mut() {
        Some(last) if last.channel == chunk.channel && last.bytes.len() < PIECE_BYTES => {
            chunk.append_to(&mut last.bytes);
        }
        Some(_) | None => {
            let mut bytes = Vec::new();
            chunk.append_to(&mut bytes);
            pieces.push(Piece {
                channel: chunk.channel,
                bytes,
            });
        }
    }
}

fn verdict(completeness: Completeness, unreadable: u64, ending: &Ending) -> Verdict {
    let why = match completeness {
        Completeness::Complete { .. } if unreadable == 0 => return Verdict::Complete,
        // A run that never started has written nothing, so nothing is missing.
        Completeness::NoTrailer { frames: 0 } if matches!(ending, Ending::FailedToStart { .. }) && unreadable == 0 => {
            return Verdict::Complete;
        }
        Completeness::Complete { .. } => format!("entries of the log could not be read: {unreadable}"),
        Completeness::Missing { gaps, .. } => missing(&gaps),
        Completeness::NoTrailer { frames } => {
            format!("the log stops after {frames} lines without the mark that proves its end; lines may be missing")
        }
        Completeness::Altered { .. } => "the log is not what the runner sent: its digest differs".to_owned(),
    };
    Verdict::Incomplete { why }
}

fn missing(gaps: &Gaps) -> String {
    let first = gaps.ranges().first().map_or(0, |range| *range.start());
    match gaps.frames() {
        1 => format!("line {first} is missing"),
        frames => format!("{frames} lines are missing, the first is line {first}"),
    }
}

/// The engine's word counts; a trailer that says otherwise is worth a look.
fn disagreement(completeness: &Completeness, ending: &Ending) -> Option<String> {
    match (completeness, ending) {
        (Completeness::Complete { trailer }, Ending::Exited { code }) if trailer.exit != *code => Some(format!(
            "the runner reports exit code {}, the engine {code}: the engine's counts",
            trailer.exit
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
