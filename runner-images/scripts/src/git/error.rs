//! Every way in which git can fail us, in words that say what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::cause::Cause;
use crate::exit_code::{DECLARATION, INPUT_OUTPUT, INTERNAL, MISSING, NOT_THERE, REFUSED, TRY_AGAIN, UNSUITABLE};
use crate::full_disk::NoSpace;
use crate::interruption::Stopped;
use crate::process::ProcessError;
use crate::program::MissingProgram;
use crate::repository_url::RepositoryUrl;
use crate::values::CommitId;

/// What git says besides the reason.
const BOILERPLATE: [&str; 4] = [
    "warning: ",
    "fatal: Could not read from remote repository",
    "Please make sure you have the correct access rights",
    "and the repository exists",
];
/// Where ssh, after a banner, comes to the point.
const POINT_OF_SSH: &str = "Host key for ";

/// Why the commit cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// No git.
    #[error(transparent)]
    Missing(#[from] MissingProgram),
    /// git could not be run to its end.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The working place could not be prepared.
    #[error("cannot prepare the working place `{path}`: {source}; free some space or set TMPDIR")]
    Prepare {
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The declared key is none.
    #[error(
        "the secret SSH_PRIVATE_KEY is not a private key that can be used without a passphrase: {reason}; declare one that is"
    )]
    Key {
        /// What `ssh-add` says about it.
        reason: String,
    },
    /// git found no room for another process or thread.
    #[error("git found no room to run: {reason}; let less run at the same time, or give the task more, and try again")]
    NoRoom {
        /// git's own words.
        reason: String,
    },
    /// The disk is full.
    #[error(transparent)]
    NoSpace(#[from] NoSpace),
    /// The repository cannot be read or written.
    #[error(transparent)]
    Repository(#[from] Box<RepositoryError>),
    /// The repository has no such commit that could be fetched.
    #[error("the repository `{url}` has no commit `{commit}` that can be fetched: push it first, and give the full id")]
    NoSuchCommit {
        /// Its address.
        url: String,
        /// The commit.
        commit: CommitId,
    },
    /// The id names something else, or git checked out something else.
    #[error("`{commit}` is not a commit, it is {found}: give the full id of the commit itself")]
    NotACommit {
        /// What was asked for.
        commit: CommitId,
        /// What came out.
        found: String,
    },
    /// The repository lacks every protected ref.
    #[error("the repository `{url}` has none of the protected refs {refs}: correct them in the allow-list")]
    NoProtectedRef {
        /// Its address.
        url: String,
        /// The refs, each in backticks.
        refs: String,
    },
    /// git failed at something local.
    #[error("`git {operation}` failed: {reason}; `--log-level=debug` shows every call of git")]
    Failed {
        /// What git was doing.
        operation: &'static str,
        /// git's own words.
        reason: String,
    },
}

impl GitError {
    /// What a script exits with.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Missing(_) => MISSING,
            Self::Process(error) => error.exit_code(),
            Self::Prepare { .. } | Self::NoSpace(_) => INPUT_OUTPUT,
            Self::NoRoom { .. } => TRY_AGAIN,
            Self::Repository(error) => error.cause.exit_code(),
            Self::Key { .. } => DECLARATION,
            Self::NoSuchCommit { .. } => NOT_THERE,
            Self::NotACommit { .. } => UNSUITABLE,
            Self::NoProtectedRef { .. } => REFUSED,
            Self::Failed { .. } => INTERNAL,
        }
    }
}

/// What was asked of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Its commits or refs.
    Read,
    /// To take a commit.
    Push,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Push => "push to",
        })
    }
}

/// A repository cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {access} the repository `{url}`: {reason}; {}", cause.remedy(url.transport()))]
pub struct RepositoryError {
    /// What was asked.
    pub access: Access,
    /// Its address.
    pub url: RepositoryUrl,
    /// What is wrong.
    pub cause: Cause,
    /// git's own words.
    pub reason: String,
}

impl From<Stopped> for GitError {
    fn from(stopped: Stopped) -> Self {
        Self::Process(stopped.into())
    }
}

/// git's first complaints in one line, without what it says after every failure.
pub(super) fn one_line(stderr: &str) -> String {
    let stderr = stderr
        .find(POINT_OF_SSH)
        .and_then(|at| stderr.get(at..))
        .unwrap_or(stderr);
    let says_something = |line: &&str| !line.is_empty() && !BOILERPLATE.iter().any(|start| line.starts_with(start));
    let lines: Vec<_> = stderr.lines().map(str::trim).filter(says_something).take(3).collect();
    if lines.is_empty() {
        "git gave no reason".to_owned()
    } else {
        visible(&lines.join("; "))
    }
}

/// Text of a server, without what would move a terminal's cursor or hide a part of it.
pub(crate) fn visible(text: &str) -> String {
    let hides = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
    };
    let shown: String = text.chars().map(|c| if hides(c) { ' ' } else { c }).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gits_reason_is_shown_without_what_it_always_says() {
        let stderr = "warning: x\nHost key verification failed.\r\nfatal: Could not read from remote repository.\n\n\
                      Please make sure you have the correct access rights\nand the repository exists.\n";
        assert_eq!(one_line(stderr), "Host key verification failed.");
        let banner = "@@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n@@@@\nIT IS POSSIBLE\nSHA256:abc\n\
                      Host key for h has changed and you have requested strict checking.\r\nHost key verification failed.\n";
        assert_eq!(
            one_line(banner),
            "Host key for h has changed and you have requested strict checking.; Host key verification failed."
        );
        assert_eq!(one_line("\n"), "git gave no reason");
        assert_eq!(one_line("a\u{1b}[31m b\u{202e}\u{7}c"), "a [31m b c");
    }
}
