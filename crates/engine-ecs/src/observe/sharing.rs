//! Which runs of a call are read with one request. Never reads.
//!
//! A request for several streams has one time from which it answers, so those who stand at about the same place share one. And it fails as a
//! whole when one of its streams does not exist, so a stream that nobody has seen does not share one with those that are known. A log driver
//! makes a stream before its container starts or with the first entry, and sends what it has every few seconds: neither is promised.

use protocol::{OutputForm, Phase};

use super::watched::Watched;
use crate::clock::Millis;

/// A reading that is not further behind than this, in milliseconds, goes on together with those that are up to date.
const UP_TO_DATE: Millis = 15_000;
/// One that is further behind than this would have those that are a little behind read too much again.
const A_LITTLE_BEHIND: Millis = 120_000;
/// The first entry of a task is not older than its container, by the clock of another machine, in milliseconds.
const CLOCKS_DIFFER: Millis = 10_000;
/// A run that was first seen running so long ago, in milliseconds, has a stream if it has written anything.
const FIRST_ENTRY: Millis = 5_000;

/// The runs of one look whose logs are read.
#[derive(Debug, Default)]
pub(super) struct Sharing<'a> {
    /// One request for all of them.
    pub(super) up_to_date: Vec<&'a mut Watched>,
    /// Another one: these have just begun, or are a little behind.
    pub(super) behind: Vec<&'a mut Watched>,
    /// A request for each.
    pub(super) alone: Vec<&'a mut Watched>,
}

/// What is known of a run's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    /// It exists.
    Seen,
    /// Nobody has looked for it since it should exist.
    Expected,
    /// It should exist, and does not.
    Missing,
    /// It may exist.
    Possible,
}

impl<'a> Sharing<'a> {
    /// Finds each its company. A run whose stream may not exist yet waits until it should, unless nothing says that streams come late here.
    pub(super) fn of(due: Vec<&'a mut Watched>, now: Millis) -> Self {
        let streams_come_late = due.iter().any(|run| run.stream_was_missing());
        let mut sharing = Self::default();
        let mut possible = Vec::new();
        for run in due {
            run.begin_reading();
            let behind = now.saturating_sub(run.place.log.position);
            let company = if run.place.output == OutputForm::Raw || behind > A_LITTLE_BEHIND {
                &mut sharing.alone
            } else {
                match run.stream(now) {
                    Stream::Seen if behind <= UP_TO_DATE => &mut sharing.up_to_date,
                    Stream::Seen | Stream::Expected => &mut sharing.behind,
                    Stream::Missing => &mut sharing.alone,
                    Stream::Possible => &mut possible,
                }
            };
            company.push(run);
        }
        if sharing.behind.is_empty() && !streams_come_late {
            sharing.behind = possible;
        }
        sharing
    }
}

impl Watched {
    fn begin_reading(&mut self) {
        let not_before = self.task.as_ref().and_then(|task| task.pull_stopped.or(task.created));
        if self.place.log.position == 0
            && let Some(not_before) = not_before
        {
            self.place.log.position = (not_before.as_millisecond() - CLOCKS_DIFFER).max(0);
        }
    }

    /// It was looked for, and there was none.
    const fn stream_was_missing(&self) -> bool {
        !self.place.log.stream && self.place.log.reached.is_some()
    }

    /// It should have one.
    pub(super) fn stream_is_missing(&self, now: Millis) -> bool {
        self.stream(now) == Stream::Missing
    }

    fn stream(&self, now: Millis) -> Stream {
        let log = &self.place.log;
        let running = self.place.phase == Phase::Running;
        match log.entry.map(|first_seen| first_seen.saturating_add(FIRST_ENTRY)) {
            _ if log.stream => Stream::Seen,
            Some(expected) if running && expected > now => Stream::Possible,
            // Each is tried once with others: one that is never there must not cost them a request each time.
            Some(expected) if log.reached.is_none_or(|tried| tried < expected) => Stream::Expected,
            // A short job may be over before it was seen running.
            Some(_) | None => Stream::Missing,
        }
    }
}
