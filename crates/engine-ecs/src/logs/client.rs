//! The two calls to `CloudWatch` Logs, and what their failures mean for a reader.
//!
//! Never retries: whoever asks again is the retry, and paces it.

use std::collections::HashMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::http::HttpResponse;
use aws_sdk_cloudwatchlogs::error::{ProvideErrorMetadata, SdkError};
use protocol::RunId;

use super::Entry;
use crate::clock::Millis;
use crate::denied::Denied;
use crate::settings::Settings;
use crate::trouble::Trouble;

/// One read takes at most this long; the next one tries again.
const READ_DEADLINE: Duration = Duration::from_secs(4);

/// Reads the streams of one log group.
#[derive(Debug, Clone)]
pub(crate) struct LogClient {
    client: Client,
    settings: Settings,
}

/// Why a page could not be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LogError {
    /// The stream does not exist (yet).
    #[error("the log stream does not exist")]
    NoStream,
    /// The settings name a group that does not exist.
    #[error("log group `{0}` does not exist: create it, or correct DEPLOY_RUNNER_LOG_GROUP of the invoker")]
    NoGroup(String),
    /// The token that reading was to go on with is not taken any longer.
    #[error("the position in the log has expired")]
    Token,
    /// Too many reads in this account and Region.
    #[error("reading the log is throttled")]
    Throttled,
    /// The invoker may not read the log.
    #[error("the gate's role lacks the permission `{action}` on `{resource}`: add it to the role of the function")]
    Denied {
        /// The IAM action.
        action: String,
        /// The log group.
        resource: String,
    },
    /// It failed; it may work next time.
    #[error("the log cannot be read: {0}")]
    Failed(String),
}

/// Which page of one stream.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Which<'a> {
    pub(super) from: Option<Millis>,
    /// Entries before this time.
    pub(super) until: Option<Millis>,
    pub(super) token: Option<&'a str>,
    pub(super) limit: Option<usize>,
}

/// Which page of several streams.
#[derive(Debug, Clone, Copy)]
pub(super) struct WhichOfSeveral<'a> {
    pub(super) runs: &'a [RunId],
    pub(super) from: Millis,
    pub(super) token: Option<&'a str>,
    pub(super) limit: Option<usize>,
}

/// Entries in the store's order.
#[derive(Debug)]
pub(super) struct Page<E> {
    pub(super) entries: Vec<E>,
    pub(super) next: Option<String>,
}

impl LogClient {
    /// Reads the log group of the settings.
    pub(crate) fn new(sdk: &SdkConfig, settings: Settings) -> Self {
        let config = aws_sdk_cloudwatchlogs::config::Builder::from(sdk)
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_timeout(READ_DEADLINE).build())
            .build();
        Self {
            client: Client::from_conf(config),
            settings,
        }
    }

    /// Asks for the log of a run that does not exist, to have a connection.
    pub(crate) async fn open_connection(&self, no_run: RunId) {
        drop(self.page(no_run, Which::default()).await);
    }

    /// One page of one stream, from its head on.
    pub(super) async fn page(&self, run: RunId, which: Which<'_>) -> Result<Page<Entry>, LogError> {
        let output = self
            .client
            .get_log_events()
            .log_group_name(&self.settings.logs.group)
            .log_stream_name(self.settings.log_stream(run))
            .start_from_head(true)
            .set_start_time(which.from)
            .set_end_time(which.until)
            .set_next_token(which.token.map(str::to_owned))
            .set_limit(which.limit.and_then(|limit| i32::try_from(limit).ok()))
            .send()
            .await
            .map_err(|error| self.judge("logs:GetLogEvents", which.token.is_some(), &error))?;
        Ok(Page {
            next: output.next_forward_token,
            entries: output
                .events
                .unwrap_or_default()
                .into_iter()
                .map(|event| entry(event.timestamp, event.ingestion_time, event.message))
                .collect(),
        })
    }

    /// One page of several streams, sorted by time. Each entry comes with the place of its run among those asked for.
    pub(super) async fn page_of_several(&self, which: WhichOfSeveral<'_>) -> Result<Page<(usize, Entry)>, LogError> {
        let streams: Vec<String> = which.runs.iter().map(|run| self.settings.log_stream(*run)).collect();
        let output = self
            .client
            .filter_log_events()
            .log_group_name(&self.settings.logs.group)
            .set_log_stream_names(Some(streams.clone()))
            .start_time(which.from)
            .set_next_token(which.token.map(str::to_owned))
            .set_limit(which.limit.and_then(|limit| i32::try_from(limit).ok()))
            .send()
            .await
            .map_err(|error| self.judge("logs:FilterLogEvents", which.token.is_some(), &error))?;
        let places: HashMap<&str, usize> = streams
            .iter()
            .enumerate()
            .map(|(of, name)| (name.as_str(), of))
            .collect();
        let entries = output.events.unwrap_or_default().into_iter().filter_map(|event| {
            let of = *places.get(event.log_stream_name?.as_str())?;
            Some((of, entry(event.timestamp, event.ingestion_time, event.message)))
        });
        Ok(Page {
            entries: entries.collect(),
            next: output.next_token,
        })
    }

    fn judge<E>(&self, action: &str, with_token: bool, error: &SdkError<E, HttpResponse>) -> LogError
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let group = &self.settings.logs.group;
        match Trouble::of(error) {
            Trouble::Throttled => LogError::Throttled,
            Trouble::Refused { code, message } => match code.as_str() {
                // The code is the same for both, and only the text says which of the two is missing.
                "ResourceNotFoundException" if message.contains("log group") => LogError::NoGroup(group.clone()),
                "ResourceNotFoundException" => LogError::NoStream,
                "InvalidParameterException" if with_token => LogError::Token,
                "AccessDeniedException" => {
                    let Denied { action, resource } = Denied::read(&message, action, &format!("log group {group}"));
                    LogError::Denied { action, resource }
                }
                _ => LogError::Failed(format!("`{action}` was refused: {code}: {message}")),
            },
            Trouble::Lost { reason } | Trouble::NotSent { reason } => {
                LogError::Failed(format!("`{action}` got no answer: {reason}"))
            }
        }
    }
}

fn entry(timestamp: Option<i64>, ingestion_time: Option<i64>, message: Option<String>) -> Entry {
    let at = timestamp.unwrap_or_default();
    Entry {
        at,
        held: ingestion_time.map_or(0, |ingested| ingested.saturating_sub(at)),
        text: message.unwrap_or_default(),
    }
}
