//! Pushing one commit to one branch.
//!
//! Responsible for telling apart what a server may answer: done, the branch has moved, refused, or nobody knows. Never forces:
//! a branch only ever moves forward from the commit that it is at.

use std::fmt;
use std::path::Path;

use super::error::{one_line, visible};
use super::failure_kind::FailureKind;
use super::{Access, Git, GitError};
use crate::process::Captured;
use crate::values::BranchName;

/// What came of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// The branch is at the commit.
    Done,
    /// The branch is not where the commit begins; the server has changed nothing.
    Moved,
    /// The server does not want it, in its own words, cleaned.
    Refused(String),
    /// The answer was lost: the branch may have moved or not.
    Unknown(String),
}

/// Reasons that mean "somebody was faster". The second group is what servers say when two pushes meet in the same instant.
const MOVED: [&str; 8] = [
    "(fetch first)",
    "(non-fast-forward)",
    "(stale info)",
    "failed to update ref",
    "cannot lock ref",
    "failed to lock",
    "incorrect old value",
    "reference already exists",
];
/// The words of a hook, of which a few lines say what is wrong.
const MAX_REMOTE_LINES: usize = 6;
const MAX_REMOTE_CHARACTERS: usize = 600;

/// Where a commit is kept in our own store until it is pushed: the full name of its branch below a prefix that nothing else has.
///
/// A refspec of the form `prefix/*:refs/*` then means that one branch. With a plain name, a branch `refs/heads/refs/heads/main` on
/// the server would make `refs/heads/main` ambiguous for git, and anybody who may push a branch could keep others from pushing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRef {
    prefix: String,
    /// The branch without `refs/`.
    rest: String,
}

impl KeptRef {
    /// A place for the commit of one attempt.
    pub fn new(attempt: u32, branch: &BranchName) -> Self {
        Self {
            prefix: format!("refs/made/{attempt}"),
            rest: branch.as_str().strip_prefix("refs/").unwrap_or_default().to_owned(),
        }
    }

    fn refspec(&self) -> String {
        format!("{}/*:refs/*", self.prefix)
    }
}

impl fmt::Display for KeptRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.prefix, self.rest)
    }
}

impl Git<'_> {
    /// Pushes the commit that is kept here to its branch, once.
    pub fn push(&mut self, kept: &KeptRef, store: &Path) -> Result<Pushed, GitError> {
        let mut command = self.command(store);
        command.args([
            "push",
            "--porcelain",
            "--no-verify",
            "--no-signed",
            "--no-follow-tags",
            "--recurse-submodules=no",
            "--",
            self.url.as_str(),
            &kept.refspec(),
        ]);
        let result = self.capture(&mut command)?;
        if result.ended.is_success() {
            return Ok(Pushed::Done);
        }
        match answer(&result) {
            Some(answer) => Ok(answer),
            None => match FailureKind::of(&result.stderr) {
                FailureKind::NoRoom | FailureKind::Passing => Ok(Pushed::Unknown(one_line(&result.stderr))),
                FailureKind::Lasting(_) | FailureKind::NoSpace | FailureKind::NotGivenById => {
                    Err(self.cannot(Access::Push, &result.stderr))
                }
            },
        }
    }
}

/// What the server said about the branch, if it said something: the line `!<tab>from:to<tab>[kind] (reason)`.
fn answer(result: &Captured) -> Option<Pushed> {
    let text = result.text();
    let summary = text
        .lines()
        .find_map(|line| line.strip_prefix("!\t")?.split('\t').nth(1))?;
    if summary.starts_with("[remote failure]") {
        return Some(Pushed::Unknown(visible(summary)));
    }
    // A branch `a` keeps a branch `a/b` from being made, now and later.
    let in_the_way = result.stderr.contains("cannot create") || summary.contains("cannot create");
    if !in_the_way && MOVED.iter().any(|reason| summary.contains(reason)) {
        return Some(Pushed::Moved);
    }
    Some(Pushed::Refused(with_remote_words(summary, &result.stderr)))
}

/// The server's verdict and the first lines that it or its hooks printed.
fn with_remote_words(summary: &str, stderr: &str) -> String {
    let remote = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("remote:"))
        .map(visible)
        .filter(|line| !line.is_empty())
        .take(MAX_REMOTE_LINES);
    let mut words = visible(
        summary
            .trim_start_matches("[remote rejected] ")
            .trim_start_matches("[rejected] "),
    );
    for line in remote {
        words.push_str("; ");
        words.push_str(&line);
    }
    words.chars().take(MAX_REMOTE_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Ended;

    #[track_caller]
    fn check(stdout: &str, stderr: &str, expected: Option<&Pushed>) {
        let result = Captured {
            ended: Ended::Exited(1),
            stdout: stdout.as_bytes().to_vec(),
            stderr: stderr.to_owned(),
        };
        assert_eq!(answer(&result).as_ref(), expected, "{stdout}{stderr}");
    }

    fn rejected(summary: &str) -> String {
        format!("To https://h/x\n!\t0123:refs/heads/main\t{summary}\nDone\n")
    }

    #[test]
    fn a_branch_that_moved_is_told_apart_from_a_refusal() {
        for summary in [
            "[rejected] (fetch first)",
            "[rejected] (non-fast-forward)",
            "[remote rejected] (failed to update ref)",
            "[remote rejected] (cannot lock ref 'refs/heads/main': is at 01 but expected 02)",
            "[remote rejected] (incorrect old value provided)",
        ] {
            check(&rejected(summary), "", Some(&Pushed::Moved));
        }
        check(
            &rejected("[remote rejected] (failed to update ref)"),
            "remote: error: cannot lock ref 'refs/heads/a/b': 'refs/heads/a' exists; cannot create 'refs/heads/a/b'\n",
            Some(&Pushed::Refused(
                "(failed to update ref); error: cannot lock ref 'refs/heads/a/b': 'refs/heads/a' exists; cannot create 'refs/heads/a/b'"
                    .to_owned(),
            )),
        );
    }

    #[test]
    fn the_words_of_a_refusal_are_shown_clean_and_short() {
        check(
            &rejected("[remote rejected] (pre-receive hook declined)"),
            "remote: \u{1b}[31mGH006: Protected branch update failed for refs/heads/main.\u{1b}[0m        \nremote: \n\
             remote: - Changes must be made through a pull request.\u{7}\nerror: failed to push some refs to 'x'\n",
            Some(&Pushed::Refused(
                "(pre-receive hook declined); [31mGH006: Protected branch update failed for refs/heads/main. [0m; \
                 - Changes must be made through a pull request."
                    .to_owned(),
            )),
        );
        let Some(Pushed::Refused(words)) = answer(&Captured {
            ended: Ended::Exited(1),
            stdout: rejected("[remote rejected] (pre-receive hook declined)").into_bytes(),
            stderr: "remote: x y z\n".repeat(1_000) + &format!("remote: {}\n", "x".repeat(10_000)),
        }) else {
            panic!("it is a refusal")
        };
        assert!(words.len() <= MAX_REMOTE_CHARACTERS, "{}", words.len());
    }

    #[test]
    fn a_lost_answer_is_not_taken_for_any_other() {
        check(
            &rejected("[remote failure] (remote failed to report status)"),
            "",
            Some(&Pushed::Unknown(
                "[remote failure] (remote failed to report status)".to_owned(),
            )),
        );
        check("", "fatal: the remote end hung up unexpectedly\n", None);
    }
}
