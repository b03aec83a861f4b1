//! Every way in which `build-packer-artifact` fails, and the exit code for it.

use std::io;
use std::path::PathBuf;

use super::arguments::Repetition;
use super::messages::Artifact;
use super::tagged::TagError;
use crate::checkout::PlaceError;
use crate::exit_code::{INPUT_OUTPUT, INTERNAL, MISSING, UNSUITABLE};
use crate::full_disk::NoSpace;
use crate::git;
use crate::process::{Ended, ProcessError};
use crate::program::MissingProgram;
use crate::source_code::SourceError;
use crate::values::{BuildName, RelativePath};
use crate::working_place::NoPlace;

const EXIT_CODES_HELP: &str = "\
Packer runs in the template's directory. What it prints goes to standard error. It gets no plugins but those of the image
(in /usr/local/lib/packer/plugins, or where PACKER_PLUGIN_PATH says), and none of the repository's git history.

With --output-properties standard output is one JSON object on one line:
  outcome      `built`, or `exists` when all of it was there already (--idempotent)
  repository, commit, template
  artifacts    of each: outcome, build, builder, id (for an AMI `region:ami-…`; just `ami-…` when its name was taken), files

With --idempotent-tag EC2 is asked in AWS_REGION before Packer starts. Of several AMIs with all the
tags the newest counts; one that is still being made (`pending`) may fail and is no success.
What was built has to have the tags too, in AWS_REGION, or the run fails. One AMI with the tags
counts for the whole template: where that has several builds, give each its own tags and --build-name.

Exit codes:
  0           built; or there already (--idempotent)
  1           a build failed: Packer's own code, its messages are on standard error; 128 + n when
              signal n ended it
  64          the command line is wrong
  65          Packer cannot read the template, or nothing in it is to be built
  66          the repository, the commit or the template is not there
  69          the repository, or EC2 (--idempotent-tag), cannot be reached, or does not work
  70          git or Packer behaved in a way that this script does not know
  74          a disk is full; a file or directory of this script's own cannot be written or read
  75          an AMI with the tags is still being made (--idempotent-tag), or there is no room for
              another process: try again later
  77          refused: unreviewed commit, path leads out, another host key than the declared one,
              a repository that git's own checks refuse
  78          what is declared for the container is missing or wrong: credential, SSH key, host
              key, certificate, permission; or what was built, or has its name, lacks the tags in
              AWS_REGION (--idempotent-tag)
  126, 127    git or packer cannot be started, or is missing
  129, 130, 143   stopped by SIGHUP, SIGINT or SIGTERM before Packer ran; later, Packer cleans up
              and ends with its own code";

const ENVIRONMENT_HELP: &str = "  PKR_VAR_name              variable of the template that may be secret
  AWS_REGION                Region of --idempotent-tag; credentials are the task's, as for Packer
  AWS_ENDPOINT_URL_EC2      endpoint of your own for --idempotent-tag, as AWS_ENDPOINT_URL is
  TMPDIR                    where the checkout is made";

/// For `--help`.
pub fn help() -> String {
    format!("{EXIT_CODES_HELP}\n\n{}{ENVIRONMENT_HELP}", git::ENVIRONMENT_HELP)
}

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
