//! Every way in which `terraform-update-variable` fails, and the exit code for it.

use std::io;

use crate::exit_code::{INPUT_OUTPUT, INTERNAL, NOT_THERE, REFUSED, TRY_AGAIN, UNAVAILABLE, UNSUITABLE};
use crate::git::tree::TreeError;
use crate::git::{self, GitError};
use crate::hcl::{EditError, EditErrors};
use crate::interruption::Stopped;
use crate::values::{BranchName, CommitId, RelativePath};
use crate::working_place::NoPlace;

const EXIT_CODES_HELP: &str = "\
Where a variable is looked for:
  .tfvars   an attribute at the top of the file
  .tf       `variable \"NAME\" { default = … }`, or an attribute of `locals { … }`
  .hcl      an attribute at the top of the file, a key of `inputs = { … }`, or an attribute of `locals { … }`

Output: with --dry-run the changed lines; the last line of standard output is one JSON object, always.

Exit codes:
  0           pushed; or nothing to change; or printed (--dry-run)
  64          the command line is wrong
  65          the file is not HCL or has no such variable, the value does not fit the variable,
              the new branch exists
  66          the repository, the branch or the file is not there
  69          the repository cannot be reached, or does not work
  70          git behaved in a way that this script does not know
  74          a disk is full; a file or directory of this script's own cannot be written or read
  75          the branch kept moving, or there is no room for another process: nothing was
              pushed, try again later
  77          refused: by the server or its hooks, in its own words; the path goes through a link;
              another host key than the declared one; a repository that git's own checks refuse
  78          what is declared for the container is missing or wrong: credential, SSH key, host
              key, certificate
  126, 127    git cannot be started, or is missing
  129, 130, 143   stopped by SIGHUP, SIGINT or SIGTERM";

const ENVIRONMENT_HELP: &str = "  TMPDIR                    where the work is done";

/// For `--help`.
pub fn help() -> String {
    format!("{EXIT_CODES_HELP}\n\n{}{ENVIRONMENT_HELP}", git::ENVIRONMENT_HELP)
}

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
