//! How often a run is looked at: what a call asks ECS and `CloudWatch` Logs, and when its caller should come again.
//!
//! Pure: facts in, numbers out. Never reads a clock or remembers anything.

use protocol::{Phase, RunId};

use crate::cursor::Millis;

/// An entry so recent, in milliseconds, means that the job is writing.
const ACTIVE: Millis = 10_000;
/// When to ask again, in milliseconds: while nothing runs yet, while the job writes, and while its end is awaited.
const STARTING_MS: Millis = 1_500;
const ACTIVE_MS: Millis = 850;
const CLOSING_MS: Millis = 1_000;
/// The same right after a batch of a driver that sends every five seconds (`awslogs`): the next one cannot be there sooner.
const AFTER_BATCH_MS: Millis = 2_000;
/// Longest pause of a run that nobody has to share anything with, in milliseconds.
const QUIET_MS: Millis = 5_000;
/// A job that writes is looked at in ECS so often, in milliseconds; its end is in the log before ECS knows of it.
const TASK_WHILE_ACTIVE: Millis = 9_500;
/// The same when nothing has come for longer than a driver keeps it: it may have ended without a closing line.
const TASK_WHILE_SILENT: Millis = 4_500;
const SILENT: Millis = 6_000;
/// A quiet job's calls ask for its log, and each time after so many pauses for its task.
const TASK_EVERY: Millis = 3;
/// Reads that fail are repeated after one second, two, four…, in milliseconds, at most after this.
const LONGEST_BACK_OFF: Millis = 20_000;
/// The part of a quota that reading forward takes. The rest is for repairs, and for others in the account.
const PART_OF_QUOTA_PERCENT: i64 = 80;
/// `DescribeTasks` calls a second of an account and Region (ECS API throttling quotas: cluster reads, 20/s sustained).
const DESCRIBE_TASKS_PER_SECOND: u32 = 20;
/// A caller need not be told of a pause shorter than this, in milliseconds.
const WORTH_A_REMARK: Millis = 3_000;

/// What is known about one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) now: Millis,
    pub(crate) phase: Phase,
    /// ECS says that it is over.
    pub(crate) over: bool,
    /// Its log is read to the end.
    pub(crate) log_is_read: bool,
    /// When the last new entry came, or the run was first seen running.
    pub(crate) entry: Option<Millis>,
    /// New entries come in batches, some seconds apart.
    pub(crate) in_batches: bool,
    /// When ECS was last asked.
    pub(crate) seen: Option<Millis>,
    /// When its log was last read.
    pub(crate) read: Option<Millis>,
    /// When its log was last read without a failure.
    pub(crate) reached: Option<Millis>,
    /// Reads that failed since.
    pub(crate) failures: u8,
}

/// What the account can bear.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    /// How many callers read at the same time.
    pub(crate) readers: u32,
    /// Requests for one look at the log.
    pub(crate) requests: u32,
    /// Requests a second that the account has for it.
    pub(crate) per_second: u32,
}

/// What a run is doing, as far as reading is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pulse {
    Starting,
    Active,
    /// Quiet for so long, in milliseconds.
    Quiet(Millis),
    /// On its way to the end.
    Closing,
}

impl Facts {
    fn pulse(&self) -> Pulse {
        // As the log says: while it is not read, nobody knows that it is quiet.
        let quiet = self
            .reached
            .zip(self.entry)
            .map_or(0, |(reached, entry)| reached.saturating_sub(entry));
        match self.phase {
            _ if self.over || self.log_is_read => Pulse::Closing,
            Phase::Queued | Phase::Starting => Pulse::Starting,
            Phase::Stopping | Phase::Ended => Pulse::Closing,
            Phase::Running if quiet < ACTIVE => Pulse::Active,
            Phase::Running => Pulse::Quiet(quiet),
        }
    }

    /// A quiet run's call makes one request: whatever else is due can take its place.
    pub(crate) fn is_quiet(&self) -> bool {
        matches!(self.pulse(), Pulse::Quiet(_))
    }

    /// ECS is to be asked.
    pub(crate) fn task_is_due(&self) -> bool {
        let Some(seen) = self.seen else { return true };
        let age = self.now.saturating_sub(seen);
        match self.pulse() {
            Pulse::Starting | Pulse::Closing => true,
            Pulse::Active if self.entry.is_some_and(|entry| self.now.saturating_sub(entry) >= SILENT) => {
                age >= TASK_WHILE_SILENT
            }
            Pulse::Active => age >= TASK_WHILE_ACTIVE,
            Pulse::Quiet(quiet) => age >= TASK_EVERY * quiet_pause(quiet) - CLOSING_MS,
        }
    }

