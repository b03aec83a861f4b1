//! Every way in which `infrastructure-deploy-script` itself fails, and the exit code for it.
//!
//! Responsible for the codes being one documented contract.

use std::io;

use super::clearance::ClearanceError;
use super::plan::keeper::KeepError;
use super::plan::store::StoreError;
use super::planted::PlantedError;
use super::state_place::StatePlaceError;
use super::tool::ToolError;
use super::toolbox::{ToolboxError, VersionFileError};
use super::watch::WatchError;
use crate::checkout::PlaceError;
use crate::exit_code::{DECLARATION, INPUT_OUTPUT, INTERNAL, MISSING, NOT_THERE, REFUSED, UNSUITABLE, USAGE};
use crate::git::GitError;
use crate::interruption::Stopped;
use crate::program::MissingProgram;
use crate::working_place::NoPlace;

/// Why the script failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Signals cannot be caught.
    #[error("cannot catch signals: {0}")]
    Signals(io::Error),
    /// No place to work.
    #[error(transparent)]
    WorkingPlace(#[from] NoPlace),
    /// The tool is not there.
    #[error(transparent)]
    Missing(#[from] MissingProgram),
    /// The tool is not there in the version that the repository asks for.
    #[error(transparent)]
    Toolbox(#[from] ToolboxError),
    /// The commit cannot be had.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The operation is not allowed with it.
    #[error(transparent)]
    Clearance(#[from] ClearanceError),
    /// The directory cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The state would be lost.
    #[error(transparent)]
    StatePlace(#[from] StatePlaceError),
    /// The same in units of Terragrunt.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// The commit brings what the tool would trust.
    #[error(transparent)]
    Planted(#[from] PlantedError),
    /// A plan is not saved, or not given out.
    #[error(transparent)]
    Plan(#[from] KeepError),
    /// The state is not the one that the saved plan was made for.
    #[error("the state has moved on since the plan was made: nothing was applied; plan again")]
    Stale,
    /// The tool did not run to its end.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// The script was asked to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Failure {
    /// What the script exits with.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Missing(_) => MISSING,
            Self::Toolbox(error) => of_toolbox(error),
            Self::Git(error) | Self::Clearance(ClearanceError::Git(error)) => error.exit_code(),
            Self::Place(error) | Self::Tool(ToolError::Place(error)) => error.exit_code(),
            Self::Tool(ToolError::Process(error)) => error.exit_code(),
            Self::Tool(ToolError::Init(ended)) => ended.exit_code(),
            Self::Clearance(
                ClearanceError::NoProtectedRefs(_)
                | ClearanceError::NotReviewed { .. }
                | ClearanceError::StillThere { .. },
            )
            | Self::StatePlace(StatePlaceError::InsideCheckout)
            | Self::Planted(PlantedError::Planted(_))
            | Self::Stale => REFUSED,
            Self::Plan(error) => of_plan(error),
            Self::Watch(error) => error.exit_code(),
            Self::WorkingPlace(_)
            | Self::Planted(PlantedError::Unreadable { .. })
            | Self::Tool(ToolError::Cache { .. } | ToolError::Output(_) | ToolError::NoSpace(_)) => INPUT_OUTPUT,
            Self::Signals(_) | Self::StatePlace(StatePlaceError::Unreadable { .. }) => INTERNAL,
            Self::Stopped(stopped) => stopped.exit_code(),
        }
    }
}

const fn of_plan(error: &KeepError) -> u8 {
    match error {
        KeepError::Key(_) => DECLARATION,
        KeepError::NoStore => USAGE,
        KeepError::Store(StoreError::Missing { .. }) => NOT_THERE,
        KeepError::Elsewhere | KeepError::NotWritten(_) | KeepError::Store(StoreError::TooLarge { .. }) => UNSUITABLE,
        KeepError::Refused(_) => REFUSED,
        KeepError::Store(StoreError::Bucket(error)) => error.exit_code(),
        KeepError::Store(StoreError::Directory(_)) | KeepError::Seal(_) | KeepError::Place { .. } => INPUT_OUTPUT,
    }
}

const fn of_toolbox(error: &ToolboxError) -> u8 {
    match error {
        ToolboxError::Missing(_) | ToolboxError::NotBakedIn { .. } => MISSING,
        ToolboxError::File(error) => of_version_file(error),
        ToolboxError::Process(error) => error.exit_code(),
        ToolboxError::NoChoice { .. } => UNSUITABLE,
        ToolboxError::Unversioned { .. } => INTERNAL,
    }
}

const fn of_version_file(error: &VersionFileError) -> u8 {
    match error {
        VersionFileError::Place(error) => error.exit_code(),
        VersionFileError::Unreadable { .. } => INPUT_OUTPUT,
        VersionFileError::NotText { .. } | VersionFileError::NotOne { .. } | VersionFileError::NotExact { .. } => {
            UNSUITABLE
        }
    }
}
