//! Reads the logs of a call's runs: those that have caught up together, the others each by itself, and searches for what is missing.

use engine::ObserveError;
use protocol::{OutputForm, Phase};

use super::Observer;
use super::look::failed;
use super::watched::Watched;
use crate::cursor::Millis;
use crate::logs::{LogError, Missing, Reach, Room, RunLog, follow, plan, read_together, sweep};

/// Most runs of one call that are read by themselves, and most that are searched: the others have their turn in the next calls.
const BY_THEMSELVES: usize = 4;
/// A run whose reading lies further behind than this, in milliseconds, would have the others read again from there.
const CAUGHT_UP: Millis = 120_000;
/// The first entry of a task is not older than the task, by the clock of another machine, in milliseconds.
const BEFORE_CREATION: Millis = 10_000;
/// The whole log is read once more so long after the task stopped, in milliseconds: in time for the ending.
const LAST_RESORT: Millis = 25_000;

impl Observer {
    /// Reads what is due. Answers how many requests one look takes.
    pub(super) async fn read_logs(&self, watched: &mut [Watched], counted: bool) -> Result<u32, ObserveError> {
        let now = self.now();
        let share = self.share(watched.len(), 1);
        let runs = watched.len();
        let mut due: Vec<&mut Watched> = watched
            .iter_mut()
            .filter(|run| run.facts(now).log_is_due(run.asked_ecs || counted, share))
            .collect();
        let mut room = Room::of(runs);
        let requests = if due.len() < 2 {
            self.follow_each(&mut due, &mut room).await?;
            1
        } else {
            self.read_several(&mut due, &mut room).await?
        };
        self.repair(&mut due, &mut room).await?;
        Ok(requests)
    }

    async fn read_several(&self, due: &mut Vec<&mut Watched>, room: &mut Room) -> Result<u32, ObserveError> {
        let now = self.now();
        let (mut together, mut alone) = (Vec::new(), Vec::new());
        for run in due.drain(..) {
            if run.reads_together(now) {
                together.push(run);
            } else {
                alone.push(run);
            }
        }
        let mut requests = self.read_group(&mut together, room).await?;
        if requests.is_none() {
            // Which stream it is the store does not say: those that surely exist go on, the others are tried one by one.
            let (mut known, mut unknown): (Vec<_>, Vec<_>) = together.into_iter().partition(|run| run.place.log.stream);
            for run in &mut unknown {
                // From now on by itself: one stream that does not exist would cost the others a request each time.
                run.place.log.reached.get_or_insert(0);
            }
            requests = self.read_group(&mut known, room).await?;
            alone.extend(unknown);
            together = known;
        }
        alone.sort_by_key(|run| run.place.log.read);
        self.follow_each(&mut alone, room).await?;
        due.extend(together);
        due.extend(alone);
        Ok(requests.unwrap_or_default().max(1))
    }

    /// Reads these with one call for all. Answers how many requests that took; none when one of their streams does not exist.
    async fn read_group(&self, group: &mut [&mut Watched], room: &mut Room) -> Result<Option<u32>, ObserveError> {
        if group.is_empty() {
            return Ok(Some(0));
        }
        let now = self.now();
        let mut logs: Vec<RunLog<'_>> = group.iter_mut().map(|run| run.log()).collect();
        let read = read_together(&self.logs, &mut logs, room, now).await;
        let (requests, reach) = match &read {
            Err(LogError::NoStream) => return Ok(None),
            Err(error) => (1, Err(error)),
            Ok(read) if read.to_the_end => (read.requests, Ok(Reach::End)),
            // Whoever reads with others keeps to the pace that the quota allows, and not to `More`: what is left comes with the next call.
            Ok(read) => (read.requests, Ok(Reach::Near)),
        };
        for run in group {
            self.note(run, reach, now)?;
        }
        Ok(Some(requests))
    }

    async fn follow_each(&self, runs: &mut [&mut Watched], room: &mut Room) -> Result<(), ObserveError> {
        for run in runs.iter_mut().take(BY_THEMSELVES) {
            let now = self.now();
            let over = run.facts(now).over;
            let read = follow(&self.logs, &mut run.log(), room, now, over).await;
            self.note(run, read.as_ref().copied(), now)?;
        }
        Ok(())
    }

    async fn repair(&self, runs: &mut [&mut Watched], room: &mut Room) -> Result<(), ObserveError> {
        runs.sort_by_key(|run| run.place.log.repair.at);
        let mut searched = 0;
        for run in runs.iter_mut().filter(|run| run.place.output == OutputForm::Framed) {
            let now = self.now();
            let missing = run.missing(now);
            if searched == BY_THEMSELVES || run.reach.is_none() || !plan(&mut run.place.log, missing, now) {
                continue;
            }
            searched += 1;
            let read = sweep(&self.logs, &mut run.log(), room, now).await;
            let reach = match (read, run.reach) {
                (Ok(true), Some(reach)) => Ok(reach),
                (Ok(false), _) => Ok(Reach::More),
                (Ok(true), None) => Ok(Reach::Near),
                (Err(error), _) => Err(error),
            };
            self.note(run, reach.as_ref().copied(), now)?;
        }
        Ok(())
    }

    /// Notes how a read went. Only a missing permission is an error of the whole call.
    fn note(&self, run: &mut Watched, read: Result<Reach, &LogError>, now: Millis) -> Result<(), ObserveError> {
        run.place.log.read = Some(now);
        run.reach = match read {
            Ok(reach) => Some(reach),
            Err(LogError::NoStream | LogError::NoGroup(_)) => Some(Reach::End),
            Err(_) => None,
        };
        match read {
            Ok(_) | Err(LogError::NoStream) => {
                run.place.log.failures = 0;
                run.place.log.reached = Some(now);
            }
            Err(error @ LogError::NoGroup(group)) => {
                run.remark = Some(error.to_string());
                run.missing_group = Some(group.clone());
            }
            Err(error @ LogError::Denied { .. }) => return Err(failed(error)),
            Err(error @ (LogError::Throttled | LogError::Token | LogError::Failed(_))) => {
                if *error == LogError::Throttled {
                    self.live.doubt();
                }
                run.fail(&error.to_string());
            }
        }
        Ok(())
    }
}

impl Watched {
    /// Its stream should exist, and its reading is not far behind that of the others.
    fn reads_together(&mut self, now: Millis) -> bool {
        let log = &mut self.place.log;
        if log.position == 0
            && let Some(created) = self.task.as_ref().and_then(|task| task.created)
        {
            log.position = (created.as_millisecond() - BEFORE_CREATION).max(0);
        }
        self.place.output == OutputForm::Framed
            && (log.stream || (self.place.phase >= Phase::Running && log.reached.is_none()))
            && log.position >= now.saturating_sub(CAUGHT_UP)
    }

    fn missing(&self, now: Millis) -> Missing {
        match self.stopped() {
            Some(stopped) if self.reach == Some(Reach::End) => {
                if now.saturating_sub(stopped) >= LAST_RESORT {
                    Missing::LastResort
                } else {
                    Missing::UpToTheClosingLine
                }
            }
            Some(_) | None => Missing::Unknown,
        }
    }
}
