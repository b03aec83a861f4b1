//! The engine of one ECS cluster, as everyone else sees it.

use std::time::Duration;

use ::engine::{Call, Engine, LaunchError, Launched, ObserveError, Permit, StopError};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_ecs::Client;
use protocol::{ObserveRun, Observed, RunId, StopOutcome};

use crate::clock::{Clock, system_clock};
use crate::https;
use crate::launch::Launcher;
use crate::observe::Observer;
use crate::policy;
use crate::settings::Settings;
use crate::stop;
use crate::tasks::Tasks;

/// No task has this id. Asking for it opens the connection that the first real call then uses.
const NO_RUN: RunId = RunId::from_random([0; 16]);

/// Runs permits as tasks of one ECS cluster.
pub struct EcsEngine {
    client: Client,
    tasks: Tasks,
    observer: Observer,
    settings: Settings,
    clock: Clock,
}

impl EcsEngine {
    /// Takes its place as it is told; nothing is asked of AWS before it is needed.
    pub fn new(sdk: &SdkConfig, settings: Settings, clock: Clock) -> Self {
        let sdk = policy::for_reads(sdk);
        let client = Client::new(&sdk);
        let tasks = Tasks::new(client.clone(), settings.cluster.clone());
        Self {
            observer: Observer::new(&sdk, &settings, tasks.clone(), clock.clone()),
            tasks,
            client,
            settings,
            clock,
        }
    }

    /// Takes credentials, Region and endpoints from the environment, as every AWS SDK does, and opens the connections. What fails here
    /// fails again, and is told, when it is needed.
    pub async fn connect(settings: Settings) -> Self {
        let sdk = aws_config::defaults(BehaviorVersion::latest())
            .http_client(https::client())
            .load()
            .await;
        let engine = Self::new(&sdk, settings, system_clock());
        engine.open_connections().await;
        engine
    }

    /// Asks ECS and `CloudWatch` Logs at once for a run that does not exist.
    async fn open_connections(&self) {
        let (_no_task, ()) = tokio::join!(self.tasks.describe(&[NO_RUN]), self.observer.open_connection(NO_RUN));
    }
}

impl Engine for EcsEngine {
    async fn launch(&self, permit: Permit, call: Call) -> Result<Launched, LaunchError> {
        let launcher = Launcher {
            client: &self.client,
            tasks: &self.tasks,
            settings: &self.settings,
            clock: &self.clock,
        };
        launcher.launch(&permit, &call).await
    }

    async fn observe(&self, runs: &[ObserveRun], wait: Duration) -> Result<Vec<Observed>, ObserveError> {
        self.observer.observe(runs, wait).await
    }

    async fn stop(&self, run: RunId, reason: &str) -> Result<StopOutcome, StopError> {
        stop::stop(&self.client, &self.tasks, run, reason).await
    }
}
