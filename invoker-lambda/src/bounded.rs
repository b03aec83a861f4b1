//! The engine within the function's limits: there or not, and never longer than Lambda waits.
//!
//! A slow AWS becomes an answer that says so, with an outcome in the audit log, instead of Lambda's "Task timed out". Decides nothing.

use std::time::Duration;

use engine::{Call, Engine, LaunchError, Launched, ObserveError, Permit, StopError};
use protocol::{ObserveRun, Observed, RunId, StopOutcome};

use crate::invocation::answer_by;

/// An engine, or why there is none: then nothing is started, and every call says why.
#[derive(Debug)]
pub struct Bounded<E> {
    engine: Result<E, String>,
}

/// Lambda would have ended the function before AWS answered.
#[derive(Debug, thiserror::Error)]
#[error(
    "AWS did not answer before the function's time was over: send the same message again, and raise the function's timeout if this repeats"
)]
struct TooSlow;

impl<E> Bounded<E> {
    /// The engine, or one line that says why there is none.
    pub const fn new(engine: Result<E, String>) -> Self {
        Self { engine }
    }

    fn engine(&self) -> Result<&E, String> {
        self.engine.as_ref().map_err(Clone::clone)
    }
}

impl<E: Engine> Engine for Bounded<E> {
    async fn launch(&self, permit: Permit, call: Call) -> Result<Launched, LaunchError> {
        let engine = self.engine().map_err(|reason| LaunchError::FailedToStart { reason })?;
        in_time(engine.launch(permit, call)).await.unwrap_or_else(|late| {
            Err(LaunchError::Unavailable {
                reason: late.to_string(),
            })
        })
    }

    async fn observe(&self, runs: &[ObserveRun], wait: Duration) -> Result<Vec<Observed>, ObserveError> {
        let engine = self.engine().map_err(|reason| ObserveError { reason })?;
        in_time(engine.observe(runs, wait)).await.unwrap_or_else(|late| {
            Err(ObserveError {
                reason: late.to_string(),
            })
        })
    }

    async fn stop(&self, run: RunId, reason: &str) -> Result<StopOutcome, StopError> {
        let engine = self.engine().map_err(|reason| StopError { reason })?;
        in_time(engine.stop(run, reason)).await.unwrap_or_else(|late| {
            Err(StopError {
                reason: late.to_string(),
            })
        })
    }
}

/// Outside of an invocation there is no time at all.
async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, TooSlow> {
    let by = answer_by().ok_or(TooSlow)?;
    tokio::time::timeout_at(by, work).await.or(Err(TooSlow))
}
