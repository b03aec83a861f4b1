//! What went wrong in a call of an AWS API, sorted by what may be concluded from it. Never decides what to do about it.

use aws_sdk_ecs::config::http::HttpResponse;
use aws_sdk_ecs::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::plain;

/// Error codes of AWS APIs that mean: too many requests. Those that the SDK itself knows.
const THROTTLED: [&str; 13] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
    "LimitExceededException",
];

/// Why a call has no good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The service refused it for the number of requests. It did nothing.
    Throttled,
    /// The service refused it. It did nothing.
    Refused {
        /// The code of the error, such as `ClusterNotFoundException`.
        code: String,
        /// What the service says, in one plain line.
        message: String,
    },
    /// The service failed, its answer was lost or could not be read: what it did is not known.
    Lost {
        /// What is known, in one plain line.
        reason: String,
    },
    /// The request never left this process.
    NotSent {
        /// Why, in one plain line.
        reason: String,
    },
}

impl Trouble {
    /// Sorts an error of the SDK.
    pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match error {
            SdkError::ConstructionFailure(_) => Self::NotSent { reason: words(error) },
            SdkError::DispatchFailure(failure)
                if failure
                    .as_connector_error()
                    .is_some_and(|error| !error.is_io() && !error.is_timeout()) =>
            {
                Self::NotSent { reason: words(error) }
            }
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or_default();
                let status = service.raw().status().as_u16();
                let message = plain::line(service.err().message().unwrap_or_default());
                if THROTTLED.contains(&code) || status == 429 {
                    Self::Throttled
                } else if status >= 500 || code == "ServerException" || code.is_empty() {
                    Self::Lost {
                        reason: format!("it answered with status {status} {code} {message}")
                            .trim_end()
                            .to_owned(),
                    }
                } else {
                    Self::Refused {
                        code: code.to_owned(),
                        message,
                    }
                }
            }
            // The SDK may get new kinds of errors; none of them proves that nothing was done.
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) | _ => {
                Self::Lost { reason: words(error) }
            }
        }
    }
}

fn words<E: std::error::Error>(error: E) -> String {
    plain::line(&DisplayErrorContext(error).to_string())
}
