//! Reads the streams of several framed runs with one call for all of them.
//!
//! The call has no position for each stream, only one time from which it answers. Each run keeps a time below which everything that was
//! readable has been read once, the lowest of them is asked for, and what comes again is known by its number.

use super::Reach;
use super::RunLog;
use super::client::{LogClient, LogError, Page, WhichOfSeveral};
use super::room::Room;
use super::take::{Reading, price};
use crate::clock::Millis;
use crate::logs::Entry;
use protocol::RunId;

/// Most pages in one call.
const PAGES: usize = 3;
/// A quiet run's entries may become readable so long after they were written, in milliseconds: the awslogs driver sends every five
/// seconds. What is later still is found by the gap that it leaves, or at the end of the run.
const OVERLAP: Millis = 6_000;

/// Reads what is new of all these runs, at most a hundred.
pub(crate) async fn read_together(
    client: &LogClient,
    logs: &mut [RunLog<'_>],
    room: &mut Room,
    now: Millis,
) -> Result<Reach, LogError> {
    let runs: Vec<RunId> = logs.iter().map(|log| log.run).collect();
    let from = logs.iter().map(|log| log.place.position).min().unwrap_or_default();
    let mut token: Option<String> = None;
    let mut last = from;
    for _ in 0..PAGES {
        let which = WhichOfSeveral {
            runs: &runs,
            from,
            token: token.as_deref(),
            limit: None,
        };
        let page = fitting_page(client, logs, which, room).await?;
        last = page.entries.iter().map(|(_, entry)| entry.at).fold(last, Millis::max);
        hand_out(logs, page.entries, room, now);
        token = page.next;
        if token.is_none() {
            for log in logs.iter_mut() {
                log.read_through(now);
            }
            return Ok(Reach::End);
        }
        if room.is_used_up() {
            break;
        }
    }
    // Sorted by time: all that is before the last entry and readable now has come. Others send what they wrote before it only later, so
    // the last seconds are looked at again. A millisecond with more than fits is passed, and leaves a gap to be mended.
    let through = last.min(now.saturating_sub(OVERLAP)).max(from);
    let through = if last == from { from.saturating_add(1) } else { through };
    for log in logs {
        log.place.position = log.place.position.max(through);
        log.leave_token();
    }
    // Whoever reads with others keeps to the pace that the quota allows: what is left comes with the next call.
    Ok(Reach::Near)
}

async fn fitting_page(
    client: &LogClient,
    logs: &[RunLog<'_>],
    which: WhichOfSeveral<'_>,
    room: &mut Room,
) -> Result<Page<(usize, Entry)>, LogError> {
    room.ask();
    let page = client.page_of_several(which).await?;
    let prices = page
        .entries
        .iter()
        .map(|(of, entry)| logs.get(*of).map_or(0, |log| price(entry, log.output, log.place)));
    let fits = room.fits(prices);
    if fits >= page.entries.len() {
        return Ok(page);
    }
    let limit = Some(fits);
    room.ask();
    client.page_of_several(WhichOfSeveral { limit, ..which }).await
}

fn hand_out(logs: &mut [RunLog<'_>], entries: Vec<(usize, Entry)>, room: &mut Room, now: Millis) {
    let mut of_each: Vec<Vec<Entry>> = logs.iter().map(|_| Vec::new()).collect();
    for (of, entry) in entries {
        if let Some(entries) = of_each.get_mut(of) {
            entries.push(entry);
        }
    }
    for (log, entries) in logs.iter_mut().zip(of_each) {
        if !entries.is_empty() {
            log.take(entries, Reading::Again, room, now);
        }
    }
}

impl RunLog<'_> {
    /// Everything that is readable now has been read: what may come later is written after the last entry, or not long ago.
    pub(crate) fn read_through(&mut self, now: Millis) {
        // What is missing may have become readable between two pages: it is asked for again along with the rest.
        let gapless = self.place.ledger.gap().map_or(self.place.latest, |gap| gap.after);
        let through = self.place.latest.min(gapless).min(now).max(now.saturating_sub(OVERLAP));
        self.place.position = self.place.position.max(through);
        self.leave_token();
    }

    /// A token of the time before would read again what has been read.
    fn leave_token(&mut self) {
        self.place.stream = true;
        // The overlap looks at the last entries again.
        self.place.repair.checked = self.place.latest;
        if self.place.token.is_some() {
            self.start_again();
        }
        self.place.words_known = self.place.words_known.max(self.place.latest);
    }
}
