//! The engine of this machine, as everyone else sees it.

use std::time::Duration;

use engine::{Call, Engine, LaunchError, Launched, ObserveError, Permit, StopError};
use protocol::{ObserveRun, Observed, RunId, StopOutcome};

use crate::config::LocalConfig;
use crate::launch;
use crate::observe;
use crate::retention::{self, Retention, RunSummary, RunsError};
use crate::state::{State, StopRecord, now};

/// Runs permits as sandboxed processes on this machine.
#[derive(Debug, Clone)]
pub struct LocalEngine {
    config: LocalConfig,
    state: State,
}

impl LocalEngine {
    /// Takes the machine as it is told; nothing is touched before it is needed.
    pub fn new(config: LocalConfig) -> Self {
        let state = State::new(config.state_dir.clone());
        Self { config, state }
    }

    /// Every run that this machine remembers, the latest first.
    pub fn runs(&self) -> Result<Vec<RunSummary>, RunsError> {
        retention::runs(&self.state)
    }

    /// Forgets ended runs beyond the limits, and answers how many. Never touches a live one.
    pub fn prune(&self, retention: &Retention) -> Result<usize, RunsError> {
        retention::prune(&self.state, retention)
    }
}

impl Engine for LocalEngine {
    async fn launch(&self, permit: Permit, call: Call) -> Result<Launched, LaunchError> {
        let (config, state) = (self.config.clone(), self.state.clone());
        let launched = tokio::task::spawn_blocking(move || launch::launch(&config, &state, &permit, &call)).await;
        launched.map_err(|error| LaunchError::Unavailable {
            reason: format!("the launch broke off: {error}"),
        })?
    }

    async fn observe(&self, runs: &[ObserveRun], wait: Duration) -> Result<Vec<Observed>, ObserveError> {
        observe::observe(&self.state, runs, wait).await
    }

    async fn stop(&self, run: RunId, reason: &str) -> Result<StopOutcome, StopError> {
        let stop = StopRecord {
            asked: now(),
            reason: reason.to_owned(),
        };
        observe::stop(&self.state, run, &stop).map_err(|error| StopError {
            reason: error.to_string(),
        })
    }
}
