//! A client of S3 for two things: keep an object that is not there yet, and read one.
//!
//! Responsible for every request being signed, and bounded in time and size, and for an error naming the permission or the setting that is missing.
//! Never follows a redirect, never shows a credential, never lists or deletes.

mod answer;
mod credentials;
mod http;
mod place;
mod signature;

use std::env;
use std::time::{Duration, Instant, SystemTime};

use crate::interruption::{Interruptions, Stopped};

use answer::{Answer, Refusal};
use credentials::Source;
use http::{Http, Question, Unreachable};
use place::Place;
use signature::ToSign;

pub use credentials::CredentialsError;
pub use place::PlaceError;

/// For one operation with all its repetitions.
const DEADLINE: Duration = Duration::from_mins(2);
/// An error of S3 is a short text.
const MOST_ERROR_BYTES: usize = 64 * 1024;
/// Between tries.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
];

/// Why S3 does not do it.
#[derive(Debug, thiserror::Error)]
pub enum S3Error {
    /// It is not known where it is.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Nobody to sign for.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// No bucket.
    #[error("there is no bucket `{0}`: create it, or correct --plan-store")]
    NoSuchBucket(String),
    /// No permission.
    #[error("AWS denies `{action}` on `{resource}`: allow it in the role of the task{hint}")]
    Denied {
        /// The action.
        action: &'static str,
        /// The object's ARN.
        resource: String,
        /// What else it may be.
        hint: &'static str,
    },
    /// The bucket is elsewhere.
    #[error("the bucket `{bucket}` is in another Region ({region}): use a bucket in this one, or declare AWS_REGION")]
    OtherRegion {
        /// The bucket.
        bucket: String,
        /// What S3 says.
        region: String,
    },
    /// Nobody answers.
    #[error(
        "cannot reach S3 at `{host}`: {reason}; the container needs a way to it, such as a gateway endpoint for S3"
    )]
    Unreachable {
        /// Who was asked.
        host: String,
        /// In words.
        reason: Unreachable,
    },
    /// An answer of another kind.
    #[error(
        "S3 refuses `{action}` on `{resource}` with {status} `{code}`: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html says why"
    )]
    Refused {
        /// The action.
        action: &'static str,
        /// The object's ARN.
        resource: String,
        /// The HTTP status.
        status: u16,
        /// The code of S3.
        code: String,
    },
    /// More than was expected.
    #[error("the object `{resource}` is larger than {most_bytes} bytes: it is no saved plan")]
    TooLarge {
        /// The object's ARN.
        resource: String,
        /// The limit.
        most_bytes: usize,
    },
    /// The script was asked to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// One bucket.
#[derive(Debug)]
pub struct Client {
    place: Place,
    source: Source,
    http: Http,
}

/// What is done with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation<'run> {
    PutNew(&'run [u8]),
    Get { most_bytes: usize },
}

impl Operation<'_> {
    const fn method(self) -> &'static str {
        match self {
            Self::PutNew(_) => "PUT",
            Self::Get { .. } => "GET",
        }
    }

    const fn action(self) -> &'static str {
        match self {
            Self::PutNew(_) => "s3:PutObject",
            Self::Get { .. } => "s3:GetObject",
        }
    }

    const fn body(&self) -> &[u8] {
        match self {
            Self::PutNew(body) => body,
            Self::Get { .. } => &[],
        }
    }

    /// How much of an answer is read.
    const fn most_bytes(self) -> usize {
        match self {
            Self::PutNew(_) => MOST_ERROR_BYTES,
            Self::Get { most_bytes } => most_bytes,
        }
    }

    /// What a denial may be besides.
    const fn hint(self) -> &'static str {
        match self {
            Self::PutNew(_) => "",
            Self::Get { .. } => {
                "; to a role without `s3:ListBucket` on the bucket, S3 says the same of a plan that is not there"
            }
        }
    }
}

