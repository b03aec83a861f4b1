//! Every way in which `build-docker-image` fails, and the exit code for it.

use std::io;
use std::path::PathBuf;

use super::registry_error::RegistryError;
use crate::checkout::PlaceError;
use crate::exit_code::{DECLARATION, INPUT_OUTPUT, INTERNAL, MISSING, NOT_STARTED, REFUSED, UNAVAILABLE, UNSUITABLE};
use crate::full_disk::NoSpace;
use crate::git;
use crate::process::{Ended, ProcessError};
use crate::program::MissingProgram;
use crate::source_code::SourceError;
use crate::values::{ImageName, ValueError};
use crate::working_place::NoPlace;

/// A builder's own code would be taken for one of the deployer's: buildah has 125 for everything.
const BUILD_FAILED: u8 = 1;

const EXIT_CODES_HELP: &str = "\
The build sees the commit's files and none of the git history. The image gets the label org.opencontainers.image.revision.
What the builder prints goes to standard error. The last line of standard output is one JSON object:
  outcome      `pushed`, `exists` when every tag was there (--idempotent), or `built` (--no-push)
  repository, commit, context, dockerfile
  images       of each tag: name, digest

Exit codes:
  0           pushed; or there already (--idempotent); or built (--no-push)
  1           the build failed: the builder's own messages are on standard error
  64          the command line is wrong
  65          the context or the Dockerfile is of the wrong kind
  66          the repository, the commit, the context, the Dockerfile or the registry's repository
              is not there
  69          the repository, the registry or BuildKit's daemon cannot be reached, or does not work
  70          a program behaved in a way that this script does not know
  74          a disk is full; a file or directory of this script's own cannot be written or read
  75          there is no room for another process: try again later
  77          refused: an image name that the allow-list does not allow, a tag that does not move,
              unreviewed commit, path leads out, another host key than the declared one, a
              repository that git's own checks refuse
  78          what is declared for the container is missing or wrong: credential (git's or the
              registry's), secret, SSH key, host key, certificate
  126, 127    a program cannot be started, or is missing; or buildah is not root and can have no
              user namespace
  129, 130, 143   stopped by SIGHUP, SIGINT or SIGTERM";

const ENVIRONMENT_HELP: &str =
    "  REGISTRY_USERNAME, REGISTRY_PASSWORD   credential for the tags' registries; the user is `AWS` if
                            none is declared
  REGISTRY_CONFIG_JSON      instead of them, the text of a `config.json` as Docker has it
                            (credential helpers too)
  BUILDKIT_HOST             where the daemon of --builder=buildkit is
  TMPDIR                    where the checkout is made and the image is built";

/// For `--help`.
pub fn help() -> String {
    format!("{EXIT_CODES_HELP}\n\n{}{ENVIRONMENT_HELP}", git::ENVIRONMENT_HELP)
}

/// Why no image was made.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Signals cannot be caught.
    #[error("cannot catch signals: {0}")]
    Signals(io::Error),
    /// The image may not go there.
    #[error(
        "`{0}` is not in a repository that may be pushed to: correct the name, or let the allow-list fix `--allowed-repository`"
    )]
    NotAllowed(ImageName),
    /// A secret is not there.
    #[error("the secret `{0}` is not there: declare it for this container in the allow-list")]
    NoSecret(String),
    /// No place to work.
    #[error(transparent)]
    WorkingPlace(#[from] NoPlace),
    /// A file or directory of our own cannot be made.
    #[error("cannot make `{path}`: {source}; free some space or set TMPDIR")]
    Prepare {
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A program is not there.
    #[error(transparent)]
    Missing(#[from] MissingProgram),
    /// buildah can be root nowhere.
    #[error(
        "buildah is not root here and cannot have a user namespace to be it in: {0}: let the allow-list give the container `capabilities: [SYS_CHROOT]` and run it with Podman, or fix `--builder=kaniko`, which needs none (Docker's usual profile and Fargate allow none)"
    )]
    NoNamespace(String),
    /// Nobody builds for `BuildKit`'s client.
    #[error("no BuildKit daemon answers: {0}: start `buildkitd` and name it in BUILDKIT_HOST")]
    NoDaemon(String),
    /// The registry cannot be asked, or does not take an image.
    #[error(transparent)]
    Registry(#[from] Box<RegistryError>),
    /// The commit cannot be had or used.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A path is not in the repository.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The context and the Dockerfile make no path together.
    #[error(transparent)]
    Path(#[from] ValueError),
    /// The builder did not run to its end.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Our own standard error cannot be given to the builder.
    #[error("cannot pass the builder's output on: {0}")]
    Output(io::Error),
    /// The builder failed, and has said why.
    #[error("the build failed with exit code {}: the builder's own messages are above", .0.exit_code())]
    Builder(Ended),
    /// The builder failed because a disk is full.
    #[error(transparent)]
    NoSpace(#[from] NoSpace),
    /// Nobody knows what was pushed.
    #[error("the builder ended well and told no digest: look into the registry before trying again")]
    NoDigest,
}

impl Failure {
    /// What the script exits with.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Signals(_) | Self::NoDigest => INTERNAL,
            Self::NotAllowed(_) => REFUSED,
            Self::NoSecret(_) => DECLARATION,
            Self::Path(_) => UNSUITABLE,
            Self::WorkingPlace(_) | Self::Prepare { .. } | Self::Output(_) | Self::NoSpace(_) => INPUT_OUTPUT,
            Self::Missing(_) => MISSING,
            Self::Registry(error) => error.cause.exit_code(),
            Self::NoNamespace(_) => NOT_STARTED,
            Self::NoDaemon(_) => UNAVAILABLE,
            Self::Source(error) => error.exit_code(),
            Self::Place(error) => error.exit_code(),
            Self::Process(error) => error.exit_code(),
            Self::Builder(_) => BUILD_FAILED,
        }
    }
}
