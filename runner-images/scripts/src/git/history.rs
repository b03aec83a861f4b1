//! Whether a commit is part of reviewed history, and whether that history still has a path.
//!
//! Responsible for the two facts that apply and destroy depend on. Never looks at the checkout's files, never trusts a ref
//! that the checkout brought along: both facts are read from the server.

use std::path::Path;

use super::fetch::Fetched;
use super::{Access, Bareness, Git, GitError, in_backticks};
use crate::values::{CommitId, RefName, RelativePath};

/// A protected ref and the commit that the server says it is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// The ref.
    pub name: RefName,
    /// Where it is.
    pub commit: CommitId,
}

impl Git<'_> {
    /// Where the protected refs are now. Refs that do not exist are left out; none at all is an error.
    pub fn tips(&mut self, protected: &[RefName], directory: &Path) -> Result<Vec<Tip>, GitError> {
        let tips = self.tips_if_any(protected, directory)?;
        if tips.is_empty() {
            return Err(GitError::NoProtectedRef {
                url: self.url.to_string(),
                refs: in_backticks(protected),
            });
        }
        Ok(tips)
    }

    /// Where refs are now. Refs that do not exist are left out.
    pub(super) fn tips_if_any(&mut self, names: &[RefName], directory: &Path) -> Result<Vec<Tip>, GitError> {
        let mut command = self.command(directory);
        command.args(["ls-remote", "--quiet", "--refs", "--", self.url.as_str()]);
        command.args(names.iter().map(RefName::as_str));
        let result = self.with_retries(&mut command)?;
        if result.ended.is_success() {
            Ok(exact_tips(&result.text(), names))
        } else {
            Err(self.cannot(Access::Read, &result.stderr))
        }
    }

    /// The first of the tips that has the commit in its history, if one has. `directory` is for the history alone.
    pub fn reached_from(
        &mut self,
        commit: &CommitId,
        tips: &[Tip],
        directory: &Path,
    ) -> Result<Option<RefName>, GitError> {
        if let Some(tip) = tips.iter().find(|tip| tip.commit == *commit) {
            return Ok(Some(tip.name.clone()));
        }
        self.create_repository(directory, Bareness::Bare, commit)?;
        for tip in tips {
            if self.is_ancestor(commit, tip, directory)? {
                return Ok(Some(tip.name.clone()));
            }
        }
        Ok(None)
    }

    /// Whether a path, or anything that could lead to it, is there at a protected ref.
    pub fn tip_has(&mut self, tip: &Tip, path: &RelativePath, repository: &Path) -> Result<bool, GitError> {
        let refspec = format!("+{}:refs/fetched/tip", tip.name);
        self.require_fetch(repository, &["--depth=1"], &refspec)?;
        let ancestry = path.ancestry();
        for (index, part) in ancestry.iter().enumerate() {
            let is_last = index + 1 == ancestry.len();
            match self.entry_at_tip(part, repository)?.as_deref() {
                None => return Ok(false),
                Some("040000") if !is_last => {}
                // The path itself, or a link or submodule on the way to it: what is behind cannot be called absent.
                Some(_) => return Ok(true),
            }
        }
        Ok(true)
    }

    /// Commits without their files are enough here, where the server can leave those out.
    fn is_ancestor(&mut self, commit: &CommitId, tip: &Tip, directory: &Path) -> Result<bool, GitError> {
        let refspec = format!("+{}:refs/fetched/history", tip.name);
        self.require_fetch(directory, &["--filter=tree:0"], &refspec)?;
        let mut known = self.command(directory);
        known.args(["cat-file", "-e", commit.as_str()]);
        if !self.capture(&mut known)?.ended.is_success() {
            return Ok(false);
        }
        let mut ask = self.command(directory);
        ask.args(["merge-base", "--is-ancestor", commit.as_str(), "refs/fetched/history"]);
        let answer = self.capture(&mut ask)?;
        match answer.ended.exit_code() {
            0 => Ok(true),
            1 => Ok(false),
            _ => Err(GitError::Failed {
                operation: "merge-base",
                reason: super::error::one_line(&answer.stderr),
            }),
        }
    }

    fn require_fetch(&mut self, directory: &Path, options: &[&str], refspec: &str) -> Result<(), GitError> {
        match self.fetch(directory, options, &[refspec])? {
            Fetched::Done => Ok(()),
            Fetched::NotGivenById => Err(self.cannot(Access::Read, "the server does not give out its protected ref")),
        }
    }

    /// The mode of an entry in the tip's tree, as git prints it.
    fn entry_at_tip(&mut self, path: &str, repository: &Path) -> Result<Option<String>, GitError> {
        let mut list = self.command(repository);
        list.args(["ls-tree", "-z", "refs/fetched/tip", "--", path]);
        let entries = self.must("ls-tree", list)?;
        Ok(entries.split_whitespace().next().map(str::to_owned))
    }
}

