//! Whether there is an AMI with certain tags: asked before a build, and of what was built after it.
//!
//! Responsible for nothing being built while EC2 does not say, for an AMI that is still being made being no success, and for no build being
//! one that the next run would not find.

use std::fmt;
use std::time::Duration;

use super::arguments::{Order, Repetition};
use super::outcome::{Ami, Origin, Outcome};
use crate::aws::ec2::{Client, Ec2Error, ImageState};
use crate::exit_code::{DECLARATION, TRY_AGAIN};
use crate::interruption::Interruptions;
use crate::report::Report;
use crate::values::AmiTag;

/// EC2 may tell of new tags a little late.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// Why tags do not say that the work is done.
#[derive(Debug, thiserror::Error)]
pub enum TagError {
    /// Before the build.
    #[error("{0}; nothing was built")]
    Unknown(#[source] Ec2Error),
    /// Somebody else is at it.
    #[error(
        "`{region}:{ami}` with the tags {tags} is still being made: nothing was built; try again when it is available or gone"
    )]
    Pending {
        /// Where.
        region: String,
        /// The AMI.
        ami: String,
        /// The tags.
        tags: Tags,
    },
    /// After the build.
    #[error("{what}, but whether the next run finds it by its tags is not known: {reason}")]
    Unverified {
        /// The AMIs.
        what: String,
        /// Why not.
        reason: Ec2Error,
    },
    /// The template sets other tags.
    #[error(
        "built `{region}:{ami}`, but the template does not give it {missing}, so the next run would build again: set the same tags in the template as with --idempotent-tag"
    )]
    Untagged {
        /// Where.
        region: String,
        /// The AMI.
        ami: String,
        /// What it lacks.
        missing: Tags,
    },
    /// The name belongs to an AMI with other tags.
    #[error(
        "`{ami}` has the name that the template gives, but in `{region}` it has no {missing}: let the name change with the tags, or correct --idempotent-tag"
    )]
    Misnamed {
        /// Where.
        region: String,
        /// The AMI.
        ami: String,
        /// What it lacks.
        missing: Tags,
    },
    /// The template builds somewhere else, or something else.
    #[error(
        "{what}, but no AMI in `{region}`, where tags are looked for: let the template build in the Region that AWS_REGION declares"
    )]
    Elsewhere {
        /// What was built.
        what: String,
        /// Where nothing was.
        region: String,
    },
}

impl TagError {
    /// What the script exits with.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Unknown(reason) | Self::Unverified { reason, .. } => reason.exit_code(),
            Self::Pending { .. } => TRY_AGAIN,
            Self::Untagged { .. } | Self::Misnamed { .. } | Self::Elsewhere { .. } => DECLARATION,
        }
    }
}

/// Tags, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags(Vec<AmiTag>);

impl fmt::Display for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tags: Vec<String> = self.0.iter().map(|tag| format!("`{tag}`")).collect();
        f.write_str(&tags.join(", "))
    }
}

/// The tags that an AMI has to have, and where it has to be.
#[derive(Debug)]
pub(super) struct Tagged<'run> {
    tags: &'run [AmiTag],
    ec2: Client,
}

impl<'run> Tagged<'run> {
    /// EC2 as the environment says, if tags were given. Nothing is asked yet.
    pub(super) fn of(order: &'run Order) -> Result<Option<Self>, TagError> {
        match &order.repetition {
            Repetition::Refused | Repetition::Done => Ok(None),
            Repetition::DoneWithTags(tags) => {
                let ec2 = Client::from_environment().map_err(TagError::Unknown)?;
                Ok(Some(Self { tags, ec2 }))
            }
        }
    }

    /// The newest AMI that has the tags.
    pub(super) fn find(&self, report: Report, interruptions: &mut Interruptions) -> Result<Option<Outcome>, TagError> {
        let (region, tags) = (self.ec2.region(), Tags(self.tags.to_vec()));
        let images = self
            .ec2
            .images_with(self.tags, interruptions)
            .map_err(TagError::Unknown)?;
        let mut available = images.iter().filter(|image| image.state == ImageState::Available);
        match (available.next(), images.first()) {
            (Some(newest), _) => {
                let id = format!("{region}:{}", newest.id);
                let which = match available.count() {
                    0 => String::new(),
                    others => format!(", as the newest of {}", others + 1),
                };
                report.step(format_args!("nothing to build: `{id}` has the tags {tags}{which}"));
                Ok(Some(Outcome::exists(id)))
            }
            (None, Some(pending)) => Err(TagError::Pending {
                region: region.to_owned(),
                ami: pending.id.clone(),
                tags,
            }),
            (None, None) => {
                report.step(format_args!("no AMI in `{region}` has the tags {tags}"));
                Ok(None)
            }
        }
    }

    /// Whether the next run would find what this one came to.
    pub(super) fn verify(&self, outcome: &Outcome, interruptions: &mut Interruptions) -> Result<(), TagError> {
        let region = self.ec2.region().to_owned();
        let amis = outcome.amis_in(&region);
        if amis.is_empty() {
            let what = outcome.to_string();
            return Err(TagError::Elsewhere { what, region });
        }
        let mut pauses = PAUSES.into_iter();
        loop {
            let lacking = self.first_lacking(&amis, interruptions);
            match lacking.map_err(|reason| unverified(outcome, reason))? {
                None => return Ok(()),
                Some((ami, missing)) if ami.origin == Origin::Named => {
                    let ami = ami.id.to_owned();
                    return Err(TagError::Misnamed { region, ami, missing });
                }
                Some((ami, missing)) => {
                    let Some(pause) = pauses.next() else {
                        let ami = ami.id.to_owned();
                        return Err(TagError::Untagged { region, ami, missing });
                    };
                    let waited = interruptions.pause(pause);
                    waited.map_err(|stopped| unverified(outcome, stopped.into()))?;
                }
            }
        }
    }

    /// The first that lacks a tag, and what it lacks.
    fn first_lacking<'outcome>(
        &self,
        amis: &'outcome [Ami<'outcome>],
        interruptions: &mut Interruptions,
    ) -> Result<Option<(&'outcome Ami<'outcome>, Tags)>, Ec2Error> {
        let ids: Vec<&str> = amis.iter().map(|ami| ami.id).collect();
        let images = self.ec2.images_of(&ids, interruptions)?;
        let lacking = amis.iter().find_map(|ami| {
            let image = images.iter().find(|image| image.id == ami.id);
            let lacks = |tag: &&AmiTag| !image.is_some_and(|image| image.has(tag));
            let missing: Vec<AmiTag> = self.tags.iter().filter(lacks).cloned().collect();
            (!missing.is_empty()).then_some((ami, Tags(missing)))
        });
        Ok(lacking)
    }
}

fn unverified(outcome: &Outcome, reason: Ec2Error) -> TagError {
    TagError::Unverified {
        what: outcome.to_string(),
        reason,
    }
}
