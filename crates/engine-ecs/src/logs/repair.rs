//! Looks for frames that should have come: what the numbers show to be missing is read again, in a window of time that grows.
//!
//! A store may deliver an entry late, with a time that reading has passed: no token ever shows it again.

use super::RunLog;
use super::client::{LogClient, LogError, Which};
use super::follow::fitting_page;
use super::memory::{LogReading, Sweep};
use super::room::Room;
use super::take::Reading;
use crate::clock::Millis;

/// Most pages of one search in one call.
const PAGES: usize = 4;
/// The first search starts so long after something was noticed to be missing, in milliseconds; the pause doubles with each vain one.
const FIRST_PAUSE: Millis = 700;
const LONGEST_PAUSE: Millis = 8_000;
/// The window of time reaches so far to both sides, in milliseconds, and four times as far after each vain search.
const FIRST_MARGIN: Millis = 2_000;
const WIDEST_MARGIN: Millis = 600_000;
/// How long it has been quiet when the last entries are looked at once more, in milliseconds.
const QUIET: Millis = 3_000;

/// Whether frames are known to be missing, besides those that the numbers show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Nothing says so: the run goes on.
    Unknown,
    /// The run is over: everything up to the closing line.
    UpToTheClosingLine,
    /// The run has been over for so long that the whole log is read once more.
    LastResort,
}

/// Begins a search if it is time for one. Answers whether there is one to be made.
pub(crate) fn plan(log: &mut LogReading, missing: Missing, now: Millis) -> bool {
    if log.complete.is_some() {
        log.repair.sweep = None;
        return false;
    }
    if missing == Missing::LastResort && !log.repair.whole {
        if !log.repair.sweep.as_ref().is_some_and(Sweep::is_whole) {
            log.repair.sweep = Some(Sweep::default());
        }
        return true;
    }
    if log.repair.sweep.is_some() {
        return true;
    }
    if comes_by_again(log) {
        return false;
    }
    log.repair.sweep = match window(log, missing) {
        Some(window) => is_time(log, now).then_some(window),
        None => after_quiet(log, now),
    };
    log.repair.sweep.is_some()
}

/// The next reading together with others begins before the first missing frame.
fn comes_by_again(log: &LogReading) -> bool {
    let missing = log.ledger.gap().map(|gap| gap.after.min(gap.before));
    log.token.is_none() && missing.is_some_and(|missing| missing >= log.position)
}

/// Where the first missing frame must lie.
fn window(log: &LogReading, missing: Missing) -> Option<Sweep> {
    let margin = FIRST_MARGIN
        .saturating_mul(4_i64.saturating_pow(log.repair.tries.into()))
        .min(WIDEST_MARGIN);
    // No window begins at 0: that would be the whole log, the last resort.
    let sweep = |after: Millis, until: Option<Millis>| Sweep {
        from: (after - margin).max(1),
        until,
        token: None,
    };
    match (log.ledger.gap(), missing) {
        (Some(gap), _) => Some(sweep(
            gap.after.min(gap.before),
            Some(gap.before.max(gap.after).saturating_add(margin)),
        )),
        (None, Missing::Unknown) => None,
        (None, Missing::UpToTheClosingLine | Missing::LastResort) => Some(sweep(log.ledger.at(), None)),
    }
}

fn is_time(log: &mut LogReading, now: Millis) -> bool {
    let since = *log.repair.at.get_or_insert(now);
    let pause = FIRST_PAUSE
        .saturating_mul(2_i64.saturating_pow(log.repair.tries.into()))
        .min(LONGEST_PAUSE);
    now.saturating_sub(since) >= pause
}

/// A late last line leaves no gap. So the last entries are looked at once more, once for each time that it becomes quiet.
fn after_quiet(log: &mut LogReading, now: Millis) -> Option<Sweep> {
    let quiet = log.entry.is_some_and(|entry| now.saturating_sub(entry) >= QUIET);
    if !quiet || log.latest <= log.repair.checked {
        return None;
    }
    log.repair.checked = log.latest;
    Some(Sweep {
        from: (log.latest - FIRST_MARGIN).max(1),
        until: None,
        token: None,
    })
}

/// Searches on. Answers whether the search is at its end.
pub(crate) async fn sweep(
    client: &LogClient,
    log: &mut RunLog<'_>,
    room: &mut Room,
    now: Millis,
) -> Result<bool, LogError> {
    for _ in 0..PAGES {
        let Some(sweep) = log.place.repair.sweep.clone().filter(|_| log.place.complete.is_none()) else {
            break;
        };
        if room.is_used_up() {
            return Ok(false);
        }
        let which = Which {
            from: Some(sweep.from),
            until: sweep.until,
            token: sweep.token.as_deref(),
            limit: None,
        };
        let page = match fitting_page(client, log, which, room).await {
            Err(LogError::Token) => {
                log.place.repair.sweep = Some(Sweep { token: None, ..sweep });
                continue;
            }
            Err(LogError::NoStream | LogError::NoGroup(_)) => {
                // Nothing is there to be found.
                log.place.end_sweep(&sweep, now);
                continue;
            }
            other => other?,
        };
        log.take(page.entries, Reading::Again, room, now);
        if page.next.is_none() || page.next == sweep.token {
            log.place.end_sweep(&sweep, now);
        } else {
            log.place.repair.sweep = Some(Sweep {
                token: page.next,
                ..sweep
            });
        }
    }
    Ok(log.place.repair.sweep.is_none() || log.place.complete.is_some())
}

impl LogReading {
    fn end_sweep(&mut self, sweep: &Sweep, now: Millis) {
        self.repair.sweep = None;
        self.repair.whole |= sweep.is_whole();
        self.repair.at = Some(now);
        self.repair.tries = self.repair.tries.saturating_add(1);
    }
}
