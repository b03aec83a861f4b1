//! What every engine must offer: launch a permit, observe runs, stop a run.
//!
//! Never decides whether something may run (it takes a [`Permit`], which only the gate makes) and never names a vendor.

#[cfg(feature = "conformance")]
pub mod conformance;

use std::future::Future;
use std::time::Duration;

pub use gatekeeper::Permit;
use protocol::{IdempotencyKey, ObserveRun, Observed, Origin, RunId, StopOutcome};

/// A place where permits run.
pub trait Engine: Send + Sync {
    /// Starts the permit, or answers the run that the same key and the same permit started before.
    fn launch(&self, permit: Permit, call: Call) -> impl Future<Output = Result<Launched, LaunchError>> + Send;

    /// Reads the news of several runs in one short call, waiting at most `wait` for some. One answer for each, in the same order.
    fn observe(
        &self,
        runs: &[ObserveRun],
        wait: Duration,
    ) -> impl Future<Output = Result<Vec<Observed>, ObserveError>> + Send;

    /// Asks a run to stop: a signal first, time to clean up, then the end. Asking again changes nothing.
    fn stop(&self, run: RunId, reason: &str) -> impl Future<Output = Result<StopOutcome, StopError>> + Send;
}

/// What comes with a permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Makes a repeated launch harmless.
    pub key: IdempotencyKey,
    /// Where the call came from, for the record.
    pub origin: Origin,
}

/// A run that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launched {
    /// Its id.
    pub run: RunId,
    /// It existed before this call.
    pub repeated: bool,
    /// Remarks about its isolation that its caller should know.
    pub notices: Vec<String>,
}

/// Why a permit was not launched.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// Nothing runs, and trying again without a change will not help.
    #[error("{reason}")]
    FailedToStart {
        /// Why, and what to do about it.
        reason: String,
    },
    /// There is no room for it now: nothing runs. Launching again later with the same key is safe and may succeed.
    #[error("{reason}")]
    NoCapacity {
        /// Why, and what to do about it.
        reason: String,
    },
    /// The key belongs to another request.
    #[error("idempotency key is taken by run `{run}`, which was started for another request: use a new key")]
    KeyConflict {
        /// The run that has the key.
        run: RunId,
    },
    /// The engine failed; whether the run exists is not known. Launching again with the same key is safe.
    #[error("{reason}")]
    Unavailable {
        /// Why, and what to do about it.
        reason: String,
    },
}

/// Why runs could not be observed. An unknown run is an answer, not an error.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct ObserveError {
    /// Why, and what to do about it.
    pub reason: String,
}

/// Why a run could not be stopped. An unknown run is an answer, not an error.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct StopError {
    /// Why, and what to do about it.
    pub reason: String,
}
