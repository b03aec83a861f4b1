//! Which frames of one run have been handed on: all below a number, and some beyond it.
//!
//! Never holds a frame. Bounded: what does not fit is forgotten, and a forgotten frame is handed on once more, which its reader ignores.

use serde::{Deserialize, Serialize};

/// Most separate stretches beyond the first gap that are remembered.
pub(crate) const MAX_STRETCHES: usize = 16;
/// Highest sequence of a frame; see `protocol::frame`.
const MAX_SEQUENCE: u64 = 999_999_999_999_999;

/// The frames that were handed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ledger {
    /// The first frame that was not handed on.
    #[serde(rename = "n")]
    next: u64,
    /// When the frame before it was written, in milliseconds since 1970; 0 at the start.
    #[serde(rename = "a")]
    at: i64,
    /// Stretches beyond `next`, in order, with a gap before each.
    #[serde(rename = "b", default, skip_serializing_if = "Vec::is_empty")]
    beyond: Vec<Stretch>,
}

/// Frames without a gap: first, last, and when each of the two was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stretch(u64, u64, i64, i64);

/// The time in which missing frames must have been written: between the frames on either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) after: i64,
    pub(crate) before: i64,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            next: 1,
            at: 0,
            beyond: Vec::new(),
        }
    }
}

impl Ledger {
    /// The first frame that was not handed on.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// When the last frame before the first gap was written.
    pub(crate) const fn at(&self) -> i64 {
        self.at
    }

    /// The highest frame that is remembered.
    pub(crate) fn highest(&self) -> u64 {
        self.beyond.last().map_or(self.next - 1, |stretch| stretch.1)
    }

    /// Around the first missing frame.
    pub(crate) fn gap(&self) -> Option<Gap> {
        self.beyond.first().map(|stretch| Gap {
            after: self.at,
            before: stretch.2,
        })
    }

    /// The frame was handed on before.
    pub(crate) fn knows(&self, sequence: u64) -> bool {
        sequence < self.next
            || self
                .beyond
                .iter()
                .any(|stretch| (stretch.0..=stretch.1).contains(&sequence))
    }

    /// Notes a frame. Answers whether it is new.
    pub(crate) fn note(&mut self, sequence: u64, at: i64) -> bool {
        if self.knows(sequence) {
            return false;
        }
        let place = self.beyond.partition_point(|stretch| stretch.0 < sequence);
        self.beyond.insert(place, Stretch(sequence, sequence, at, at));
        self.beyond.dedup_by(|later, earlier| {
            let adjoins = earlier.1.saturating_add(1) == later.0;
            if adjoins {
                (earlier.1, earlier.3) = (later.1, later.3);
            }
            adjoins
        });
        if let Some(first) = self.beyond.first().copied().filter(|first| first.0 == self.next) {
            self.next = first.1.saturating_add(1);
            self.at = first.3;
            self.beyond.remove(0);
        }
        self.beyond.truncate(MAX_STRETCHES);
        true
    }

    /// Whether a ledger that came from outside could be one of ours.
    pub(crate) fn is_sound(&self) -> bool {
        let mut free = self.next;
        let in_order = self.beyond.iter().all(|stretch| {
            let apart = stretch.2 >= 0
                && stretch.3 >= 0
                && stretch.0 > free
                && stretch.1 >= stretch.0
                && stretch.1 <= MAX_SEQUENCE;
            free = stretch.1.saturating_add(1);
            apart
        });
        (1..=MAX_SEQUENCE + 1).contains(&self.next) && self.at >= 0 && in_order && self.beyond.len() <= MAX_STRETCHES
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn noted(sequences: &[u64]) -> Ledger {
        let mut ledger = Ledger::default();
        for sequence in sequences {
            ledger.note(*sequence, i64::try_from(*sequence).unwrap() * 10);
        }
        ledger
    }

    #[test]
    fn a_gap_lies_between_the_times_of_its_neighbours() {
        let ledger = noted(&[1, 2, 5, 6, 9]);
        assert_eq!(ledger.next(), 3);
        assert_eq!(ledger.gap(), Some(Gap { after: 20, before: 50 }));
    }

    #[test]
    fn closing_a_gap_moves_on_to_the_next_one() {
        let ledger = noted(&[1, 2, 5, 6, 9, 4, 3]);
        assert_eq!(ledger.next(), 7);
        assert_eq!(ledger.gap(), Some(Gap { after: 60, before: 90 }));
    }

    #[test]
    fn the_highest_frames_are_forgotten_when_there_are_too_many_gaps() {
        let odd: Vec<u64> = (1..200).map(|number| number * 2 + 1).collect();
        let mut ledger = noted(&odd);
        assert!(ledger.is_sound());
        assert!(ledger.knows(3) && !ledger.knows(399));
        assert!(ledger.note(399, 0), "what was forgotten is new again");
    }

    #[test]
    fn a_ledger_that_is_out_of_order_is_not_sound() {
        for json in [
            r#"{"n":0,"a":0}"#,
            r#"{"n":5,"a":0,"b":[[5,6,0,0]]}"#,
            r#"{"n":5,"a":0,"b":[[8,7,0,0]]}"#,
            r#"{"n":5,"a":0,"b":[[7,8,0,0],[9,9,0,0]]}"#,
            r#"{"n":5,"a":0,"b":[[7,18446744073709551615,0,0]]}"#,
            r#"{"n":18446744073709551615,"a":0}"#,
        ] {
            let ledger: Ledger = serde_json::from_str(json).unwrap();
            assert!(!ledger.is_sound(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn a_frame_is_new_exactly_once_while_the_gaps_are_few(sequences in proptest::collection::vec(1_u64..30, 0..80)) {
            let mut ledger = Ledger::default();
            let mut seen = BTreeSet::new();
            for sequence in sequences {
                prop_assert_eq!(ledger.note(sequence, 0), seen.insert(sequence));
                prop_assert!(ledger.is_sound());
                let next = (1..=30).find(|number| !seen.contains(number)).unwrap();
                prop_assert_eq!(ledger.next(), next);
                prop_assert_eq!(ledger.gap().is_none(), seen.range(next..).next().is_none());
                prop_assert_eq!(ledger.highest(), seen.last().copied().unwrap_or_default());
            }
        }

        #[test]
        fn nothing_is_called_known_that_was_not_noted(sequences in proptest::collection::vec(1_u64..400, 0..300)) {
            let mut ledger = Ledger::default();
            let mut seen = BTreeSet::new();
            for sequence in sequences {
                ledger.note(sequence, 0);
                seen.insert(sequence);
            }
            prop_assert!(ledger.is_sound());
            for number in 1..400 {
                prop_assert!(!ledger.knows(number) || seen.contains(&number));
            }
        }
    }
}
