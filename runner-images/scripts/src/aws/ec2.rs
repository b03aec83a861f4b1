//! A client of EC2 for one thing: the machine images (AMIs) of this account that have certain tags, or certain ids.
//!
//! Responsible for what is asked, for every page being read, and for an AMI being compared here once more, whatever EC2 answered.
//! Never changes anything.

mod answer;
mod form;
mod image;

use std::env;
use std::time::Instant;

use super::endpoint::{Endpoint, Region};
use super::xml::{self, Malformed};
use super::{AskError, Caller, DEADLINE, Request, Service, patiently};
use crate::exit_code::{DECLARATION, UNAVAILABLE};
use crate::interruption::{Interruptions, Stopped};
use crate::values::AmiTag;

use form::{Filter, describe_images};

pub use answer::Page;
pub use image::{Image, ImageState, is_ami_id};

const ACTION: &str = "ec2:DescribeImages";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
/// For one page: a hundred AMIs with fifty tags of the longest kind.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// More AMIs than an account has.
const MOST_PAGES: usize = 500;

/// Why it is not known which AMIs there are.
#[derive(Debug, thiserror::Error)]
pub enum Ec2Error {
    /// It cannot be asked.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// No permission.
    #[error("AWS denies `{ACTION}`: allow it in the role of the task (its resource is `*`)")]
    Denied,
    /// Keys that are good for nothing.
    #[error(
        "EC2 does not accept the credentials (`{0}`): they are expired or wrong, or the clock of this machine is; see the task role in the task definition"
    )]
    NotAccepted(String),
    /// Too many questions of this account, again and again.
    #[error("EC2 has too many requests of this account (`{0}`) and does not answer: try again later")]
    Throttled(String),
    /// An answer of another kind.
    #[error(
        "EC2 refuses `{ACTION}` with {status} `{code}`: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html says why"
    )]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The code of EC2.
        code: String,
    },
    /// An answer that cannot be read.
    #[error("EC2's answer to `{ACTION}` is not understood ({reason}): see whether `{host}` is EC2")]
    Malformed {
        /// Who answered.
        host: String,
        /// What is wrong with it.
        reason: Malformed,
    },
    /// More than was expected.
    #[error("EC2's answer to `{ACTION}` does not end: give tags that fewer AMIs have")]
    Endless,
}

impl From<Stopped> for Ec2Error {
    fn from(stopped: Stopped) -> Self {
        Self::Ask(stopped.into())
    }
}

/// EC2 in one Region.
#[derive(Debug)]
pub struct Client {
    caller: Caller,
}

impl Client {
    /// A client as the environment says. Nothing is asked yet.
    pub fn from_environment() -> Result<Self, Ec2Error> {
        Self::with(|name: &str| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn with(own: impl Fn(&str) -> Option<String>) -> Result<Self, Ec2Error> {
        let region = Region::find(Service::Ec2, &own).map_err(AskError::from)?;
        let endpoint = Endpoint::declared(Service::Ec2, &own)
            .map_err(AskError::from)?
            .unwrap_or_else(|| Endpoint::of_aws(format!("ec2.{}.{}", region.as_str(), region.domain())));
        let caller = Caller::prepare(Service::Ec2, region, endpoint, own)?;
        Ok(Self { caller })
    }

    /// The Region whose AMIs it knows.
    pub fn region(&self) -> &str {
        self.caller.region.as_str()
    }

    /// The AMIs of this account that have all these tags, the newest first.
    pub fn images_with(&self, tags: &[AmiTag], interruptions: &mut Interruptions) -> Result<Vec<Image>, Ec2Error> {
        let filters = tags.iter().map(Filter::of_tag).collect();
        let mut images = self.images(filters, interruptions)?;
        // A filter may say yes to more than was meant.
        images.retain(|image| tags.iter().all(|tag| image.has(tag)));
        Ok(images)
    }

    /// The AMIs of this account among these, the newest first.
    pub fn images_of(&self, ids: &[&str], interruptions: &mut Interruptions) -> Result<Vec<Image>, Ec2Error> {
        let mut images = self.images(vec![Filter::of_ids(ids)], interruptions)?;
        images.retain(|image| ids.contains(&image.id.as_str()));
        Ok(images)
    }

    fn images(&self, mut filters: Vec<Filter>, interruptions: &mut Interruptions) -> Result<Vec<Image>, Ec2Error> {
        let end = Instant::now() + DEADLINE;
        filters.push(Filter::of_states());
        let (mut images, mut token) = (Vec::new(), None);
        for _page in 0..MOST_PAGES {
            let body = describe_images(&filters, token.as_deref());
            let page = patiently(end, interruptions, Ec2Error::is_passing, || self.ask(&body, end))?;
            images.extend(page.images);
            token = page.next;
            if token.is_none() {
                images.sort_unstable_by(|one, other| other.age().cmp(&one.age()));
                return Ok(images);
            }
        }
        Err(Ec2Error::Endless)
    }

    fn ask(&self, body: &str, end: Instant) -> Result<Page, Ec2Error> {
        let request = Request {
            method: "POST",
            path: "/",
            headers: vec![("content-type", FORM.to_owned())],
            body: body.as_bytes(),
            most_bytes: MOST_BYTES,
        };
        let reply = self.caller.ask(request, end)?;
        match reply.status {
            200 if reply.is_whole => Page::read(&reply.content).map_err(|reason| Ec2Error::Malformed {
                host: self.caller.endpoint.host().to_owned(),
                reason,
            }),
            200 => Err(Ec2Error::Endless),
            status => Err(Ec2Error::of(status, xml::error_code(&reply.content))),
        }
    }
}

impl Ec2Error {
    /// What a script exits with.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Ask(error) => error.exit_code(),
            Self::Denied | Self::NotAccepted(_) => DECLARATION,
            Self::Throttled(_) | Self::Refused { .. } | Self::Malformed { .. } | Self::Endless => UNAVAILABLE,
        }
    }

    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>
    fn of(status: u16, code: String) -> Self {
        match code.as_str() {
            "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => Self::Denied,
            "AuthFailure"
            | "Blocked"
            | "ExpiredToken"
            | "InvalidClientTokenId"
            | "PendingVerification"
            | "RequestExpired"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClientException" => Self::NotAccepted(code),
            "RequestLimitExceeded" | "Throttling" | "ThrottlingException" => Self::Throttled(code),
            _ => Self::Refused { status, code },
        }
    }

    /// Whether asking once more may help.
    fn is_passing(&self) -> bool {
        match self {
            Self::Ask(error) => error.is_passing(),
            Self::Throttled(_) => true,
            Self::Refused { status, .. } => matches!(status, 429 | 500..),
            Self::Denied | Self::NotAccepted(_) | Self::Malformed { .. } | Self::Endless => false,
        }
    }
}

#[cfg(test)]
mod tests;
