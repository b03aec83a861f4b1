//! Reads runs back: where each is, what it has written since, how it ended.
//!
//! Never keeps anything between two calls but a count of live runs: what must be remembered travels in the cursors. A read that fails is
//! no error of a call; it shows as a longer pause and a remark.

mod ending;
mod live;
mod look;
mod reading;
mod sharing;
mod watched;

use std::time::Duration;

use aws_config::SdkConfig;
use engine::ObserveError;
use protocol::{ObserveRun, Observed, RunId};
use tokio::time::{Instant, sleep};

use crate::clock::Clock;
use crate::cursor::Place;
use crate::logs::LogClient;
use crate::settings::{LogQuotas, Settings};
use crate::tasks::Tasks;

use live::Live;
use watched::Watched;

/// Longest wait of a call, whatever is asked for.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Observes the runs of one cluster.
pub struct Observer {
    tasks: Tasks,
    logs: LogClient,
    clock: Clock,
    live: Live,
    quotas: LogQuotas,
}

impl Observer {
    /// Reads the runs of one cluster and their log group.
    pub fn new(sdk: &SdkConfig, settings: &Settings, tasks: Tasks, clock: Clock) -> Self {
        Self {
            tasks,
            logs: LogClient::new(sdk, settings.clone()),
            clock,
            live: Live::default(),
            quotas: settings.quotas,
        }
    }

    /// Opens the connection that the first read then uses. What fails here fails again, and is told, when it is needed.
    pub(crate) async fn open_connection(&self, no_run: RunId) {
        self.logs.open_connection(no_run).await;
    }

    /// News of several runs, waiting at most `wait` (and five seconds) for some. One answer for each, in the same order.
    ///
    /// An error is a cursor that is not ours, a missing permission, or an ECS that fails; a log that cannot be read is none.
    pub async fn observe(&self, runs: &[ObserveRun], wait: Duration) -> Result<Vec<Observed>, ObserveError> {
        let until = Instant::now() + wait.min(MAX_WAIT);
        let mut watched = runs
            .iter()
            .map(|asked| Ok(Watched::new(asked.run, Place::decode(&asked.cursor)?)))
            .collect::<Result<Vec<_>, ObserveError>>()?;
        loop {
            self.look(&mut watched).await?;
            let left = until.saturating_duration_since(Instant::now());
            let pause = watched.iter().map(Watched::pause).min().unwrap_or_default();
            if left.is_zero() || watched.iter().any(Watched::has_news) || watched.is_empty() {
                return Ok(watched.into_iter().map(Watched::answer).collect());
            }
            sleep(pause.min(left)).await;
            let shorter = pause.saturating_sub(left);
            if !shorter.is_zero() {
                return Ok(watched.into_iter().map(|run| run.answer_within(shorter)).collect());
            }
        }
    }
}

#[cfg(test)]
mod tests;
