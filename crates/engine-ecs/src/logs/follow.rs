//! Reads one stream forward, page by page, by the store's own token.

use super::client::{LogClient, LogError, Page, Which};
use super::room::Room;
use super::take::{Reading, price};
use super::{Entry, RunLog};
use crate::clock::Millis;
use protocol::OutputForm;

/// Most pages of one run in one call while it runs: empty pages are not the end, and more than a few say that the store is searching.
const PAGES: usize = 3;
/// The same when it is over and the rest is wanted.
const PAGES_AT_THE_END: usize = 8;
/// A page with so many entries, or so many bytes, was cut by the store and not by the end of the log.
const BIG_PAGE_ENTRIES: usize = 5_000;
const BIG_PAGE_BYTES: usize = 500_000;
/// After an expired token a framed log is read again from a little before the last known time, in milliseconds.
const STEP_BACK: Millis = 2_000;

/// How far reading came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To the end as it is now: the store gave the same token twice.
    End,
    /// Not to the end for sure, but there is no sign of more.
    Near,
    /// There is more.
    More,
}

/// Reads on.
pub(crate) async fn follow(
    client: &LogClient,
    log: &mut RunLog<'_>,
    room: &mut Room,
    now: Millis,
    over: bool,
) -> Result<Reach, LogError> {
    let pages = if over { PAGES_AT_THE_END } else { PAGES };
    for _ in 0..pages {
        if room.is_used_up() {
            return Ok(Reach::More);
        }
        let (page, reading) = match next_page(client, log, room).await {
            Err(LogError::Token) => {
                log.start_again();
                continue;
            }
            other => other?,
        };
        let big = page.entries.len() >= BIG_PAGE_ENTRIES
            || page.entries.iter().map(|entry| entry.text.len()).sum::<usize>() >= BIG_PAGE_BYTES;
        let empty = page.entries.is_empty();
        if let Some(last) = page.entries.last() {
            log.place.position = log.place.position.max(last.at);
        }
        let same = page.next.is_none() || page.next == log.place.token;
        log.take(page.entries, reading, room, now);
        log.place.token = page.next;
        if same {
            return Ok(Reach::End);
        }
        if !over && !empty {
            let more = big || room.is_used_up();
            return Ok(if more { Reach::More } else { Reach::Near });
        }
    }
    Ok(Reach::More)
}

async fn next_page(
    client: &LogClient,
    log: &mut RunLog<'_>,
    room: &mut Room,
) -> Result<(Page<Entry>, Reading), LogError> {
    let reading = if log.place.token.is_none() && log.place.position > 0 {
        log.place.since = log.restart_from();
        Reading::Again
    } else {
        Reading::Onward
    };
    let place = &*log.place;
    let which = Which {
        from: Some(place.since).filter(|since| *since > 0),
        token: place.token.as_deref(),
        ..Which::default()
    };
    let page = fitting_page(client, log, which, room).await?;
    Ok((page, reading))
}

/// A page whose entries all fit into the answer: one that does not is asked for again, up to what fits, so that its token is exact.
pub(super) async fn fitting_page(
    client: &LogClient,
    log: &RunLog<'_>,
    which: Which<'_>,
    room: &mut Room,
) -> Result<Page<Entry>, LogError> {
    room.ask();
    let page = client.page(log.run, which).await?;
    let fits = room.fits(page.entries.iter().map(|entry| price(entry, log.output, log.place)));
    if fits >= page.entries.len() {
        return Ok(page);
    }
    let limit = Some(fits);
    room.ask();
    client.page(log.run, Which { limit, ..which }).await
}

impl RunLog<'_> {
    /// Forgets the token. What was read is known by its numbers, or (raw) by its place among the entries of its time.
    pub(crate) fn start_again(&mut self) {
        self.place.token = None;
        match self.output {
            OutputForm::Framed => self.place.words_known = self.place.latest,
            OutputForm::Raw => self.place.pass_over = self.place.latest_entries,
        }
    }

    fn restart_from(&self) -> Millis {
        match self.output {
            OutputForm::Framed => (self.place.position - STEP_BACK).max(0),
            OutputForm::Raw => self.place.latest,
        }
    }
}
