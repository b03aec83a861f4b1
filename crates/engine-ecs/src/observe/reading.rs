//! Reads the logs of a call's runs. A single run is read by the store's own token; several share their requests, and a few of them are read by
//! themselves. What is missing is searched for.

use engine::ObserveError;
use protocol::{OutputForm, RunId};

use super::Observer;
use super::look::failed;
use super::sharing::Sharing;
use super::watched::Watched;
use crate::clock::Millis;
use crate::logs::{LogError, Missing, Reach, Room, RunLog, follow, plan, read_together, sweep};
use crate::pace;

/// Most runs of one call that are read by themselves, and most that are searched: the others have their turn in the next calls.
const BY_THEMSELVES: usize = 4;
/// The whole log is read once more so long after the task stopped, in milliseconds: in time for the ending.
const LAST_RESORT: Millis = 25_000;

impl Observer {
    /// Reads what is due. Answers how many requests one look takes.
    pub(super) async fn read_logs(&self, watched: &mut [Watched], counted: bool) -> Result<u32, ObserveError> {
        let now = self.now();
        let share = self.share(watched, 1);
        let takes_turns = self.takes_turns(watched);
        let mut room = Room::of(watched.len());
        let is_single = watched.len() == 1;
        let mut due: Vec<&mut Watched> = watched
            .iter_mut()
            .filter(|run| run.facts(now).log_is_due(run.asked_ecs || counted, share))
            .collect();
        if is_single {
            self.read_one(due, takes_turns, &mut room).await?;
            // What a search takes besides is no reason to come later.
            return Ok(1);
        }
        due.retain(|run| !run.facts(now).awaits_batch());
        let mut read = self.read_several(due, &mut room).await?;
        self.repair(&mut read, &mut room).await?;
        for run in read {
            run.keep_pace();
        }
        Ok(room.requests())
    }

    async fn read_one(
        &self,
        mut due: Vec<&mut Watched>,
        takes_turns: bool,
        room: &mut Room,
    ) -> Result<(), ObserveError> {
        let quotas = self.quotas;
        let asks_the_other = |run: RunId| {
            takes_turns && pace::asks_the_other(run, quotas.get_log_events.get(), quotas.filter_log_events.get())
        };
        if due.iter().any(|run| run.place.log.stream && asks_the_other(run.run)) {
            let (read, missing) = self.read_group(due, room).await?;
            due = read;
            due.extend(missing);
        } else {
            self.follow_each(&mut due, room).await?;
        }
        self.repair(&mut due, room).await
    }

    /// Answers the same runs.
    async fn read_several<'a>(
        &self,
        due: Vec<&'a mut Watched>,
        room: &mut Room,
    ) -> Result<Vec<&'a mut Watched>, ObserveError> {
        let now = self.now();
        let Sharing {
            up_to_date,
            behind,
            mut alone,
        } = Sharing::of(due, now);
        let (mut read, missing) = self.read_group(up_to_date, room).await?;
        alone.extend(missing);
        let (mut begun, missing) = self.read_group(behind, room).await?;
        let (must_exist, may_come): (Vec<_>, Vec<_>) = missing.into_iter().partition(|run| run.stream_is_missing(now));
        alone.extend(must_exist);
        read.extend(may_come);
        alone.sort_by_key(|run| run.place.log.read);
        self.follow_each(&mut alone, room).await?;
        read.append(&mut begun);
        read.append(&mut alone);
        Ok(read)
    }

    /// Reads these with one call for all. Answers those that were read, and those whose stream may not exist.
    async fn read_group<'a>(
        &self,
        mut group: Vec<&'a mut Watched>,
        room: &mut Room,
    ) -> Result<(Vec<&'a mut Watched>, Vec<&'a mut Watched>), ObserveError> {
        let mut missing = Vec::new();
        while !group.is_empty() {
            let now = self.now();
            let mut logs: Vec<RunLog<'_>> = group.iter_mut().map(|run| run.log()).collect();
            let read = read_together(&self.logs, &mut logs, room, now).await;
            if read != Err(LogError::NoStream) {
                for run in &mut group {
                    self.note(run, read.as_ref().copied(), now)?;
                }
                break;
            }
            // Which stream it is the store does not say: those that surely exist are read, the others come by themselves.
            let (surely, mut perhaps): (Vec<_>, Vec<_>) = group.into_iter().partition(|run| run.place.log.stream);
            group = if perhaps.is_empty() {
                perhaps = surely;
                Vec::new()
            } else {
                surely
            };
            for run in &mut perhaps {
                run.place.log.stream = false;
                self.note(run, Err(&LogError::NoStream), now)?;
            }
            missing.append(&mut perhaps);
        }
        Ok((group, missing))
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
                run.fail(&error.to_string());
                if *error == LogError::Throttled {
                    self.note_throttle(run);
                }
            }
        }
        Ok(())
    }
}

impl Watched {
    /// Whoever shares requests with others comes when the quota allows it, and not at once: there is more then.
    fn keep_pace(&mut self) {
        if self.reach == Some(Reach::More) {
            self.reach = Some(Reach::Near);
        }
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
