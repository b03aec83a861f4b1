//! Where branches are, and the files of the commit at their end.
//!
//! Responsible for a branch being read from the server each time it is asked for. Never trusts a ref of another name.

use std::path::Path;

use super::fetch::Fetched;
use super::history::Tip;
use super::{Bareness, Git, GitError};
use crate::values::{BranchName, CommitId, RefName};

const FETCHED: &str = "refs/fetched/base";

impl Git<'_> {
    /// Where branches are now. Those that do not exist are left out.
    pub fn branches(&mut self, names: &[&BranchName]) -> Result<Vec<Tip>, GitError> {
        let names: Vec<RefName> = names.iter().map(|name| (*name).as_ref().clone()).collect();
        let home = self.home.clone();
        self.tips_if_any(&names, &home)
    }

    /// Makes a repository without files for commits like this one.
    pub fn create_object_store(&mut self, directory: &Path, like: &CommitId) -> Result<(), GitError> {
        self.create_repository(directory, Bareness::Bare, like)
    }

    /// Fetches the commit at a branch's end, without its history. `None`: there is no such branch.
    pub fn fetch_branch(&mut self, name: &BranchName, directory: &Path) -> Result<Option<CommitId>, GitError> {
        let refspec = format!("+{name}:{FETCHED}");
        if self.fetch(directory, &["--depth=1"], &[&refspec])? == Fetched::NotGivenById {
            return Ok(None);
        }
        let mut resolve = self.command(directory);
        resolve.args(["rev-parse", "--verify", "--end-of-options", FETCHED]);
        let found = self.must("rev-parse", resolve)?;
        match found.trim().parse() {
            Ok(commit) => Ok(Some(commit)),
            Err(_not_an_id) => Err(GitError::Failed {
                operation: "rev-parse",
                reason: super::error::visible(&found),
            }),
        }
    }
}
