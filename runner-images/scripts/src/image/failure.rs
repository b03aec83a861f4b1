//! Every way in which `build-docker-image` fails, and the exit code for it.

use std::io;
use std::path::PathBuf;

use super::registry_error::RegistryError;
use crate::checkout::PlaceError;
use crate::exit_code::{DECLARATION, INPUT_OUTPUT, INTERNAL, MISSING, NOT_STARTED, REFUSED, UNAVAILABLE, UNSUITABLE};
use crate::full_disk::NoSpace;
use crate::process::{Ended, ProcessError};
use crate::program::MissingProgram;
use crate::source_code::SourceError;
use crate::values::{ImageName, ValueError};
use crate::working_place::NoPlace;

/// A builder's own code would be taken for one of the deployer's: buildah has 125 for everything.
const BUILD_FAILED: u8 = 1;

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
