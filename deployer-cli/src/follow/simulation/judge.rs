//! What a caller was told, held against the truth.

use std::collections::BTreeMap;

use aws_sim::{Fate, TaskTruth};
use protocol::frame::Channel;
use protocol::{Ending, ExitCode};

use super::caller::Screen;
use crate::conclusion::{About, Conclusion, Finished, MissingLines};
use crate::log::Verdict;

/// How often what was told.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) runs: u64,
    /// The caller was told how the run truly ended.
    pub(super) told: u64,
    /// The caller was told that nobody knows.
    pub(super) unknown: u64,
    /// Nothing ran, and the caller was told so.
    pub(super) nothing_ran: u64,
    /// Nobody came back for the run.
    pub(super) abandoned: u64,
    /// Logs that were proven to be complete.
    pub(super) complete: u64,
    /// Logs of finished runs that were said not to be.
    pub(super) incomplete: u64,
    /// Those of them that could have been complete: all could be read within the settling time.
    pub(super) needlessly_incomplete: u64,
    /// Requests to AWS.
    pub(super) requests: u64,
    /// Every kind of ending that came up.
    pub(super) endings: BTreeMap<String, u64>,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.told += other.told;
        self.unknown += other.unknown;
        self.nothing_ran += other.nothing_ran;
        self.abandoned += other.abandoned;
        self.complete += other.complete;
        self.incomplete += other.incomplete;
        self.needlessly_incomplete += other.needlessly_incomplete;
        self.requests += other.requests;
        for (ending, count) in &other.endings {
            *self.endings.entry(ending.clone()).or_default() += count;
        }
    }

    /// Counts one caller's last conclusion, or answers what is false about it.
    pub(super) fn judge(
        &mut self,
        conclusion: &Conclusion,
        task: Option<&TaskTruth>,
        screen: &Screen,
    ) -> Result<(), String> {
        let exit = conclusion.exit_code(MissingLines::Warn);
        let truly_zero = task.is_some_and(|task| task.fate == Fate::Exited(0));
        if exit == ExitCode::Job(0) && !truly_zero {
            return Err(format!("success was told of {:?}", task.map(|task| &task.fate)));
        }
        match (conclusion, task) {
            (Conclusion::Finished(finished), Some(task)) => self.finished(finished, task, screen),
            (Conclusion::Finished(finished), None) => Err(format!("an ending of nothing: {:?}", finished.ended.ending)),
            (Conclusion::Lost { run, .. }, task) => {
                self.unknown += 1;
                // It must be attachable: the id is the task's.
                check(task.is_some_and(|task| task.id == run.to_string()), || {
                    "another run was lost".to_owned()
                })
            }
            (Conclusion::Unanswered { .. }, _) => {
                self.unknown += 1;
                Ok(())
            }
            (Conclusion::Left(left), task) => {
                self.unknown += 1;
                let honest = task.is_none() || left.about != About::Nothing;
                check(honest, || "something runs that was said not to".to_owned())
            }
            (Conclusion::Refused { .. } | Conclusion::Failed { .. } | Conclusion::Denied(_), None) => {
                self.nothing_ran += 1;
                Ok(())
            }
            (other, task) => Err(format!("{other:?} was told of {:?}", task.map(|task| &task.fate))),
        }
    }

    fn finished(&mut self, finished: &Finished, task: &TaskTruth, screen: &Screen) -> Result<(), String> {
        check(finished.run.to_string() == task.id, || {
            "the ending of another run".to_owned()
        })?;
        let ending = &finished.ended.ending;
        *self.endings.entry(name(ending)).or_default() += 1;
        if matches!(ending, Ending::Unknown { .. }) {
            self.unknown += 1;
        } else if fits(ending, task) {
            self.told += 1;
        } else {
            return Err(format!(
                "{ending:?} was told of {:?} (exit code {:?})",
                task.fate, task.exit_code
            ));
        }
        self.log(finished, task, screen)
    }

    fn log(&mut self, finished: &Finished, task: &TaskTruth, screen: &Screen) -> Result<(), String> {
        let mut whole = true;
        for channel in [Channel::Stdout, Channel::Stderr] {
            let (shown, written) = (screen.text(channel), task.written(channel));
            whole &= shown == written;
            check(is_subsequence(&shown, &written), || {
                format!(
                    "{channel:?} has lines twice, out of order or of nobody:\n{}",
                    difference(&shown, &written)
                )
            })?;
        }
        match &finished.ended.log {
            Verdict::Complete => {
                self.complete += 1;
                check(whole, || "a log with missing lines was called complete".to_owned())
            }
            Verdict::Incomplete { .. } | Verdict::NotProven => {
                self.incomplete += 1;
                let settled = task.stopped.unwrap_or(u64::MAX).saturating_add(25_000);
                let could_be = matches!(
                    task.fate,
                    Fate::Exited(_) | Fate::Signalled(_) | Fate::TimedOut | Fate::Stopped(_)
                ) && task
                    .readable
                    .iter()
                    .all(|readable| readable.is_some_and(|at| at <= settled));
                self.needlessly_incomplete += u64::from(could_be);
                Ok(())
            }
        }
    }
}

fn fits(ending: &Ending, task: &TaskTruth) -> bool {
    match (ending, &task.fate) {
        (Ending::Exited { code }, Fate::Exited(truth)) => code == truth,
        (Ending::Signalled { signal }, Fate::Signalled(truth)) => signal == truth,
        (Ending::Cancelled { code }, Fate::Stopped(truth)) => code == truth,
        (Ending::TimedOut { .. }, Fate::TimedOut)
        | (Ending::OutOfMemory { .. }, Fate::OutOfMemory)
        | (Ending::HostLost { .. }, Fate::HostLost)
        | (Ending::FailedToStart { .. }, Fate::NeverRan) => true,
        (Ending::Cancelled { code: None }, Fate::NeverRan) => task.stop_asked.is_some(),
        _ => false,
    }
}

fn name(ending: &Ending) -> String {
    let name = format!("{ending:?}");
    name.split([' ', '{']).next().unwrap_or_default().to_owned()
}

pub(super) fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// Every shown line was written, once and in this order.
fn is_subsequence(shown: &str, written: &str) -> bool {
    let mut written = written.lines();
    shown.lines().all(|line| written.any(|candidate| candidate == line))
}

fn difference(shown: &str, written: &str) -> String {
    let pairs = shown.lines().zip(written.lines()).enumerate();
    let different = pairs.filter(|(_, (shown, written))| shown != written).take(5);
    let told = different
        .map(|(number, (shown, written))| format!("line {}: shown `{shown}`, written `{written}`", number + 1));
    told.collect::<Vec<_>>().join("\n")
}
