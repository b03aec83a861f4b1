//! Every way in which `build-packer-artifact` fails, and the exit code for it.

use std::io;
use std::path::PathBuf;

use super::arguments::Repetition;
use super::messages::Artifact;
use super::tagged::TagError;
use crate::checkout::PlaceError;
use crate::exit_code::{INPUT_OUTPUT, INTERNAL, MISSING, UNSUITABLE};
use crate::full_disk::NoSpace;
use crate::process::{Ended, ProcessError};
use crate::program::MissingProgram;
use crate::source_code::SourceError;
use crate::values::{BuildName, RelativePath};
use crate::working_place::NoPlace;

/// Why nothing was built.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Signals cannot be caught.
    #[error("cannot catch signals: {0}")]
    Signals(io::Error),
    /// No place to work.
    #[error(transparent)]
    WorkingPlace(#[from] NoPlace),
    /// A directory for Packer cannot be made.
    #[error("cannot make `{path}`: {source}; free some space or set TMPDIR")]
    Prepare {
        /// The directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Packer is not there.
    #[error(transparent)]
    Missing(#[from] MissingProgram),
    /// The commit cannot be had or used.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The template's path cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Packer cannot read the template.
    #[error("packer refuses the template `{path}`: {reason}; correct it, or the variables that it is given")]
    Template {
        /// The template.
        path: RelativePath,
        /// Packer's own words.
        reason: String,
    },
    /// Packer had nothing to do.
    #[error("{}", nothing(path, build.as_ref()))]
    Nothing {
        /// The template.
        path: RelativePath,
        /// The build that was asked for.
        build: Option<BuildName>,
    },
    /// Packer did not run to its end.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Packer failed, and has said why.
    #[error("packer failed with exit code {}: its own messages are above", .0.exit_code())]
    Packer(Ended),
    /// Packer failed after it made AMIs that the next run may take for all of them.
    #[error(
        "packer failed with exit code {} after it built {amis}: with the tags, the next run would find that and build nothing; deregister it, or build one at a time with --build-name", .ended.exit_code()
    )]
    Partly {
        /// How Packer ended.
        ended: Ended,
        /// What it built.
        amis: String,
    },
    /// Tags do not say that the work is done.
    #[error(transparent)]
    Tags(#[from] TagError),
    /// Packer failed because the disk is full.
    #[error(transparent)]
    NoSpace(#[from] NoSpace),
    /// Nobody knows how Packer ended.
    #[error("packer's end was not seen: look whether it left anything running")]
    Unended,
}

fn nothing(path: &RelativePath, build: Option<&BuildName>) -> String {
    match build {
        Some(build) => format!(
            "packer built nothing: `{path}` has no build `{build}`; in HCL its name is `type.name`, such as `amazon-ebs.web`"
        ),
        None => format!("packer built nothing: `{path}` has no build that makes an artifact"),
    }
}

impl Failure {
    /// Packer failed; what it made before that stays.
    pub(super) fn of_packer(ended: Ended, made: &[Artifact], repetition: &Repetition) -> Self {
        let amis: Vec<String> = made
            .iter()
            .flat_map(Artifact::amis)
            .map(|(region, id)| format!("`{region}:{id}`"))
            .collect();
        match repetition {
            Repetition::DoneWithTags(_) if !amis.is_empty() => Self::Partly {
                ended,
                amis: amis.join(", "),
            },
            Repetition::DoneWithTags(_) | Repetition::Done | Repetition::Refused => Self::Packer(ended),
        }
    }

    /// What the script exits with.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Signals(_) | Self::Unended => INTERNAL,
            Self::WorkingPlace(_) | Self::Prepare { .. } | Self::NoSpace(_) => INPUT_OUTPUT,
            Self::Missing(_) => MISSING,
            Self::Source(error) => error.exit_code(),
            Self::Place(error) => error.exit_code(),
            Self::Template { .. } | Self::Nothing { .. } => UNSUITABLE,
            Self::Process(error) => error.exit_code(),
            Self::Packer(ended) | Self::Partly { ended, .. } => ended.exit_code(),
            Self::Tags(error) => error.exit_code(),
        }
    }
}
