//! Clients of two services of AWS, and what they share: who asks whom, how, and for how long.
//!
//! Responsible for every request being signed, and bounded in time and size, and for an error naming the permission or the setting that is missing.
//! Never follows a redirect, never shows a credential.

mod credentials;
pub mod ec2;
mod endpoint;
#[cfg(test)]
mod fixture;
mod http;
pub mod s3;
#[cfg(test)]
mod server;
mod signature;
mod xml;

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use crate::exit_code::{DECLARATION, UNAVAILABLE};
use crate::interruption::{Interruptions, Stopped};

use credentials::Source;
use endpoint::{Endpoint, Region};
use http::{Http, Question, Reply, Unreachable};
use signature::ToSign;

pub use credentials::CredentialsError;
pub use endpoint::EndpointError;

/// For one operation with all its repetitions.
const DEADLINE: Duration = Duration::from_mins(2);
/// An error of AWS is a short text.
const MOST_ERROR_BYTES: usize = 64 * 1024;
/// Between tries.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
];

/// The services that are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Objects in buckets.
    S3,
    /// Machine images.
    Ec2,
}

impl Service {
    /// As signatures name it.
    const fn id(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Ec2 => "ec2",
        }
    }

    /// Where an endpoint of one's own for it is declared.
    const fn endpoint_variable(self) -> &'static str {
        match self {
            Self::S3 => "AWS_ENDPOINT_URL_S3",
            Self::Ec2 => "AWS_ENDPOINT_URL_EC2",
        }
    }

    /// How a network without the internet reaches it.
    const fn private_way(self) -> &'static str {
        match self {
            Self::S3 => "a gateway endpoint for S3",
            Self::Ec2 => "an interface endpoint for EC2",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::S3 => "S3",
            Self::Ec2 => "EC2",
        })
    }
}

/// Why a service cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It is not known where it is.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Nobody to sign for.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// Nobody answers.
    #[error("cannot reach {service} at `{host}`: {reason}; the container needs a way to it, such as {}", service.private_way())]
    Unreachable {
        /// The service.
        service: Service,
        /// Who was asked.
        host: String,
        /// In words.
        reason: Unreachable,
    },
    /// The script was asked to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl AskError {
    /// What a script exits with.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Endpoint(_) => DECLARATION,
            Self::Credentials(error) => error.exit_code(),
            Self::Unreachable { .. } => UNAVAILABLE,
            Self::Stopped(stopped) => stopped.exit_code(),
        }
    }

    /// Whether asking once more may help.
    fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { reason, .. } => reason.is_passing(),
            Self::Credentials(error) => error.is_passing(),
            Self::Endpoint(_) | Self::Stopped(_) => false,
        }
    }
}

/// Who asks a service, and where.
#[derive(Debug)]
struct Caller {
    service: Service,
    region: Region,
    endpoint: Endpoint,
    source: Source,
    http: Http,
}

/// A request before it is signed.
#[derive(Debug)]
struct Request<'run> {
    method: &'static str,
    /// Made of characters that stand for themselves.
    path: &'run str,
    /// Names in lower case.
    headers: Vec<(&'static str, String)>,
    body: &'run [u8],
    /// How much of the answer is read.
    most_bytes: usize,
}

impl Caller {
    /// A caller with the credentials that the environment names. Nobody is asked yet.
    fn prepare(
        service: Service,
        region: Region,
        endpoint: Endpoint,
        own: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, AskError> {
        let source = Source::find(service, own)?;
        let http = Http::prepare(endpoint.is_encrypted() || source.is_encrypted()).map_err(|reason| {
            AskError::Unreachable {
                service,
                host: endpoint.host().to_owned(),
                reason,
            }
        })?;
        Ok(Self {
            service,
            region,
            endpoint,
            source,
            http,
        })
    }

    /// Signs and asks once.
    fn ask(&self, request: Request<'_>, end: Instant) -> Result<Reply, AskError> {
        let credentials = self.source.credentials(&self.http, end)?;
        let mut headers = request.headers;
        headers.push(("host", self.endpoint.host().to_owned()));
        let to_sign = ToSign {
            method: request.method,
            path: request.path,
            headers,
            body: request.body,
            region: self.region.as_str(),
            service: self.service.id(),
        };
        let question = Question {
            method: request.method,
            url: self.endpoint.url(request.path),
            headers: to_sign.signed(&credentials, SystemTime::now()),
            body: request.body,
            most_bytes: request.most_bytes,
            end,
        };
        self.http.ask(question).map_err(|reason| AskError::Unreachable {
            service: self.service,
            host: self.endpoint.host().to_owned(),
            reason,
        })
    }
}

/// Tries again while that may help and there is time.
fn patiently<T, E: From<Stopped>>(
    end: Instant,
    interruptions: &mut Interruptions,
    is_passing: impl Fn(&E) -> bool,
    attempt: impl Fn() -> Result<T, E>,
) -> Result<T, E> {
    let mut pauses = PAUSES.into_iter();
    loop {
        let answer = attempt();
        match (&answer, pauses.next()) {
            (Err(error), Some(pause)) if is_passing(error) && Instant::now() + pause < end => {
                interruptions.pause(pause)?;
            }
            _ => return answer,
        }
    }
}
