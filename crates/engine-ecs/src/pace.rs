//! How often a run is looked at: what a call asks ECS and `CloudWatch` Logs, and when its caller should come again.
//!
//! Pure: facts in, numbers out. Never reads a clock or remembers anything.

use protocol::{Phase, RunId};

use crate::clock::Millis;

/// An entry so recent, in milliseconds, means that the job is writing.
const ACTIVE: Millis = 10_000;
/// When to ask again, in milliseconds: while nothing runs yet, while the job writes, and while its end is awaited.
const STARTING_MS: Millis = 1_500;
const ACTIVE_MS: Millis = 850;
const CLOSING_MS: Millis = 1_000;
/// The same right after a batch of a driver that sends every five seconds (`awslogs`): the next one cannot be there sooner.
const AFTER_BATCH_MS: Millis = 2_000;
/// Where one look is for several runs, one that has had its batch is left out so long, in milliseconds after the batch was sent.
const NEXT_BATCH: Millis = 4_500;
/// Longest pause of a run that nobody has to share anything with, in milliseconds.
const QUIET_MS: Millis = 5_000;
/// A job that writes is looked at in ECS so often, in milliseconds; its end is in the log before ECS knows of it.
const TASK_WHILE_ACTIVE: Millis = 9_500;
/// The same when nothing has come for longer than a driver keeps it: it may have ended without a closing line.
const TASK_WHILE_SILENT: Millis = 4_500;
const SILENT: Millis = 6_000;
/// A quiet job's calls ask for its log, and each time after so many pauses for its task.
const TASK_EVERY: Millis = 3;
/// Where one look is for several runs, those that are starting do not have ECS asked more often than this, in milliseconds.
const TASKS_WHILE_STARTING: Millis = 2_400;
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
    /// The latest time of an entry, by the clock of the host that wrote it.
    pub(crate) latest: Millis,
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

    /// It is starting, and ECS was asked for the sake of others a moment ago.
    pub(crate) fn was_just_asked(&self) -> bool {
        let seen = self
            .seen
            .filter(|seen| self.now.saturating_sub(*seen) < TASKS_WHILE_STARTING);
        self.pulse() == Pulse::Starting && seen.is_some()
    }

    /// The log is to be read, in a call that has or has not asked ECS.
    pub(crate) fn log_is_due(&self, asked_ecs: bool, share: Share) -> bool {
        // Its turn may have moved by half a round; a read that failed has not had it.
        let read = self.read.filter(|_| self.failures == 0);
        let too_early = read.is_some_and(|read| {
            let pause = share.pause();
            pause > QUIET_MS && self.now.saturating_sub(read) < pause * 2 / 5
        });
        match self.pulse() {
            _ if self.log_is_read || too_early => false,
            Pulse::Starting => false,
            Pulse::Active | Pulse::Closing => true,
            // Where many share, its next turn may be one in which ECS is asked again.
            Pulse::Quiet(_) => !asked_ecs || share.is_crowded(),
        }
    }

    /// Its driver has just sent what it had, and does so every few seconds: there is nothing to read yet.
    pub(crate) fn awaits_batch(&self) -> bool {
        // By the host's clock and by ours: one of them alone may be wrong.
        let since = |then: Millis| self.now.saturating_sub(then);
        let too_soon = since(self.latest) < NEXT_BATCH && self.entry.is_some_and(|entry| since(entry) < NEXT_BATCH);
        self.pulse() == Pulse::Active && self.in_batches && self.failures == 0 && too_soon
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
        let back_off = self.back_off();
        // Whose log could not be read has not had its turn: it comes again soon, and does not wait for the next one.
        let missed_its_turn = back_off > 0 && !self.asks_ecs_only();
        let shared = if missed_its_turn {
            back_off
        } else {
            self.shared_pause(share).max(back_off)
        };
        if shared <= own {
            own
        } else if missed_its_turn || shared <= QUIET_MS {
            shared + shared * lot(run) / (10 * LOTS)
        } else {
            until_turn(self.now, run, shared)
        }
    }

    fn asks_ecs_only(&self) -> bool {
        self.log_is_read || self.pulse() == Pulse::Starting
    }

    fn shared_pause(&self, share: Share) -> Millis {
        let ecs = Share {
            requests: 1,
            per_second: DESCRIBE_TASKS_PER_SECOND,
            ..share
        };
        if self.asks_ecs_only() {
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
    /// So many read that each comes less often than it would by itself, whatever it does.
    pub(crate) fn is_crowded(self) -> bool {
        self.pause() > QUIET_MS
    }

    /// The pause at which all readers together stay inside the quota, in milliseconds.
    pub(crate) fn pause(self) -> Millis {
        let requests = i64::from(self.readers.max(1)) * i64::from(self.requests.max(1));
        requests.saturating_mul(1_000 * 100) / (i64::from(self.per_second.max(1)) * PART_OF_QUOTA_PERCENT)
    }
}

fn quiet_pause(quiet: Millis) -> Millis {
    (quiet / 5).clamp(ACTIVE_MS, QUIET_MS)
}

/// How many lots there are.
const LOTS: Millis = 1_009;

/// A number below [`LOTS`] of the run's own: so readers that were throttled together do not come back together.
fn lot(run: RunId) -> Millis {
    draw(run.to_string().bytes().take(16))
}

fn draw(bytes: impl Iterator<Item = u8>) -> Millis {
    bytes.fold(7, |sum, byte| (sum * 31 + Millis::from(byte)) % LOTS)
}

/// The time to the run's next turn, half a round from now at least. Many readers who began together would come together each time, and nobody
/// sees them all; so each has its moment in every round, by its lot.
fn until_turn(now: Millis, run: RunId, round: Millis) -> Millis {
    // As long as the number of readers is about the same, so is the length of a round.
    let step = (round.unsigned_abs().next_power_of_two() / 16).max(1);
    let round = Millis::try_from(round.unsigned_abs().next_multiple_of(step)).unwrap_or(round);
    let moment = round * lot(run) / LOTS;
    let pause = (moment - now).rem_euclid(round);
    if pause * 2 < round { pause + round } else { pause }
}

/// What readers of one run each have together, where there are many of them: `GetLogEvents`, and a part of `FilterLogEvents`, which is a quota of
/// its own. A small quota has little room for chance, so a quarter of it stays unused.
pub(crate) const fn of_both(get_per_second: u32, filter_per_second: u32) -> u32 {
    get_per_second.saturating_add(filter_per_second.saturating_sub(filter_per_second.div_ceil(4)))
}

/// Which of such readers ask `FilterLogEvents`: as many of them as it has of both.
pub(crate) fn asks_the_other(run: RunId, get_per_second: u32, filter_per_second: u32) -> bool {
    let both = of_both(get_per_second, filter_per_second);
    let filter = both.saturating_sub(get_per_second);
    draw(run.to_string().bytes().skip(16)) * Millis::from(both) < Millis::from(filter) * LOTS
}

#[cfg(test)]
mod tests;
