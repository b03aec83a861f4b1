//! Reads runs back: news since a cursor, where the run is, how it ended. Also how a run is asked to stop.

mod log;
mod lost;

use std::time::{Duration, Instant};

use engine::ObserveError;
use gatekeeper::Entrypoint;
use protocol::{Cursor, Observation, ObserveRun, Observed, OutputForm, Phase, RunId, StopOutcome, Timings};

use crate::state::{RunDir, State, StateError, StatusRecord, StopRecord};

pub(crate) use lost::{close_if_lost, end as end_process};

/// Most of the logs that one call answers; each run gets its part.
const PAGE_BYTES: usize = 1024 * 1024;
/// Least part of a run: many of the longest lines.
const MIN_PAGE_BYTES: usize = 64 * 1024;
/// How often a waiting call looks.
const LOOK: Duration = Duration::from_millis(15);
/// Longest wait of a call, whatever is asked for.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// When to ask again: while lines flow, and while it is quiet. A call waits for news by itself.
const ASK_AGAIN_FLOWING_MS: u32 = 20;
const ASK_AGAIN_QUIET_MS: u32 = 100;

/// Why a run cannot be read.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("`{0}` is not a cursor of this engine: start with an empty one")]
    Cursor(String),
    #[error("the log of run `{run}` is damaged at byte {at}: it holds no line end")]
    Damaged { run: RunId, at: u64 },
}

/// News of several runs, waiting for some.
pub(crate) async fn observe(state: &State, runs: &[ObserveRun], wait: Duration) -> Result<Vec<Observed>, ObserveError> {
    let until = Instant::now() + wait.min(MAX_WAIT);
    let first: Vec<Option<Phase>> = runs.iter().map(|asked| phase_now(state, asked.run)).collect();
    loop {
        let observed = runs
            .iter()
            .map(|asked| observe_one(state, asked, page_of_each(runs.len())))
            .collect::<Result<Vec<_>, ReadError>>()
            .map_err(|error| ObserveError {
                reason: error.to_string(),
            })?;
        let news = observed
            .iter()
            .zip(&first)
            .any(|(observed, first)| is_news(observed, *first));
        if news || runs.is_empty() || Instant::now() >= until {
            return Ok(observed);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn page_of_each(runs: usize) -> usize {
    (PAGE_BYTES / runs.max(1)).max(MIN_PAGE_BYTES)
}

fn phase_now(state: &State, run: RunId) -> Option<Phase> {
    let dir = state.find(run).ok()??;
    dir.status().ok()?.map(|status| status.phase)
}

fn is_news(observed: &Observed, first: Option<Phase>) -> bool {
    match observed {
        Observed::NotFound { .. } => true,
        Observed::Run(news) => {
            !news.frames.is_empty() || news.ending.is_some() || Some(news.phase) != first.or(Some(Phase::Queued))
        }
    }
}

fn observe_one(state: &State, asked: &ObserveRun, page_bytes: usize) -> Result<Observed, ReadError> {
    let run = asked.run;
    let Some(dir) = state.find(run)? else {
        return Ok(Observed::NotFound { run });
    };
    let from = log::position(&asked.cursor)?;
    close_if_lost(&dir)?;
    // The ending is looked at before the log: every line was in the log before the ending was written.
    let ending = dir.ending()?;
    let page = log::read(&dir, run, from, page_bytes)?;
    let output = match dir.decision()?.entrypoint {
        Entrypoint::DeployRunner => OutputForm::Framed,
        Entrypoint::Image => OutputForm::Raw,
    };
    let status = dir.status()?;
    let phase = status.as_ref().map_or(Phase::Queued, |status| status.phase);
    let ended = ending.filter(|_| !page.more);
    Ok(Observed::Run(Observation {
        run,
        phase: if ended.is_some() { Phase::Ended } else { phase },
        cursor: Cursor::new(page.next.to_string()),
        more: page.more,
        timings: match &ended {
            Some(ended) => ended.timings.clone(),
            None => timings_so_far(&dir, status.as_ref())?,
        },
        ending: ended.map(|ended| ended.ending),
        ask_again_ms: match (page.more, page.frames.is_empty()) {
            (true, _) => 0,
            (false, false) => ASK_AGAIN_FLOWING_MS,
            (false, true) => ASK_AGAIN_QUIET_MS,
        },
        frames: page.frames,
        output,
        remark: None,
    }))
}

fn timings_so_far(dir: &RunDir, status: Option<&StatusRecord>) -> Result<Timings, StateError> {
    let Some(status) = status else {
        return Ok(Timings::default());
    };
    let created = dir.request()?.created;
    let millis = |from: jiff::Timestamp, to: jiff::Timestamp| u64::try_from(to.duration_since(from).as_millis()).ok();
    Ok(Timings {
        queued_ms: millis(created, status.started),
        pull_ms: status.pull_ms,
        start_ms: status.running.and_then(|running| millis(status.started, running)),
        run_ms: None,
        drain_ms: None,
    })
}

/// Asks a run to stop.
pub(crate) fn stop(state: &State, run: RunId, stop: &StopRecord) -> Result<StopOutcome, StateError> {
    let Some(dir) = state.find(run)? else {
        return Ok(StopOutcome::NotFound);
    };
    close_if_lost(&dir)?;
    if dir.ending()?.is_some() {
        return Ok(StopOutcome::AlreadyEnded);
    }
    dir.request_stop(stop)?;
    Ok(StopOutcome::Stopping)
}
