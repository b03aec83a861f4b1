//! How often and how long a call of an AWS API is tried. Never tried here: the SDK does it.
//!
//! Reads are tried briefly, because whoever reads asks again anyway. A launch is tried longer, always under the same client token, because a
//! lost answer costs its caller more than a wait.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;

const READ_ATTEMPTS: u32 = 2;
const READ_BACKOFF: Duration = Duration::from_millis(200);
const READ_ATTEMPT_TIMEOUT: Duration = Duration::from_millis(2_300);
/// For all attempts of one read.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

const LAUNCH_ATTEMPTS: u32 = 6;
const LAUNCH_FIRST_BACKOFF: Duration = Duration::from_millis(300);
const LAUNCH_LONGEST_BACKOFF: Duration = Duration::from_secs(4);
const LAUNCH_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(6);
/// For all attempts of one launch.
const LAUNCH_TIMEOUT: Duration = Duration::from_secs(20);

/// A configuration whose calls are tried as reads are.
pub(crate) fn for_reads(sdk: &SdkConfig) -> SdkConfig {
    sdk.to_builder()
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(READ_ATTEMPTS)
                .with_initial_backoff(READ_BACKOFF),
        )
        .timeout_config(timeouts(READ_ATTEMPT_TIMEOUT, READ_TIMEOUT))
        .build()
}

/// What a launch overrides of it, on the same connections.
pub(crate) fn for_launches() -> aws_sdk_ecs::config::Builder {
    let retries = RetryConfig::standard()
        .with_max_attempts(LAUNCH_ATTEMPTS)
        .with_initial_backoff(LAUNCH_FIRST_BACKOFF)
        .with_max_backoff(LAUNCH_LONGEST_BACKOFF);
    aws_sdk_ecs::Config::builder()
        .retry_config(retries)
        .timeout_config(timeouts(LAUNCH_ATTEMPT_TIMEOUT, LAUNCH_TIMEOUT))
}

fn timeouts(attempt: Duration, total: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(attempt)
        .operation_timeout(total)
        .build()
}