    /// The log is to be read, in a call that has or has not asked ECS.
    pub(crate) fn log_is_due(&self, asked_ecs: bool, share: Share) -> bool {
        let too_early = self.read.is_some_and(|read| {
            let pause = share.pause();
            pause > QUIET_MS && self.now.saturating_sub(read) < pause * 4 / 5
        });
        match self.pulse() {
            _ if self.log_is_read || too_early => false,
            Pulse::Starting => false,
            Pulse::Active | Pulse::Closing => true,
            Pulse::Quiet(_) => !asked_ecs,
        }
    }

    /// When to ask again, in milliseconds.
    pub(crate) fn pause(&self, run: RunId, share: Share) -> Millis {
        let own = match self.pulse() {
            Pulse::Starting => STARTING_MS,
            Pulse::Active if self.in_batches && self.read.is_some() && self.entry == self.read => AFTER_BATCH_MS,
            Pulse::Active => ACTIVE_MS,
            Pulse::Quiet(quiet) => quiet_pause(quiet),
            Pulse::Closing => CLOSING_MS,
        };
        let shared = self.shared_pause(share).max(self.back_off());
        if shared > own {
            shared + jitter(run, shared)
        } else {
            own
        }
    }

    fn shared_pause(&self, share: Share) -> Millis {
        let ecs = Share {
            requests: 1,
            per_second: DESCRIBE_TASKS_PER_SECOND,
            ..share
        };
        let asks_ecs_only = self.log_is_read || self.pulse() == Pulse::Starting;
        if asks_ecs_only {
            ecs.pause()
        } else {
            share.pause().max(ecs.pause())
        }
    }

    fn back_off(&self) -> Millis {
        match self.failures {
            0 => 0,
            failures => 1_000_i64
                .saturating_mul(2_i64.saturating_pow(u32::from(failures) - 1))
                .min(LONGEST_BACK_OFF),
        }
    }

    /// What a person should know about the pace.
    pub(crate) fn remark(&self, share: Share) -> Option<String> {
        let pause = self.shared_pause(share);
        (pause >= WORTH_A_REMARK && !self.log_is_read).then(|| {
            format!(
                "output is read every {} s: {} readers share the account's log quota",
                pause / 1_000,
                share.readers
            )
        })
    }
}

impl Share {
    /// The pause at which all readers together stay inside the quota, in milliseconds.
    pub(crate) fn pause(self) -> Millis {
        let requests = i64::from(self.readers.max(1)) * i64::from(self.requests.max(1));
        requests.saturating_mul(1_000 * 100) / (i64::from(self.per_second.max(1)) * PART_OF_QUOTA_PERCENT)
    }
}

fn quiet_pause(quiet: Millis) -> Millis {
    (quiet / 5).clamp(ACTIVE_MS, QUIET_MS)
}

