//! Every way in which `terraform-update-variable` fails, and the exit code for it.

use std::io;

use crate::exit_code::{INPUT_OUTPUT, INTERNAL, NOT_THERE, REFUSED, TRY_AGAIN, UNAVAILABLE, UNSUITABLE};
use crate::git::GitError;
use crate::git::tree::TreeError;
use crate::hcl::{EditError, EditErrors};
use crate::interruption::Stopped;
use crate::values::{BranchName, CommitId, RelativePath};
use crate::working_place::NoPlace;

/// Why nothing was set, or why it is not known.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Signals cannot be caught.
    #[error("cannot catch signals: {0}")]
    Signals(io::Error),
    /// No place to work.
    #[error(transparent)]
    WorkingPlace(#[from] NoPlace),
    /// Not a file of variables.
    #[error("`{0}` is not a file of variables: give one that ends with `.tfvars`, `.tf` or `.hcl`")]
    FileKind(RelativePath),
    /// The branch is not there.
    #[error("the repository `{url}` has no branch `{branch}`: push it first, or correct its name")]
    NoBranch {
        /// The repository's address.
        url: String,
        /// The branch.
        branch: BranchName,
    },
    /// The new branch is there.
    #[error("the branch `{0}` is already there: give --new-branch a name that is not in use")]
    BranchExists(BranchName),
    /// The file cannot be used.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The variables cannot be set.
    #[error("cannot change `{path}`: {errors}")]
    Edit {
        /// The file.
        path: RelativePath,
        /// Everything that is wrong.
        errors: EditErrors,
    },
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The server does not want it.
    #[error(
        "the server refused the push to `{branch}`: {words}; change what it refuses, or push to another branch with `--new-branch`"
    )]
    Refused {
        /// The branch.
        branch: BranchName,
        /// The server's own words.
        words: String,
    },
    /// Somebody was always faster.
    #[error("`{branch}` moved during each of {attempts} attempts: nothing was pushed, try again later")]
    KeptMoving {
        /// The branch.
        branch: BranchName,
        /// How often it was tried.
        attempts: u32,
    },
    /// Nobody knows whether a push worked.
    #[error("cannot tell whether `{commit}` reached `{branch}`: {reason}; look there before trying again")]
    Unknown {
        /// The commit.
        commit: CommitId,
        /// The branch.
        branch: BranchName,
        /// What happened.
        reason: String,
    },
    /// The script was asked to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The script was asked to stop while it pushed.
    #[error("{stopped} while pushing `{commit}` to `{branch}`: look there before trying again")]
    StoppedInPush {
        /// How it was asked.
        stopped: Stopped,
        /// The commit.
        commit: CommitId,
        /// The branch.
        branch: BranchName,
    },
}

impl Failure {
    /// What the script exits with.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Signals(_) => INTERNAL,
            Self::WorkingPlace(_) => INPUT_OUTPUT,
            Self::NoBranch { .. } | Self::Tree(TreeError::Missing { .. }) => NOT_THERE,
            Self::FileKind(_)
            | Self::BranchExists(_)
            | Self::Tree(TreeError::WrongKind { .. } | TreeError::TooLarge { .. }) => UNSUITABLE,
            Self::Edit { errors, .. } => of_edit(errors),
            Self::Tree(TreeError::Link { .. }) | Self::Refused { .. } => REFUSED,
            Self::Tree(TreeError::Git(error)) | Self::Git(error) => error.exit_code(),
            Self::KeptMoving { .. } => TRY_AGAIN,
            Self::Unknown { .. } => UNAVAILABLE,
            Self::Stopped(stopped) | Self::StoppedInPush { stopped, .. } => stopped.exit_code(),
        }
    }
}

fn of_edit(EditErrors(errors): &EditErrors) -> u8 {
    if errors.iter().any(|error| matches!(error, EditError::Unfaithful(_))) {
        INTERNAL
    } else {
        UNSUITABLE
    }
}
