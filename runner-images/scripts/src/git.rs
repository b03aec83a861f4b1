//! git with a configuration that is ours alone.
//!
//! Responsible for every start of git: with its protections, within one deadline, stopped when the script is stopped.
//! Never decides what a commit may be used for.

mod agent;
pub mod branch;
mod cause;
mod error;
mod failure_kind;
pub mod fetch;
pub mod history;
mod protection;
pub mod push;
pub mod tree;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::full_disk::NoSpace;
use crate::git::agent::Agent;
use crate::git::failure_kind::FailureKind;
use crate::interruption::{Interruptions, Stopped};
use crate::process::{self, Captured};
use crate::program::Program;
use crate::report::Report;
use crate::repository_url::RepositoryUrl;
use crate::values::{CommitId, RefName};

pub(crate) use error::visible;
pub use error::{Access, GitError, RepositoryError};
pub use protection::{Credential, ENVIRONMENT_HELP};

/// All of git's work together may take this long.
const DEADLINE: Duration = Duration::from_mins(15);
/// A git that trusts nothing, for one repository.
pub struct Git<'run> {
    program: PathBuf,
    home: PathBuf,
    url: &'run RepositoryUrl,
    environment: Vec<(OsString, OsString)>,
    _agent: Option<Agent>,
    limit: Instant,
    report: Report,
    interruptions: &'run mut Interruptions,
}

impl<'run> Git<'run> {
    /// Finds git and writes its configuration into `home`, a directory of our own.
    pub fn prepare(
        home: PathBuf,
        url: &'run RepositoryUrl,
        credential: Option<&Credential>,
        report: Report,
        interruptions: &'run mut Interruptions,
    ) -> Result<Self, GitError> {
        let program = Program::Git.find()?;
        protection::write_files(&home, url)?;
        let mut environment = protection::environment(&home, url, credential);
        let agent = match protection::declared_key(url) {
            Some(key) => Some(Agent::with_key(&key, &home, interruptions)?),
            None => None,
        };
        // The last one of a name counts.
        environment.extend(
            agent
                .iter()
                .map(|agent| ("SSH_AUTH_SOCK".into(), agent.socket().into())),
        );
        Ok(Self {
            program,
            environment,
            _agent: agent,
            home,
            url,
            limit: Instant::now() + DEADLINE,
            report,
            interruptions,
        })
    }

    /// Waits, unless the script is asked to stop.
    pub fn pause(&mut self, duration: Duration) -> Result<(), Stopped> {
        self.interruptions.pause(duration)
    }

    /// Makes an empty repository whose objects are named as the commit is.
    fn create_repository(&mut self, directory: &Path, bare: Bareness, commit: &CommitId) -> Result<(), GitError> {
        let mut command = self.command(&self.home);
        command.args([
            "init",
            "--quiet",
            "--template=",
            "--object-format",
            commit.object_format(),
        ]);
        match bare {
            Bareness::Bare => command.arg("--bare"),
            Bareness::WithFiles => &mut command,
        };
        command.arg("--").arg(directory);
        self.must("init", command).map(drop)
    }

    /// git in a directory, with nothing of our environment but what is listed here.
    fn command(&self, directory: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(directory)
            .env_clear()
            .envs(self.environment.iter().cloned());
        command
    }

    fn capture(&mut self, command: &mut Command) -> Result<Captured, GitError> {
        self.capture_with(Stdio::null(), command)
    }

    fn capture_with(&mut self, input: Stdio, command: &mut Command) -> Result<Captured, GitError> {
        let words: Vec<_> = command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        self.report.detail(format_args!("git {}", words.join(" ")));
        Ok(process::capture(command, input, self.limit, self.interruptions)?)
    }

    /// Runs git for something that fails only when something is wrong with this machine.
    fn must(&mut self, operation: &'static str, mut command: Command) -> Result<String, GitError> {
        let result = self.capture(&mut command)?;
        self.require(operation, result).map(|result| result.text())
    }

    fn require(&self, operation: &'static str, result: Captured) -> Result<Captured, GitError> {
        if result.ended.is_success() {
            Ok(result)
        } else {
            Err(self.explain(&result.stderr, |reason| GitError::Failed { operation, reason }))
        }
    }

    /// What a failure at the server's end, or on the way to it, is called.
    fn cannot(&self, access: Access, stderr: &str) -> GitError {
        self.explain(stderr, |reason| {
            GitError::from(Box::new(RepositoryError {
                access,
                url: self.url.clone(),
                cause: FailureKind::of(stderr).cause(),
                reason,
            }))
        })
    }

    /// A full disk and a full machine can break anything, and have remedies of their own.
    fn explain(&self, stderr: &str, otherwise: impl FnOnce(String) -> GitError) -> GitError {
        let reason = error::one_line(stderr);
        match FailureKind::of(stderr) {
            FailureKind::NoSpace => NoSpace::In(self.home.clone()).into(),
            FailureKind::NoRoom => GitError::NoRoom { reason },
            FailureKind::NotGivenById | FailureKind::Lasting(_) | FailureKind::Passing => otherwise(reason),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bareness {
    Bare,
    WithFiles,
}

fn in_backticks(refs: &[RefName]) -> String {
    refs.iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
