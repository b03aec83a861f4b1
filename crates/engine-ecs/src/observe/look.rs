//! One look at all runs of a call: ECS is asked once for all of them and only when it is time, then their logs are read.

use engine::ObserveError;
use protocol::{OutputForm, Phase, RunId};
use tokio::time::{Duration, sleep};

use super::Observer;
use super::watched::Watched;
use crate::clock::Millis;
use crate::pace::{self, Share};
use crate::tasks::{ReadError, Task};

/// ECS may not know a task yet that it has just started: pauses between the looks at a run that nothing else proves, two seconds in all.
const LOOK_AGAIN: [Duration; 3] = [
    Duration::from_millis(300),
    Duration::from_millis(600),
    Duration::from_millis(1_100),
];

/// So many throttles of a run, one after the other, are told also where many share the quota.
const WORTH_A_REMARK: u8 = 5;
/// A run that is seen running for the first time counts as running for so long at most, in milliseconds.
const STARTED_BEFORE: Millis = 6_000;

impl Observer {
    pub(super) fn now(&self) -> Millis {
        (self.clock)().as_millisecond().max(0)
    }

    /// Finds out what is new.
    pub(super) async fn look(&self, watched: &mut [Watched]) -> Result<(), ObserveError> {
        for run in watched.iter_mut() {
            run.begin_look();
        }
        self.live.ask(watched.iter().map(|run| run.run), self.now());
        let counted = self.count_live(watched).await?;
        self.ask_ecs(watched, counted).await?;
        let requests = self.read_logs(watched, counted).await?;
        let now = self.now();
        let share = self.share(watched, requests);
        for run in watched {
            run.conclude(now);
            run.settle_pace(now, share);
            if run.is_done() {
                self.live.forget(run.run);
            }
        }
        Ok(())
    }

    /// What one of all those has of the account's quotas who watch as many runs as this call does.
    pub(super) fn share(&self, watched: &[Watched], requests: u32) -> Share {
        let runs = u32::try_from(watched.len()).unwrap_or(u32::MAX).max(1);
        let (get, filter) = (self.quotas.get_log_events.get(), self.quotas.filter_log_events.get());
        let share = Share {
            readers: self.live.runs().div_ceil(runs),
            requests,
            per_second: if runs == 1 { get } else { filter },
        };
        if self.takes_turns(watched) {
            let per_second = pace::of_both(get, filter);
            return Share { per_second, ..share };
        }
        share
    }

    /// It is the reader of one run among so many of them that they use both quotas of the log.
    pub(super) fn takes_turns(&self, watched: &[Watched]) -> bool {
        let share = Share {
            readers: self.live.runs(),
            requests: 1,
            per_second: self.quotas.get_log_events.get(),
        };
        matches!(watched, [run] if run.place.output == OutputForm::Framed) && share.is_crowded()
    }

    /// Counts the live runs if it is time, and somebody's pace depends on it.
    async fn count_live(&self, watched: &[Watched]) -> Result<bool, ObserveError> {
        let now = self.now();
        let wanted = watched
            .iter()
            .any(|run| run.place.task.over.is_none() && run.place.task.missing.is_none());
        if !wanted || !self.live.is_due(now) {
            return Ok(false);
        }
        match self.tasks.live().await {
            Ok(runs) => self.live.set(runs, now),
            Err(ReadError::Throttled | ReadError::Failed { .. }) => self.live.keep(now),
            Err(denied @ ReadError::Denied { .. }) => return Err(failed(&denied)),
        }
        Ok(true)
    }

    /// The number of those who share a quota may be another one. Where they are many, a few throttles are nothing to be told of: they make a new
    /// pace, and that is told.
    pub(super) fn note_throttle(&self, run: &mut Watched) {
        self.live.doubt();
        if self.live.runs() > 1 && run.place.log.failures < WORTH_A_REMARK {
            run.remark = None;
        }
    }

    async fn ask_ecs(&self, watched: &mut [Watched], counted: bool) -> Result<(), ObserveError> {
        let now = self.now();
        let several = watched.len() > 1;
        let due = watched.iter().any(|run| {
            let facts = run.facts(now);
            facts.task_is_due() && !(counted && facts.is_quiet()) && !(several && facts.was_just_asked())
        });
        if !due {
            return Ok(());
        }
        let mut pauses = LOOK_AGAIN.into_iter();
        let mut asked: Vec<usize> = (0..watched.len()).collect();
        loop {
            let runs: Vec<RunId> = asked
                .iter()
                .filter_map(|of| watched.get(*of))
                .map(|run| run.run)
                .collect();
            let tasks = match self.tasks.describe(&runs).await {
                Ok(tasks) => tasks,
                Err(ReadError::Throttled) => {
                    for run in watched.iter_mut() {
                        run.fail("ECS is asked too often in this account");
                        self.note_throttle(run);
                    }
                    return Ok(());
                }
                Err(error @ (ReadError::Denied { .. } | ReadError::Failed { .. })) => return Err(failed(&error)),
            };
            let now = self.now();
            let mut unknown = Vec::new();
            for (of, task) in asked.into_iter().zip(tasks) {
                let Some(run) = watched.get_mut(of) else { continue };
                if let Some(task) = task {
                    run.see(task, now);
                    continue;
                }
                run.miss(now);
                if run.is_unproven() {
                    unknown.push(of);
                }
            }
            match pauses.next() {
                Some(pause) if !unknown.is_empty() => sleep(pause).await,
                Some(_) | None => return Ok(()),
            }
            asked = unknown;
        }
    }
}

pub(super) fn failed(error: &impl std::error::Error) -> ObserveError {
    ObserveError {
        reason: error.to_string(),
    }
}

impl Watched {
    fn begin_look(&mut self) {
        self.asked_ecs = false;
        self.reach = None;
        self.remark = None;
    }

    fn see(&mut self, task: Task, now: Millis) {
        self.asked_ecs = true;
        let place = &mut self.place;
        place.task.seen = Some(now);
        place.task.missing = None;
        place.output = task.output;
        place.phase = place.phase.max(task.phase.min(Phase::Stopping));
        if place.phase >= Phase::Running {
            let since = task.started.map_or(now, |started| {
                started.as_millisecond().clamp(now.saturating_sub(STARTED_BEFORE), now)
            });
            place.log.entry.get_or_insert(since);
        }
        if task.over.is_some() {
            place.task.over.get_or_insert(now);
        }
        self.task = Some(task);
    }

    fn miss(&mut self, now: Millis) {
        self.asked_ecs = true;
        self.place.task.missing.get_or_insert(now);
    }

    /// Something could not be read: the next look comes later, and says why when it happens again.
    pub(super) fn fail(&mut self, why: &str) {
        let log = &mut self.place.log;
        log.failures = log.failures.saturating_add(1);
        if log.failures > 1 {
            self.remark = Some(format!("{why}: it is read less often until that is over"));
        }
    }
}
