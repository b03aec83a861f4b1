//! How many runs are live in the cluster, so that their readers share the account's quotas. Counted once a minute, or four times where many
//! share; those that this instance was asked for itself are known at once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use protocol::RunId;

use crate::clock::Millis;

/// A count is good for so long, in milliseconds.
const GOOD_FOR: Millis = 60_000;
/// The same from this many runs on, whose number decides the pace of each.
const GOOD_FOR_MANY: Millis = 15_000;
const MANY: u32 = 8;

/// Whoever watches a run asks for it at least this often, in milliseconds, however many share the quota.
const ASKED_FOR: Millis = 45_000;
/// Most runs of its own that an instance remembers.
const MOST_OF_ITS_OWN: usize = 2_000;

/// The last count, and the runs that were asked for here: many start within a minute, and a count of the minute before knows nothing of
/// them.
#[derive(Debug, Default)]
pub(crate) struct Live {
    last: Mutex<Option<Count>>,
    own: Mutex<HashMap<RunId, Millis>>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    runs: u32,
    at: Millis,
    /// A read was throttled: the count may be wrong.
    doubted: bool,
}

impl Live {
    /// Live runs, as far as is known; one at least.
    pub(crate) fn runs(&self) -> u32 {
        let own = u32::try_from(self.own().len()).unwrap_or(u32::MAX);
        self.last().map_or(1, |count| count.runs.max(1)).max(own)
    }

    /// These are watched.
    pub(crate) fn ask(&self, runs: impl Iterator<Item = RunId>, now: Millis) {
        let mut own = self.own();
        own.retain(|_, asked| now.saturating_sub(*asked) < ASKED_FOR);
        for run in runs {
            if own.len() < MOST_OF_ITS_OWN {
                own.insert(run, now);
            }
        }
    }

    /// It has ended, or there is no such run.
    pub(crate) fn forget(&self, run: RunId) {
        self.own().remove(&run);
    }

    /// It is time to count.
    pub(crate) fn is_due(&self, now: Millis) -> bool {
        // After a throttle it is counted at once, and then not more than every five seconds while throttling goes on.
        let own = self.own().len();
        let outgrown = |count: Count| usize::try_from(count.runs).is_ok_and(|runs| own >= runs.max(1) * 2);
        self.last().is_none_or(|count| {
            let age = now.saturating_sub(count.at);
            let good_for = if count.runs < MANY { GOOD_FOR } else { GOOD_FOR_MANY };
            age >= good_for || ((count.doubted || outgrown(count)) && age >= GOOD_FOR / 12)
        })
    }

    pub(crate) fn set(&self, runs: u32, now: Millis) {
        *self.lock() = Some(Count {
            runs,
            at: now,
            doubted: false,
        });
    }

    /// The count could not be had: the old one is kept for a while.
    pub(crate) fn keep(&self, now: Millis) {
        self.set(self.last().map_or(1, |count| count.runs), now);
    }

    pub(crate) fn doubt(&self) {
        if let Some(count) = self.lock().as_mut() {
            count.doubted = true;
        }
    }

    fn last(&self) -> Option<Count> {
        *self.lock()
    }

    fn own(&self) -> std::sync::MutexGuard<'_, HashMap<RunId, Millis>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Count>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_counted_once_a_minute() {
        let live = Live::default();
        assert!(live.is_due(0));
        live.set(7, 1_000);
        assert_eq!(live.runs(), 7);
        assert!(!live.is_due(60_999) && live.is_due(61_000));
    }

    #[test]
    fn many_runs_are_counted_more_often_because_each_ones_pace_depends_on_their_number() {
        let live = Live::default();
        live.set(8, 1_000);
        assert!(!live.is_due(15_999) && live.is_due(16_000));
    }

    #[test]
    fn runs_that_were_asked_for_here_count_at_once_and_as_long_as_somebody_asks() {
        let live = Live::default();
        live.set(3, 1_000);
        let run = |number: u8| RunId::from_random([number; 16]);
        live.ask((0..200).map(run), 2_000);
        assert_eq!(live.runs(), 200);
        live.forget(run(7));
        assert_eq!(live.runs(), 199);
        live.ask((0..2).map(run), 47_000);
        assert_eq!(live.runs(), 3);
    }

    #[test]
    fn a_count_that_knows_less_than_half_of_the_runs_seen_here_is_out_of_date() {
        let live = Live::default();
        live.set(3, 1_000);
        live.ask((0..5).map(|number| RunId::from_random([number; 16])), 2_000);
        assert!(!live.is_due(6_000));
        live.ask((5..6).map(|number| RunId::from_random([number; 16])), 2_000);
        assert!(!live.is_due(5_999) && live.is_due(6_000));
    }

    #[test]
    fn a_throttle_makes_the_count_doubtful() {
        let live = Live::default();
        live.set(1, 1_000);
        live.doubt();
        assert!(!live.is_due(5_999) && live.is_due(6_000));
        live.keep(6_000);
        assert!(!live.is_due(12_000));
    }
}
