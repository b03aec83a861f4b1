//! Fetching exactly one commit and checking it out.
//!
//! Responsible for the checkout holding the commit that was asked for and nothing else: never a branch of the same name,
//! never a submodule.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::failure_kind::FailureKind;
use super::{Access, Bareness, Git, GitError};
use crate::process::Captured;
use crate::values::CommitId;

/// Pauses between attempts to reach a server that may come back.
const BACKOFF: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(10)];

impl Git<'_> {
    /// Checks out exactly this commit into a new directory.
    pub fn check_out(&mut self, commit: &CommitId, directory: &Path) -> Result<(), GitError> {
        self.create_repository(directory, Bareness::WithFiles, commit)?;
        self.fetch_commit(commit, directory)?;
        self.verify_type(commit, directory)?;
        let mut checkout = self.command(directory);
        checkout.args(["checkout", "--quiet", "--force", "--detach", commit.as_str(), "--"]);
        self.must("checkout", checkout)?;
        self.verify_head(commit, directory)
    }

    fn fetch_commit(&mut self, commit: &CommitId, directory: &Path) -> Result<(), GitError> {
        match self.fetch(directory, &["--depth=1"], &[commit.as_str()])? {
            Fetched::Done => Ok(()),
            Fetched::NotGivenById => self.fetch_branches(commit, directory),
        }
    }

    /// For servers that give out refs only: everything they have, then a look whether the commit is among it.
    fn fetch_branches(&mut self, commit: &CommitId, directory: &Path) -> Result<(), GitError> {
        self.report
            .step("the server does not give out this commit by its id: fetching its branches instead");
        let branches = ["+refs/heads/*:refs/fetched/heads/*", "+refs/tags/*:refs/fetched/tags/*"];
        if self.fetch(directory, &[], &branches)? == Fetched::Done {
            let mut look = self.command(directory);
            look.args(["cat-file", "-e", commit.as_str()]);
            if self.capture(&mut look)?.ended.is_success() {
                return Ok(());
            }
        }
        Err(GitError::NoSuchCommit {
            url: self.url.to_string(),
            commit: commit.clone(),
        })
    }

    /// An id may name a tag, a tree or a file as well; checking out a tag would give another commit's id.
    fn verify_type(&mut self, commit: &CommitId, directory: &Path) -> Result<(), GitError> {
        let mut look = self.command(directory);
        look.args(["cat-file", "-t", commit.as_str()]);
        match self.must("cat-file", look)?.trim() {
            "commit" => Ok(()),
            other => Err(GitError::NotACommit {
                commit: commit.clone(),
                found: format!("a {other}"),
            }),
        }
    }

    fn verify_head(&mut self, commit: &CommitId, directory: &Path) -> Result<(), GitError> {
        let mut head = self.command(directory);
        head.args(["rev-parse", "--verify", "HEAD"]);
        let found = self.must("rev-parse", head)?.trim().to_owned();
        if found == commit.as_str() {
            Ok(())
        } else {
            Err(GitError::NotACommit {
                commit: commit.clone(),
                found: format!("`{found}` when checked out"),
            })
        }
    }

    /// Fetches without tags, submodules or housekeeping.
    pub(super) fn fetch(&mut self, directory: &Path, options: &[&str], refspecs: &[&str]) -> Result<Fetched, GitError> {
        let mut command = self.command(directory);
        command.args([
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
        ]);
        command.args(options).arg("--").arg(self.url.as_str()).args(refspecs);
        let result = self.with_retries(&mut command)?;
        match FailureKind::of(&result.stderr) {
            _ if result.ended.is_success() => Ok(Fetched::Done),
            FailureKind::NotGivenById => Ok(Fetched::NotGivenById),
            FailureKind::NoSpace | FailureKind::NoRoom | FailureKind::Lasting(_) | FailureKind::Passing => {
                Err(self.cannot(Access::Read, &result.stderr))
            }
        }
    }

    /// Tries until it works, until trying cannot help, or until the attempts are used up.
    pub(super) fn with_retries(&mut self, command: &mut Command) -> Result<Captured, GitError> {
        for pause in BACKOFF {
            let result = self.capture(command)?;
            let may_pass = match FailureKind::of(&result.stderr) {
                FailureKind::Passing => self.url.transport().is_remote(),
                FailureKind::NoRoom => true,
                FailureKind::NotGivenById | FailureKind::NoSpace | FailureKind::Lasting(_) => false,
            };
            if result.ended.is_success() || !may_pass {
                return Ok(result);
            }
            self.report.step(format_args!(
                "{}; trying again in {} s",
                super::error::one_line(&result.stderr),
                pause.as_secs()
            ));
            self.interruptions.pause(pause)?;
        }
        self.capture(command)
    }
}

/// What came of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fetched {
    Done,
    NotGivenById,
}
