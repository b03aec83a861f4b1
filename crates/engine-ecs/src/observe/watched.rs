//! One run during one call: where its reader stands, and what there is to tell.

use std::time::Duration;

use protocol::{Ending, Observation, Observed, Phase, RunId, Timings};

use crate::clock::Millis;
use crate::cursor::Place;
use crate::logs::{Reach, RunLog};
use crate::pace::{Facts, Share};
use crate::tasks::Task;

/// What one call knows of a run.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) run: RunId,
    pub(super) place: Place,
    phase_at_first: Phase,
    /// ECS was asked in this look.
    pub(super) asked_ecs: bool,
    /// What ECS said when it was last asked in this call.
    pub(super) task: Option<Task>,
    /// There is no such run.
    pub(super) absent: bool,
    pub(super) entries: Vec<String>,
    /// How far this look came in the log; none if it was not read.
    pub(super) reach: Option<Reach>,
    pub(super) ending: Option<Ending>,
    /// The log is finished with, complete or not.
    pub(super) log_is_read: bool,
    pub(super) pause: Millis,
    pub(super) remark: Option<String>,
    /// The log group of the settings, if it does not exist.
    pub(super) missing_group: Option<String>,
}

impl Watched {
    pub(super) fn new(run: RunId, place: Place) -> Self {
        Self {
            run,
            phase_at_first: place.phase,
            log_is_read: place.log.complete.is_some(),
            place,
            asked_ecs: false,
            task: None,
            absent: false,
            entries: Vec::new(),
            reach: None,
            ending: None,
            pause: 0,
            remark: None,
            missing_group: None,
        }
    }

    /// Nothing proves yet that the run exists.
    pub(super) const fn is_unproven(&self) -> bool {
        self.place.task.seen.is_none() && !self.place.log.stream
    }

    pub(super) fn facts(&self, now: Millis) -> Facts {
        Facts {
            now,
            phase: self.place.phase,
            over: self.place.task.over.is_some() || self.place.task.missing.is_some(),
            log_is_read: self.log_is_read,
            entry: self.place.log.entry,
            latest: self.place.log.latest,
            in_batches: self.place.log.in_batches,
            seen: self.place.task.seen,
            read: self.place.log.read,
            reached: self.place.log.reached,
            failures: self.place.log.failures,
        }
    }

    pub(super) fn log(&mut self) -> RunLog<'_> {
        RunLog {
            run: self.run,
            output: self.place.output,
            place: &mut self.place.log,
            entries: &mut self.entries,
        }
    }

    /// Settles when to ask again.
    pub(super) fn settle_pace(&mut self, now: Millis, share: Share) {
        let facts = self.facts(now);
        self.pause = if self.has_more() {
            0
        } else {
            facts.pause(self.run, share)
        };
        if self.remark.is_none() {
            self.remark = facts.remark(share);
        }
    }

    fn has_more(&self) -> bool {
        self.ending.is_none() && self.reach == Some(Reach::More)
    }

    pub(super) fn pause(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.pause).unwrap_or_default())
    }

    /// Nobody needs to ask again.
    pub(super) const fn is_done(&self) -> bool {
        self.absent || self.ending.is_some()
    }

    pub(super) fn has_news(&self) -> bool {
        self.is_done() || !self.entries.is_empty() || self.has_more() || self.place.phase != self.phase_at_first
    }

    /// The answer, to be asked again after a pause of at most this.
    pub(super) fn answer_within(mut self, pause: Duration) -> Observed {
        self.pause = self
            .pause
            .min(Millis::try_from(pause.as_millis()).unwrap_or(Millis::MAX));
        self.answer()
    }

    pub(super) fn answer(self) -> Observed {
        if self.absent {
            return Observed::NotFound { run: self.run };
        }
        Observed::Run(Observation {
            run: self.run,
            phase: match self.ending {
                Some(_) => Phase::Ended,
                None => self.place.phase,
            },
            output: self.place.output,
            cursor: self.place.encode(),
            more: self.has_more(),
            timings: self.timings(),
            ending: self.ending,
            ask_again_ms: u32::try_from(self.pause).unwrap_or(u32::MAX),
            frames: self.entries,
            remark: self.remark,
        })
    }

    fn timings(&self) -> Timings {
        let Some(task) = &self.task else {
            return Timings::default();
        };
        let drained = self.place.log.complete.zip(task.stopped);
        Timings {
            drain_ms: drained.map(|(complete, stopped)| {
                u64::try_from(complete.saturating_sub(stopped.as_millisecond())).unwrap_or_default()
            }),
            ..task.timings()
        }
    }
}
