//! Brings a running job to its end: by itself, when asked, or at its deadline. Never leaves a process behind, and never loses output that
//! was written.

use std::time::{Duration, Instant};

use protocol::frame::Cause;

use crate::TIMED_OUT;
use crate::arguments::Limits;
use crate::job::Job;
use crate::log::{Log, LogError, Verdict};
use crate::processes::{Ended, kill_all, reap};
use crate::signals::Signals;
use crate::wait;

/// What the script left in the background may go on so long after its end, as long as it can still write to the output.
const BACKGROUND_TIME: Duration = Duration::from_millis(500);
/// So long after the last process was killed, the outputs must be closed.
const CLOSE_TIME: Duration = Duration::from_secs(2);
const SIGNAL_BASE: u8 = 128;
const SIGKILL: u8 = 9;

/// Why a job was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Asked,
    Deadline,
    LogFailed,
}

/// Where a job is.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Running { deadline: Instant },
    Stopping { why: Why, kill_at: Instant },
}

/// Answers the status to exit with.
pub(crate) fn to_the_end(job: &Job, mut log: Log, signals: &Signals, limits: Limits) -> Result<u8, LogError> {
    let (ended, why) = until_the_script_ends(job, &mut log, signals, limits);
    until_the_outputs_close(&mut log, signals, BACKGROUND_TIME);
    kill_all(job.pid());
    until_the_outputs_close(&mut log, signals, CLOSE_TIME);
    let verdict = verdict(ended, why);
    let exit = verdict.exit;
    log.finish(verdict).map(|()| exit)
}

fn until_the_script_ends(job: &Job, log: &mut Log, signals: &Signals, limits: Limits) -> (Ended, Option<Why>) {
    let mut stage = Stage::Running {
        deadline: Instant::now() + limits.timeout,
    };
    loop {
        let asked = wait_for_news(log, signals, stage.next());
        if let Some(ended) = reap(job.pid()).script {
            return (ended, stage.why());
        }
        match stage {
            Stage::Running { deadline } => {
                if let Some(why) = reason_to_stop(asked, log.has_failed(), deadline) {
                    job.ask_to_stop();
                    let kill_at = Instant::now() + limits.stop_timeout;
                    stage = Stage::Stopping { why, kill_at };
                }
            }
            Stage::Stopping { why, kill_at } if Instant::now() >= kill_at => {
                // A process that cannot even be killed in time is as good as killed: nothing of it will be waited for.
                let ended = kill_all(job.pid()).unwrap_or(Ended::Signalled(SIGKILL));
                return (ended, Some(why));
            }
            Stage::Stopping { .. } => {}
        }
    }
}

impl Stage {
    const fn next(self) -> Instant {
        match self {
            Self::Running { deadline } => deadline,
            Self::Stopping { kill_at, .. } => kill_at,
        }
    }

    const fn why(self) -> Option<Why> {
        match self {
            Self::Running { .. } => None,
            Self::Stopping { why, .. } => Some(why),
        }
    }
}

fn reason_to_stop(asked: bool, log_failed: bool, deadline: Instant) -> Option<Why> {
    if asked {
        Some(Why::Asked)
    } else if log_failed {
        Some(Why::LogFailed)
    } else if Instant::now() >= deadline {
        Some(Why::Deadline)
    } else {
        None
    }
}

/// Waits for whatever happens first; answers whether a stop was asked for.
fn wait_for_news(log: &mut Log, signals: &Signals, until: Instant) -> bool {
    wait::readable([signals.stop(), signals.child(), log.news()], until);
    log.take();
    signals.take()
}

fn until_the_outputs_close(log: &mut Log, signals: &Signals, at_most: Duration) {
    let until = Instant::now() + at_most;
    while !log.is_closed() && Instant::now() < until {
        // The script has ended: there is nobody left to pass a stop on to.
        wait_for_news(log, signals, until);
    }
}

fn verdict(ended: Ended, why: Option<Why>) -> Verdict {
    let exit = match ended {
        Ended::Exited(code) => code,
        Ended::Signalled(signal) => SIGNAL_BASE.saturating_add(signal),
    };
    match (why, ended) {
        (Some(Why::Deadline), _) => Verdict {
            exit: TIMED_OUT,
            cause: Cause::TimedOut,
        },
        // When the log has failed, no trailer is written at all.
        (Some(Why::Asked | Why::LogFailed), _) => Verdict {
            exit,
            cause: Cause::Stopped,
        },
        (None, Ended::Exited(_)) => Verdict {
            exit,
            cause: Cause::Exited,
        },
        (None, Ended::Signalled(signal)) => Verdict {
            exit,
            cause: Cause::Signalled { signal },
        },
    }
}
