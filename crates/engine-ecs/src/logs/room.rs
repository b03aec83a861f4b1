//! How much one answer may hold, counted as it looks in JSON, and what it has cost so far. A Lambda answer is at most 6 MB.

/// What one page of the store (1 MB) takes, and what JSON adds to it, in bytes.
const PAGE: usize = 1_280 * 1024;
/// Most bytes of entries in an answer for one run. One that holds [`ENOUGH`] already begins no further page.
const MOST: usize = PAGE;
const ENOUGH: usize = 256 * 1024;
/// Most bytes of entries in an answer for several runs, which has room for a whole page as long as one is begun: who stops before the
/// end would read again, the next time, all that the runs in it have in common.
const MOST_OF_SEVERAL: usize = 3 * 1024 * 1024;

/// What is left of an answer.
#[derive(Debug)]
pub(crate) struct Room {
    left: usize,
    /// With less than this no further page is begun.
    least: usize,
    requests: u32,
}

impl Room {
    /// The room of an answer for so many runs.
    pub(crate) const fn of(runs: usize) -> Self {
        if runs > 1 {
            Self {
                left: MOST_OF_SEVERAL,
                least: PAGE,
                requests: 0,
            }
        } else {
            Self {
                left: MOST,
                least: MOST - ENOUGH,
                requests: 0,
            }
        }
    }

    /// No further page should be begun.
    pub(crate) const fn is_used_up(&self) -> bool {
        self.left < self.least
    }

    /// A page is asked for.
    pub(super) const fn ask(&mut self) {
        self.requests = self.requests.saturating_add(1);
    }

    /// How many pages were asked for.
    pub(crate) const fn requests(&self) -> u32 {
        self.requests
    }

    /// How many of these fit, one at least: an entry (at most 1 MB) that is larger than an answer would never be read otherwise.
    pub(super) fn fits(&self, costs: impl Iterator<Item = usize>) -> usize {
        let mut left = self.left;
        let fitting = costs
            .take_while(|cost| {
                let fits = *cost <= left;
                left = left.saturating_sub(*cost);
                fits
            })
            .count();
        fitting.max(1)
    }

    /// Takes the room of one entry.
    pub(super) fn take(&mut self, text: &str) {
        self.left = self.left.saturating_sub(cost(text));
    }
}

/// Bytes of a text in a JSON array: quotes, a comma and escapes included.
pub(super) fn cost(text: &str) -> usize {
    let escapes: usize = text
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
            0..=0x1f => 5,
            _ => 0,
        })
        .sum();
    text.len() + escapes + 3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_holds_as_many_entries_as_fit_and_one_at_least() {
        let room = Room {
            left: 10,
            least: 0,
            requests: 0,
        };
        assert_eq!(room.fits([4, 6, 1].into_iter()), 2);
        assert_eq!(room.fits([11, 1].into_iter()), 1);
    }

    #[test]
    fn an_answer_with_a_quarter_of_a_megabyte_begins_no_further_page() {
        let mut room = Room::of(1);
        room.take(&"x".repeat(200 * 1024));
        assert!(!room.is_used_up());
        room.take(&"x".repeat(60 * 1024));
        assert!(room.is_used_up());
    }

    #[test]
    fn an_answer_for_several_runs_begins_a_page_as_long_as_a_whole_one_fits() {
        let mut room = Room::of(2);
        room.take(&"x".repeat(PAGE));
        assert!(!room.is_used_up());
        room.take(&"x".repeat(PAGE));
        assert!(room.is_used_up());
    }

    proptest! {
        #[test]
        fn the_cost_is_what_json_takes(text in any::<String>()) {
            prop_assert_eq!(cost(&text), serde_json::to_string(&text).unwrap().len() + 1);
        }
    }
}