/// Up to a tenth more, of the run's own making: so readers that were throttled together do not come back together.
fn jitter(run: RunId, pause: Millis) -> Millis {
    let sum = run
        .to_string()
        .bytes()
        .fold(7_i64, |sum, byte| (sum * 31 + i64::from(byte)) % 1_009);
    pause * sum / 10_090
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RUN: RunId = RunId::from_random([7; 16]);
    const ALONE: Share = Share {
        readers: 1,
        requests: 1,
        per_second: 10,
    };

    /// A run that was seen running half a minute ago, wrote just now and was asked for just now.
    fn active() -> Facts {
        Facts {
            now: 1_000_000,
            phase: Phase::Running,
            over: false,
            log_is_read: false,
            entry: Some(999_900),
            in_batches: false,
            seen: Some(999_000),
            read: Some(999_950),
            reached: Some(999_950),
            failures: 0,
        }
    }

    fn quiet_for(millis: Millis) -> Facts {
        Facts {
            entry: Some(1_000_000 - millis),
            reached: Some(1_000_000),
            ..active()
        }
    }

    fn shared_by(readers: u32) -> Share {
        Share { readers, ..ALONE }
    }

    #[test]
    fn a_job_that_writes_is_read_about_once_a_second() {
        assert_eq!(active().pause(RUN, ALONE), 850);
        assert!(active().log_is_due(false, ALONE) && active().log_is_due(true, ALONE));
    }

    #[test]
    fn right_after_a_batch_the_next_one_is_not_looked_for_at_once() {
        let after_batch = Facts {
            in_batches: true,
            entry: Some(999_950),
            ..active()
        };
        assert_eq!(after_batch.pause(RUN, ALONE), 2_000);
        let read = Some(1_000_000);
        assert_eq!(Facts { read, ..after_batch }.pause(RUN, ALONE), 850);
    }

    #[test]
    fn the_task_of_a_job_that_writes_is_looked_at_every_ten_seconds_and_sooner_when_it_falls_silent() {
        let seen = |age: Millis| Facts {
            seen: Some(1_000_000 - age),
            ..active()
        };
        assert!(!seen(9_000).task_is_due() && seen(9_500).task_is_due());
        let silent = Facts {
            entry: Some(994_000),
            ..seen(4_500)
        };
        assert!(silent.task_is_due());
    }

    #[test]
    fn a_run_that_has_not_started_is_asked_of_ecs_alone() {
        for phase in [Phase::Queued, Phase::Starting] {
            let facts = Facts { phase, ..active() };
            assert!(facts.task_is_due() && !facts.log_is_due(true, ALONE));
            assert_eq!(facts.pause(RUN, ALONE), 1_500);
        }
    }

    #[test]
    fn the_pause_of_a_quiet_job_grows_to_five_seconds() {
        let pauses = [10_000, 15_000, 25_000, 3_600_000].map(|quiet| quiet_for(quiet).pause(RUN, ALONE));
        assert_eq!(pauses, [2_000, 3_000, 5_000, 5_000]);
    }

    #[test]
    fn a_call_for_a_quiet_job_asks_for_the_task_or_for_the_log() {
        for seen in [None, Some(900_000), Some(999_999)] {
            let facts = Facts {
                seen,
                ..quiet_for(60_000)
            };
            assert_ne!(facts.task_is_due(), facts.log_is_due(facts.task_is_due(), ALONE));
        }
    }

    #[test]
    fn when_the_log_is_read_to_its_end_only_ecs_is_asked_each_second() {
        let facts = Facts {
            log_is_read: true,
            ..quiet_for(60_000)
        };
        assert!(facts.task_is_due() && !facts.log_is_due(true, ALONE));
        assert_eq!(facts.pause(RUN, ALONE), 1_000);
    }

    #[test]
    fn a_stopping_run_is_asked_of_both_each_second() {
        let facts = Facts {
            phase: Phase::Stopping,
            ..quiet_for(60_000)
        };
        assert!(facts.task_is_due() && facts.log_is_due(true, ALONE));
        assert_eq!(facts.pause(RUN, ALONE), 1_000);
    }

    #[test]
    fn a_job_whose_log_could_not_be_read_for_long_is_not_called_quiet() {
        let facts = Facts {
            now: 2_000_000,
            failures: 9,
            ..active()
        };
        assert!(!facts.is_quiet());
    }

    #[test]
    fn many_readers_share_the_quota_and_are_told() {
        let pause = active().pause(RUN, shared_by(120));
        assert!((15_000..=16_500).contains(&pause), "{pause}");
        assert_eq!(
            active().remark(shared_by(120)).as_deref(),
            Some("output is read every 15 s: 120 readers share the account's log quota")
        );
        assert_eq!(active().remark(shared_by(8)), None);
    }

    #[test]
    fn who_comes_much_too_early_is_not_served_from_the_quota_of_others() {
        let early = Facts {
            read: Some(995_000),
            ..active()
        };
        assert!(!early.log_is_due(false, shared_by(120)));
        assert!(early.log_is_due(false, shared_by(8)));
    }

    #[test]
    fn failed_reads_back_off_to_twenty_seconds() {
        let pauses = [1, 2, 4, 200].map(|failures| {
            let facts = Facts { failures, ..active() };
            facts.pause(RUN, ALONE)
        });
        for (pause, least) in pauses.into_iter().zip([1_000, 2_000, 8_000, 20_000]) {
            assert!((least..=least * 11 / 10).contains(&pause), "{pauses:?}");
        }
    }

    #[test]
    fn runs_that_back_off_together_come_back_at_different_times() {
        let failed = Facts {
            failures: 3,
            ..active()
        };
        let pauses: std::collections::BTreeSet<_> = (0..20)
            .map(|number| failed.pause(RunId::from_random([number; 16]), ALONE))
            .collect();
        assert!(pauses.len() > 10, "{pauses:?}");
    }

    proptest! {
        #[test]
        fn all_readers_together_stay_inside_the_quota(readers in 1_u32..5_000, requests in 1_u32..5, per_second in 1_u32..50) {
            let share = Share { readers, requests, per_second };
            let facts = Facts { entry: Some(1_000_000), ..active() };
            let pause = facts.pause(RUN, share);
            let made = i64::from(readers) * i64::from(requests) * 1_000;
            prop_assert!(made <= pause * i64::from(per_second), "{pause}");
        }
    }
}