impl Client {
    /// A client for a bucket, as the environment says. Nothing is asked yet.
    pub fn of(bucket: &str) -> Result<Self, S3Error> {
        let own = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let place = Place::of(bucket, own)?;
        let source = Source::find(own)?;
        let http =
            Http::prepare(place.is_encrypted() || source.is_encrypted()).map_err(|reason| S3Error::Unreachable {
                host: place.host().to_owned(),
                reason,
            })?;
        Ok(Self { place, source, http })
    }

    /// Keeps an object under a key that stands for its content: one that is there already is the same and stays as it is.
    pub fn put_new(&self, key: &str, content: &[u8], interruptions: &mut Interruptions) -> Result<(), S3Error> {
        self.carry_out(Operation::PutNew(content), key, interruptions).map(drop)
    }

    /// The object, or nothing if there is none.
    pub fn get(
        &self,
        key: &str,
        most_bytes: usize,
        interruptions: &mut Interruptions,
    ) -> Result<Option<Vec<u8>>, S3Error> {
        match self.carry_out(Operation::Get { most_bytes }, key, interruptions)? {
            Answer::Content(content) => Ok(Some(content)),
            Answer::Done | Answer::NoSuchObject => Ok(None),
        }
    }

    /// Asks again while that may help.
    fn carry_out(
        &self,
        operation: Operation<'_>,
        key: &str,
        interruptions: &mut Interruptions,
    ) -> Result<Answer, S3Error> {
        let end = Instant::now() + DEADLINE;
        let mut pauses = PAUSES.into_iter();
        loop {
            let answer = self.ask(operation, key, end);
            match (&answer, pauses.next()) {
                (Err(error), Some(pause)) if error.is_passing() && Instant::now() + pause < end => {
                    interruptions.pause(pause)?;
                }
                _ => return answer,
            }
        }
    }

    fn ask(&self, operation: Operation<'_>, key: &str, end: Instant) -> Result<Answer, S3Error> {
        let credentials = self.source.credentials(&self.http, end)?;
        let path = self.place.path(key);
        let mut headers = vec![("host", self.place.host().to_owned())];
        if let Operation::PutNew(_) = operation {
            headers.push(("if-none-match", "*".to_owned()));
        }
        let to_sign = ToSign {
            method: operation.method(),
            path: &path,
            headers,
            body: operation.body(),
            region: self.place.region(),
        };
        let question = Question {
            method: operation.method(),
            url: self.place.url(&path),
            headers: to_sign.signed(&credentials, SystemTime::now()),
            body: operation.body(),
            most_bytes: operation.most_bytes(),
            end,
        };
        let mut reply = self.http.ask(question).map_err(|reason| S3Error::Unreachable {
            host: self.place.host().to_owned(),
            reason,
        })?;
        reply.region = reply.region.filter(|region| region != self.place.region());
        Answer::of(reply, operation).map_err(|refusal| self.error(refusal, operation, key))
    }

    fn error(&self, refusal: Refusal, operation: Operation<'_>, key: &str) -> S3Error {
        let (action, resource) = (operation.action(), self.place.arn(key));
        let bucket = || self.place.bucket().to_owned();
        match refusal {
            Refusal::NoSuchBucket => S3Error::NoSuchBucket(bucket()),
            Refusal::OtherRegion(region) => S3Error::OtherRegion {
                bucket: bucket(),
                region,
            },
            Refusal::Denied => S3Error::Denied {
                action,
                resource,
                hint: operation.hint(),
            },
            Refusal::TooLarge { most_bytes } => S3Error::TooLarge { resource, most_bytes },
            Refusal::Other { status, code } => S3Error::Refused {
                action,
                resource,
                status,
                code,
            },
        }
    }
}

impl S3Error {
    /// Whether asking once more may help.
    fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { reason, .. } => reason.is_passing(),
            Self::Credentials(error) => error.is_passing(),
            // A conflict is another writer of the same object at the same time.
            Self::Refused { status, .. } => matches!(status, 409 | 429 | 500..),
            Self::Place(_)
            | Self::NoSuchBucket(_)
            | Self::Denied { .. }
            | Self::OtherRegion { .. }
            | Self::TooLarge { .. }
            | Self::Stopped(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;
