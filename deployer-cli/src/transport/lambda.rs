//! The gate as a Lambda function: one `Invoke` for each message, and its payload is the message.
//!
//! Responsible for: the call with its time limits, and the strict reading of the answer. Never: calls anything in AWS but
//! `Invoke` of the one function.

mod classify;
pub(crate) mod failure;
pub(crate) mod function;
mod http;
pub(crate) mod setup;
mod words;

use std::fmt;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::config::{Builder, StalledStreamProtectionConfig};
use aws_sdk_lambda::operation::RequestId as _;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use protocol::{Action, Message, PROTOCOL_VERSION, Reply, Response, RunId};
use serde::Deserialize;

use super::{Patience, Transport, TransportError};
use failure::{CredentialsFailure, LambdaError};
pub(crate) use function::FunctionId;

/// A connection must stand after this time. Part of the SDK's key of its connections, so it is the same for every message.
const CONNECT: Duration = Duration::from_secs(5);
/// First pause between the SDK's own attempts.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause between the SDK's own attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long a message may take.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// The SDK's attempts.
    attempts: u32,
    /// One attempt. The function itself ends after a minute at most.
    attempt: Duration,
    /// All attempts.
    total: Duration,
}

/// A run is one attempt here: whoever asks again must know that the one before may have started it.
const RUN: Limits = Limits {
    attempts: 1,
    attempt: Duration::from_secs(75),
    total: Duration::from_secs(75),
};
/// Whoever watches or stops a run must not be held for long by one answer that does not come.
const ABOUT_A_RUN: Limits = Limits {
    attempts: 3,
    attempt: Duration::from_secs(20),
    total: Duration::from_secs(45),
};
const OTHER: Limits = Limits {
    attempts: 3,
    attempt: Duration::from_secs(65),
    total: Duration::from_secs(90),
};

/// Which function is called, for messages.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) function: FunctionId,
    pub(crate) region: String,
    /// Where requests go, if not to AWS's own address.
    pub(crate) custom_endpoint: Option<String>,
}

impl Target {
    fn endpoint(&self) -> String {
        match &self.custom_endpoint {
            Some(endpoint) => format!("`{}`", words::without_secrets(endpoint)),
            None => format!("Lambda in Region `{}`", self.region),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "function `{}` in Region `{}`", self.function, self.region)
    }
}

/// A gate that is a Lambda function.
#[derive(Debug)]
pub(crate) struct LambdaTransport {
    client: Client,
    target: Target,
}

impl LambdaTransport {
    /// Calls this function with these settings: Region, credentials, HTTP client. Opens no connection yet.
    pub(crate) fn new(sdk: &SdkConfig, function: FunctionId) -> Self {
        // An answer takes as long as the function works, and until then no byte comes: the time limits below watch over it.
        let config = Builder::from(sdk)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        let region = sdk.region().map(ToString::to_string).unwrap_or_default();
        Self {
            client: Client::from_conf(config),
            target: Target {
                function,
                region,
                custom_endpoint: setup::custom_endpoint(sdk),
            },
        }
    }

    async fn invoke(&self, payload: Vec<u8>, limits: Limits) -> Result<InvokeOutput, LambdaError> {
        let function = &self.target.function;
        let call = self.client.invoke().function_name(function.unqualified());
        call.set_qualifier(function.qualifier().map(str::to_owned))
            .payload(Blob::new(payload))
            .customize()
            .config_override(limits.config())
            .send()
            .await
            .map_err(|error| classify::failure(&error, &self.target))
    }

    fn read(&self, output: &InvokeOutput) -> Result<Reply, TransportError> {
        let payload = output.payload().map(Blob::as_ref).unwrap_or_default();
        if output.function_error().is_some() {
            return Err(Box::new(LambdaError::Function {
                target: self.target.clone(),
                failure: classify::function_failure(payload),
                request: output.request_id().map(words::fit),
            })
            .into());
        }
        let misread = |error: serde_json::Error| {
            Box::new(LambdaError::Misread {
                target: self.target.clone(),
                why: words::fit(&error.to_string()),
            })
        };
        let header: Header = serde_json::from_slice(payload).map_err(misread)?;
        if header.protocol != u64::from(PROTOCOL_VERSION) {
            return Err(TransportError::Version(header.protocol));
        }
        let response: Response = serde_json::from_slice(payload).map_err(misread)?;
        Ok(response.reply)
    }
}

/// Only what is needed to tell a gate of another release from something else.
#[derive(Deserialize)]
struct Header {
    protocol: u64,
}

impl Limits {
    const fn of(action: Action) -> Self {
        match action {
            Action::Run => RUN,
            Action::Observe | Action::Stop => ABOUT_A_RUN,
            Action::Explain | Action::Describe => OTHER,
        }
    }

    fn config(self) -> Builder {
        let retries = RetryConfig::standard()
            .with_max_attempts(self.attempts)
            .with_initial_backoff(FIRST_PAUSE)
            .with_max_backoff(LONGEST_PAUSE);
        let times = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .disable_read_timeout()
            .operation_attempt_timeout(self.attempt)
            .operation_timeout(self.total)
            .build();
        Builder::new().retry_config(retries).timeout_config(times)
    }
}

impl Transport for LambdaTransport {
    async fn send(&self, message: &Message) -> Result<Reply, TransportError> {
        let payload = message.encode()?;
        let action = message.action();
        tracing::debug!(bytes = payload.len(), action = action.as_str(), function = %self.target.function, "message to the gate");
        let limits = Limits::of(action);
        let output = match self.invoke(payload.clone(), limits).await {
            // The refusal told the SDK how far our clock is off: it signs the next one by AWS's clock.
            Err(LambdaError::Credentials(CredentialsFailure::Signature { .. })) if limits.attempts == 1 => {
                self.invoke(payload, limits).await
            }
            done => done,
        };
        self.read(&output.map_err(Box::new)?)
    }

    /// The engine hands over an ending only with the last line, so nothing comes late.
    fn patience(&self) -> Patience {
        Patience {
            late_lines: Duration::ZERO,
            unreachable: Duration::from_mins(5),
            after_max_wait: Duration::from_secs(30),
            lost_answers: Duration::from_mins(2),
            no_way: Duration::from_secs(10),
            pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(10),
            wait_ms: 0,
        }
    }

    fn unknown_run(&self, run: RunId) -> String {
        format!(
            "{} knows no run `{run}`: check the id, --aws-region and --invoker-function-id",
            self.target
        )
    }
}

#[cfg(test)]
pub(crate) mod tests;
