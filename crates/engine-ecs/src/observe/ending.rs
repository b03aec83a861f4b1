//! When a run has ended: ECS says that it is over, and its log is read to the last line or has had its time.
//!
//! Never judges how it ended: [`Over`](crate::Over) does.

use protocol::{Ending, OutputForm, Phase};

use super::watched::Watched;
use crate::clock::Millis;
use crate::logs::Reach;

/// A framed log that is not complete is waited for so long after the task stopped, in milliseconds.
const SETTLING: Millis = 30_000;
/// A raw log has no last line that says so: it is read for so long after the task stopped, and until it was quiet for so long, in
/// milliseconds; a task that stopped long ago writes no more.
const RAW_SETTLING: Millis = 10_000;
const RAW_QUIET: Millis = 5_000;
const LONG_AGO: Millis = 60_000;
/// A task that never started a container has no log; its stream would be there so long after it stopped, in milliseconds.
const NEVER_RAN_SETTLING: Millis = 3_000;
/// A log that cannot be read at all does not hold up the ending for longer than this, in milliseconds.
const UNREADABLE: Millis = 300_000;
/// A task that ECS stops knowing is looked for so long, in milliseconds.
const LOOKED_FOR: Millis = 60_000;

impl Watched {
    /// Since when the run is over, as far as its log is concerned.
    pub(super) fn stopped(&self) -> Option<Millis> {
        let place = &self.place.task;
        let said = self.task.as_ref().filter(|task| task.over.is_some());
        said.and_then(|task| task.stopped)
            .map(jiff::Timestamp::as_millisecond)
            .or(place.over)
            .or(place.missing)
    }

    /// Settles whether the log is read to its end, and with it whether the run has ended.
    pub(super) fn conclude(&mut self, now: Millis) {
        if self.place.task.missing.is_some() && self.place.task.seen.is_none() {
            if !self.place.log.stream {
                self.absent = self.reach.is_some();
                return;
            }
            self.place.phase = Phase::Stopping;
        }
        self.log_is_read = self.log_is_finished(now);
        if !self.log_is_read || !self.asked_ecs {
            return;
        }
        self.ending = match self.task.as_ref().and_then(|task| task.over.as_ref()) {
            Some(over) => {
                let closing = self.place.log.proven_closing().map(|closing| &closing.trailer);
                Some(over.with_missing_group(self.missing_group.as_ref()).judge(closing))
            }
            None if self.is_forgotten(now) => Some(self.forgotten()),
            None => None,
        };
    }

    fn log_is_finished(&self, now: Millis) -> bool {
        let log = &self.place.log;
        if log.complete.is_some() {
            return true;
        }
        let Some(stopped) = self.stopped() else { return false };
        let since = |then: Millis| now.saturating_sub(then);
        let unreadable = log.failures > 0
            && self.place.task.over.is_some_and(|over| since(over) >= UNREADABLE)
            && log.reached.max(log.entry).is_none_or(|read| since(read) >= UNREADABLE);
        if unreadable {
            return true;
        }
        if self.reach != Some(Reach::End) {
            return false;
        }
        if self.never_ran() {
            return since(stopped) >= NEVER_RAN_SETTLING;
        }
        match self.place.output {
            OutputForm::Framed => log.repair.whole && since(stopped) >= SETTLING,
            OutputForm::Raw => {
                let quiet = log.entry.is_none_or(|entry| since(entry) >= RAW_QUIET);
                since(stopped) >= RAW_SETTLING && (quiet || since(stopped) >= LONG_AGO)
            }
        }
    }

    /// ECS never saw its containers run, and they wrote nothing.
    fn never_ran(&self) -> bool {
        let task = self.task.as_ref();
        task.is_some_and(|task| task.over.is_some() && task.started.is_none()) && !self.place.log.stream
    }

    fn is_forgotten(&self, now: Millis) -> bool {
        let place = &self.place.task;
        let long_missing = place
            .missing
            .is_some_and(|missing| now.saturating_sub(missing) >= LOOKED_FOR);
        // Its log is there, and ECS did not know it from the first look on: it ended long ago.
        long_missing || (place.missing.is_some() && place.seen.is_none())
    }

    fn forgotten(&self) -> Ending {
        let closing = match self.place.log.proven_closing() {
            Some(closing) => format!(
                "; the runner's closing line says that it exited with {}, and nobody confirms it",
                closing.trailer.exit
            ),
            None => String::new(),
        };
        Ending::Unknown {
            reason: format!(
                "ECS does not know the task any longer (it forgets a task about an hour after its end){closing}: look at what the job did before running it again"
            ),
        }
    }
}