/// `ls-remote` also lists refs that merely end like the one that was asked for.
fn exact_tips(listing: &str, names: &[RefName]) -> Vec<Tip> {
    let at = |name: &RefName| {
        listing.lines().find_map(|line| {
            let (commit, found) = line.split_once('\t')?;
            (found == name.as_str()).then_some(commit)?.parse().ok()
        })
    };
    names
        .iter()
        .filter_map(|name| {
            Some(Tip {
                name: name.clone(),
                commit: at(name)?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interruption::Interruptions;
    use crate::report::{LogLevel, Report, Script};
    use crate::repository_url::RepositoryUrl;

    fn git(directory: &Path, words: &[&str]) -> String {
        let output = std::process::Command::new("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
            .args(words)
            .current_dir(directory)
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn a_commit_that_is_known_from_one_ref_is_still_not_in_the_history_of_another() {
        let place = tempfile::tempdir().unwrap();
        let origin = place.path().join("origin");
        std::fs::create_dir(&origin).unwrap();
        git(&origin, &["init", "--quiet", "--initial-branch=main"]);
        let commit = |message| {
            git(&origin, &["commit", "--quiet", "--allow-empty", "--message", message]);
            git(&origin, &["rev-parse", "HEAD"]).parse::<CommitId>().unwrap()
        };
        let main = Tip {
            name: "refs/heads/main".parse().unwrap(),
            commit: commit("main"),
        };
        git(&origin, &["checkout", "--quiet", "-b", "feature"]);
        let unmerged = commit("unmerged");
        let feature = Tip {
            name: "refs/heads/feature".parse().unwrap(),
            commit: commit("feature"),
        };

        let url: RepositoryUrl = format!("file://{}", origin.display()).parse().unwrap();
        let mut interruptions = Interruptions::catch().unwrap();
        let (home, history) = (place.path().join("home"), place.path().join("history"));
        std::fs::create_dir(&home).unwrap();
        let report = Report::new(Script::Deploy, LogLevel::Info);
        let mut fetching = Git::prepare(home, &url, None, report, &mut interruptions).unwrap();
        let mut reached = |tips: &[Tip]| fetching.reached_from(&unmerged, tips, &history).unwrap();
        assert_eq!(reached(std::slice::from_ref(&feature)), Some(feature.name));
        assert_eq!(reached(std::slice::from_ref(&main)), None);
    }

    #[test]
    fn a_ref_that_only_ends_like_the_protected_one_does_not_count() {
        let (evil, good) = ("1".repeat(40), "2".repeat(40));
        let listing = format!("{evil}\trefs/heads/x/refs/heads/main\n{good}\trefs/heads/main\n");
        let main: RefName = "refs/heads/main".parse().unwrap();
        let only_evil = listing.lines().next().unwrap();
        assert_eq!(exact_tips(only_evil, std::slice::from_ref(&main)), []);
        assert_eq!(
            exact_tips(&listing, std::slice::from_ref(&main)),
            [Tip {
                name: main,
                commit: good.parse().unwrap()
            }]
        );
    }
}
