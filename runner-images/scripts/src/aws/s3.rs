//! A client of S3 for two things: keep an object that is not there yet, and read one.
//!
//! Responsible for what is asked and what an answer means. Never lists or deletes.

mod answer;
mod place;

use std::env;
use std::time::Instant;

use super::endpoint::Region;
use super::{AskError, Caller, DEADLINE, MOST_ERROR_BYTES, Request, Service, patiently};
use crate::exit_code::{DECLARATION, UNAVAILABLE, UNSUITABLE};
use crate::interruption::{Interruptions, Stopped};

use answer::{Answer, Refusal};
use place::Place;

/// Why S3 does not do it.
#[derive(Debug, thiserror::Error)]
pub enum S3Error {
    /// It cannot be asked.
    #[error(transparent)]
    Ask(#[from] AskError),
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
}

impl From<Stopped> for S3Error {
    fn from(stopped: Stopped) -> Self {
        Self::Ask(stopped.into())
    }
}

/// One bucket.
#[derive(Debug)]
pub struct Client {
    place: Place,
    caller: Caller,
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

    fn headers(self) -> Vec<(&'static str, String)> {
        match self {
            Self::PutNew(_) => vec![("if-none-match", "*".to_owned())],
            Self::Get { .. } => Vec::new(),
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
        Self::with(bucket, |name: &str| {
            env::var(name).ok().filter(|value| !value.is_empty())
        })
    }

    fn with(bucket: &str, own: impl Fn(&str) -> Option<String>) -> Result<Self, S3Error> {
        let region = Region::find(Service::S3, &own).map_err(AskError::from)?;
        let (place, endpoint) = Place::of(bucket, &region, &own).map_err(AskError::from)?;
        let caller = Caller::prepare(Service::S3, region, endpoint, own)?;
        Ok(Self { place, caller })
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

    fn carry_out(
        &self,
        operation: Operation<'_>,
        key: &str,
        interruptions: &mut Interruptions,
    ) -> Result<Answer, S3Error> {
        let end = Instant::now() + DEADLINE;
        patiently(end, interruptions, S3Error::is_passing, || {
            self.ask(operation, key, end)
        })
    }

    fn ask(&self, operation: Operation<'_>, key: &str, end: Instant) -> Result<Answer, S3Error> {
        let request = Request {
            method: operation.method(),
            path: &self.place.path(key),
            headers: operation.headers(),
            body: operation.body(),
            most_bytes: operation.most_bytes(),
        };
        let reply = self.caller.ask(request, end)?;
        Answer::of(reply, operation, self.caller.region.as_str()).map_err(|refusal| self.error(refusal, operation, key))
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
    /// What a script exits with.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Ask(error) => error.exit_code(),
            Self::TooLarge { .. } => UNSUITABLE,
            Self::NoSuchBucket(_)
            | Self::Denied { .. }
            | Self::OtherRegion { .. }
            // Keys that S3 does not know, or that are expired.
            | Self::Refused { status: 401 | 403, .. } => DECLARATION,
            Self::Refused { .. } => UNAVAILABLE,
        }
    }

    /// Whether asking once more may help.
    fn is_passing(&self) -> bool {
        match self {
            Self::Ask(error) => error.is_passing(),
            // A conflict is another writer of the same object at the same time.
            Self::Refused { status, .. } => matches!(status, 409 | 429 | 500..),
            Self::NoSuchBucket(_) | Self::Denied { .. } | Self::OtherRegion { .. } | Self::TooLarge { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests;
