//! The commit that something is built from.
//!
//! Responsible for the files of exactly that commit, without git's own, and for the review that the allow-list asks for when it
//! names protected refs. Never runs anything of the repository.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::Args;

use crate::checkout::Checkout;
use crate::exit_code::{INPUT_OUTPUT, REFUSED};
use crate::git::{Credential, Git, GitError};
use crate::interruption::Interruptions;
use crate::report::Report;
use crate::repository_url::RepositoryUrl;
use crate::values::{CommitId, RefName};
use crate::working_place::WorkingPlace;

/// Where the code is, and which of it.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct SourceCode {
    /// Address of the repository: `https://`, `ssh://` or `file:///`
    #[arg(long = "repo", value_name = "URL")]
    pub repository: RepositoryUrl,

    /// Ref whose history counts as reviewed, such as `refs/heads/main`; may be repeated. Set by the gate, not by callers: when it is
    /// there, no other commit is built
    #[arg(long = "protected-ref", value_name = "REF")]
    pub protected_refs: Vec<RefName>,

    /// Full id of the commit
    #[arg(long = "ref", value_name = "COMMIT")]
    pub commit: CommitId,
}

/// Why the code cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The commit is not part of reviewed history.
    #[error("only commits of a protected ref are built: `{commit}` is not in the history of {refs}; merge it first")]
    NotReviewed {
        /// The commit.
        commit: CommitId,
        /// The refs, each in backticks.
        refs: String,
    },
    /// git's own files are in the way.
    #[error("cannot remove `{path}`: {source}; set TMPDIR to another place")]
    Remove {
        /// The directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl SourceError {
    /// What a script exits with.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Git(error) => error.exit_code(),
            Self::NotReviewed { .. } => REFUSED,
            Self::Remove { .. } => INPUT_OUTPUT,
        }
    }
}

impl SourceCode {
    /// Checks the commit out into the working place.
    pub fn fetch(
        &self,
        place: &WorkingPlace,
        report: Report,
        interruptions: &mut Interruptions,
    ) -> Result<Checkout, SourceError> {
        let checkout = Checkout::at(place.checkout());
        let credential = Credential::from_environment(&self.repository);
        let mut git = Git::prepare(
            place.git_home(),
            &self.repository,
            credential.as_ref(),
            report,
            interruptions,
        )?;
        report.step(format_args!("fetching `{}` from `{}`", self.commit, self.repository));
        git.check_out(&self.commit, checkout.root())?;
        self.require_reviewed(&mut git, place, &checkout)?;
        remove_gits_own(checkout.root().join(".git"))?;
        Ok(checkout)
    }

    fn require_reviewed(
        &self,
        git: &mut Git<'_>,
        place: &WorkingPlace,
        checkout: &Checkout,
    ) -> Result<(), SourceError> {
        if self.protected_refs.is_empty() {
            return Ok(());
        }
        let tips = git.tips(&self.protected_refs, checkout.root())?;
        match git.reached_from(&self.commit, &tips, &place.history())? {
            Some(_) => Ok(()),
            None => Err(SourceError::NotReviewed {
                commit: self.commit.clone(),
                refs: in_backticks(&self.protected_refs),
            }),
        }
    }
}

/// What is built sees the commit's files and no history, so neither can a layer or an image.
fn remove_gits_own(path: PathBuf) -> Result<(), SourceError> {
    fs::remove_dir_all(&path).map_err(|source| SourceError::Remove { path, source })
}

fn in_backticks(refs: &[RefName]) -> String {
    let quoted: Vec<_> = refs.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
