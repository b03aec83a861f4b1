//! Takes entries of a page into a run's answer: each frame once, in the order of their numbers; each raw line once, as it comes.

use protocol::OutputForm;
use protocol::frame::{Body, decode};

use super::memory::{Closing, LogReading};
use super::room::{Room, cost};
use super::{Entry, RunLog};
use crate::clock::Millis;

/// Entries that reached the store so long after they were written, in milliseconds, come in batches: the awslogs driver sends every five seconds.
const HELD_BACK: Millis = 2_500;

/// How entries were come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Each once: by the store's own token.
    Onward,
    /// A part of the log that has been read, at least in part.
    Again,
}

/// What one entry costs of the answer: nothing if its frame was handed on before.
pub(super) fn price(entry: &Entry, output: OutputForm, place: &LogReading) -> usize {
    let known =
        output == OutputForm::Framed && decode(&entry.text).is_ok_and(|frame| place.ledger.knows(frame.sequence));
    if known { 0 } else { cost(&entry.text) }
}

impl RunLog<'_> {
    /// Takes what is new of a page.
    pub(super) fn take(&mut self, page: Vec<Entry>, reading: Reading, room: &mut Room, now: Millis) {
        self.place.stream = true;
        let before = self.entries.len();
        let in_batches = page.iter().any(|entry| entry.held >= HELD_BACK);
        match self.output {
            OutputForm::Framed => self.take_framed(page, reading, now),
            OutputForm::Raw => self.take_raw(page),
        }
        let new = self.entries.get(before..).unwrap_or_default();
        if !new.is_empty() {
            self.place.entry = Some(now);
            self.place.in_batches = in_batches;
        }
        for text in new {
            room.take(text);
        }
    }

    fn take_framed(&mut self, page: Vec<Entry>, reading: Reading, now: Millis) {
        let latest = self.place.latest;
        let mut frames = Vec::new();
        for entry in page {
            self.place.latest = self.place.latest.max(entry.at);
            match decode(&entry.text) {
                Ok(frame) => {
                    let sequence = frame.sequence;
                    let trailer = match frame.body {
                        Body::Trailer(trailer) => Some(trailer),
                        Body::Output(_) => None,
                    };
                    frames.push((sequence, entry.at, trailer, entry.text));
                }
                // A word of the runner itself has no number. It is told at most once.
                Err(_no_frame) => {
                    let new = match reading {
                        Reading::Onward => entry.at > self.place.words_known,
                        Reading::Again => entry.at > latest,
                    };
                    if new {
                        self.entries.push(entry.text);
                    }
                }
            }
        }
        let next = self.place.ledger.next();
        frames.sort_by_key(|(sequence, ..)| *sequence);
        for (sequence, at, trailer, text) in frames {
            if self.place.ledger.note(sequence, at) {
                self.entries.push(text);
            }
            if let (Some(trailer), None) = (trailer, &self.place.closing) {
                self.place.closing = Some(Closing::new(sequence, trailer));
            }
        }
        if self.place.ledger.next() != next {
            self.place.repair.at = None;
            self.place.repair.tries = 0;
        }
        self.place.judge_completeness(now);
    }

    fn take_raw(&mut self, page: Vec<Entry>) {
        let place = &mut *self.place;
        for entry in page {
            if entry.at > place.latest {
                (place.latest, place.latest_entries, place.pass_over) = (entry.at, 0, 0);
            }
            if entry.at == place.latest {
                if place.pass_over > 0 {
                    place.pass_over -= 1;
                    continue;
                }
                place.latest_entries = place.latest_entries.saturating_add(1);
            }
            self.entries.push(entry.text);
        }
    }
}

impl LogReading {
    /// A closing line proves the end only as the last frame, with every frame before it there.
    fn judge_completeness(&mut self, now: Millis) {
        let proven = self.proven_closing().is_some_and(|closing| {
            closing.sequence.saturating_add(1) == self.ledger.next() && closing.trailer.lines + 1 == closing.sequence
        });
        if proven {
            self.complete.get_or_insert(now);
        } else {
            self.complete = None;
        }
    }

    /// The closing line, unless a later frame shows that it closes nothing.
    pub(crate) fn proven_closing(&self) -> Option<&Closing> {
        self.closing
            .as_ref()
            .filter(|closing| self.ledger.highest() <= closing.sequence)
    }
}
