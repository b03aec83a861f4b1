//! How many runs are live in the cluster, so that their readers share the account's quotas. Counted at most once a minute.

use std::sync::{Mutex, PoisonError};

use crate::cursor::Millis;

/// A count is good for so long, in milliseconds.
const GOOD_FOR: Millis = 60_000;

/// The last count.
#[derive(Debug, Default)]
pub(crate) struct Live {
    last: Mutex<Option<Count>>,
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
        self.last().map_or(1, |count| count.runs.max(1))
    }

    /// It is time to count.
    pub(crate) fn is_due(&self, now: Millis) -> bool {
        // After a throttle it is counted at once, and then not more than every five seconds while throttling goes on.
        self.last().is_none_or(|count| {
            let age = now.saturating_sub(count.at);
            age >= GOOD_FOR || (count.doubted && age >= GOOD_FOR / 12)
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
        self.set(self.runs(), now);
    }

    pub(crate) fn doubt(&self) {
        if let Some(count) = self.lock().as_mut() {
            count.doubted = true;
        }
    }

    fn last(&self) -> Option<Count> {
        *self.lock()
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
        live.set(12, 1_000);
        assert_eq!(live.runs(), 12);
        assert!(!live.is_due(60_999) && live.is_due(61_000));
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
