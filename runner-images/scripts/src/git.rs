//! git with a configuration that is ours alone.
//!
//! Responsible for starting git so that neither the machine, nor the environment, nor a repository can make it run something:
//! no hooks, no other transport than the address's own, no submodules, no prompts, no credential programs. Never checks out.

mod failure_kind;
pub mod fetch;
pub mod history;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::interruption::{Interruptions, Stopped};
use crate::process::{self, Captured, ProcessError};
use crate::program::{self, MissingProgram, Program};
use crate::report::Report;
use crate::repository_url::{RepositoryUrl, Transport};
use crate::values::{CommitId, RefName};

/// All of git's work together may take this long.
const DEADLINE: Duration = Duration::from_mins(15);
/// Used with a token when no user name is declared; GitHub, GitLab and most others take any name.
const DEFAULT_USER: &str = "x-access-token";
/// Where a proxy or the certificates are is the environment's business: the allow-list declares it.
const PASSED_ON: [&str; 12] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "SSH_AUTH_SOCK",
];

/// What git says besides the reason.
const BOILERPLATE: [&str; 4] = [
    "warning: ",
    "fatal: Could not read from remote repository",
    "Please make sure you have the correct access rights",
    "and the repository exists",
];

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
    #[error("cannot prepare the working place `{path}`: {source}")]
    Prepare {
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The repository cannot be reached or read.
    #[error("cannot read the repository `{url}`: {reason}")]
    Unavailable {
        /// Its address.
        url: String,
        /// git's own words.
        reason: String,
    },
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
    #[error("`git {operation}` failed: {reason}")]
    Failed {
        /// What git was doing.
        operation: &'static str,
        /// git's own words.
        reason: String,
    },
}

impl From<Stopped> for GitError {
    fn from(stopped: Stopped) -> Self {
        Self::Process(stopped.into())
    }
}

/// A git that trusts nothing, for one repository.
pub struct Git<'run> {
    program: PathBuf,
    home: PathBuf,
    url: &'run RepositoryUrl,
    credential: Option<Credential>,
    limit: Instant,
    report: Report,
    interruptions: &'run mut Interruptions,
}

impl<'run> Git<'run> {
    /// Finds git and writes its configuration into `home`, a directory of our own.
    pub fn prepare(
        home: PathBuf,
        url: &'run RepositoryUrl,
        credential: Option<Credential>,
        report: Report,
        interruptions: &'run mut Interruptions,
    ) -> Result<Self, GitError> {
        let program = Program::Git.find()?;
        write_file(&home.join("gitconfig"), &configuration(url.transport()))?;
        let known_hosts = std::env::var("SSH_KNOWN_HOSTS").unwrap_or_default();
        write_file(&home.join("known_hosts"), &known_hosts)?;
        Ok(Self {
            program,
            home,
            url,
            credential,
            limit: Instant::now() + DEADLINE,
            report,
            interruptions,
        })
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
        command.current_dir(directory).env_clear().envs(self.environment());
        command
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        let fixed = [
            ("PATH", program::search_path()),
            ("HOME", self.home.clone().into()),
            ("XDG_CONFIG_HOME", self.home.clone().into()),
            ("LC_ALL", "C".into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_CONFIG_GLOBAL", self.home.join("gitconfig").into()),
            ("GIT_ATTR_NOSYSTEM", "1".into()),
            ("GIT_ALLOW_PROTOCOL", self.url.transport().git_name().into()),
            ("GIT_PROTOCOL_FROM_USER", "0".into()),
            ("GIT_TERMINAL_PROMPT", "0".into()),
            ("GIT_ASKPASS", "false".into()),
            ("SSH_ASKPASS_REQUIRE", "never".into()),
            ("GIT_SSH_VARIANT", "ssh".into()),
            ("GIT_SSH_COMMAND", self.ssh_command()),
            ("GIT_NO_REPLACE_OBJECTS", "1".into()),
            ("GIT_NO_LAZY_FETCH", "1".into()),
            ("GIT_LITERAL_PATHSPECS", "1".into()),
            ("GIT_LFS_SKIP_SMUDGE", "1".into()),
            ("GIT_PAGER", "cat".into()),
            ("GIT_EDITOR", "false".into()),
        ];
        let passed_on = PASSED_ON
            .into_iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        let credential = self
            .credential
            .iter()
            .flat_map(|secret| secret.as_configuration(self.url));
        fixed
            .into_iter()
            .chain(passed_on)
            .chain(credential)
            .map(|(name, value)| (name.into(), value))
            .collect()
    }

    /// git runs this through a shell, so it holds fixed words and one quoted path of our own making.
    fn ssh_command(&self) -> OsString {
        let known_hosts = self.home.join("known_hosts");
        let quoted = known_hosts.to_string_lossy().replace('\'', r"'\''");
        format!(
            "ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20 -o PermitLocalCommand=no \
             -o ForwardAgent=no -o 'UserKnownHostsFile={quoted} /etc/ssh/ssh_known_hosts'"
        )
        .into()
    }

    fn capture(&mut self, command: &mut Command) -> Result<Captured, GitError> {
        let words: Vec<_> = command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        self.report.detail(format_args!("git {}", words.join(" ")));
        Ok(process::capture(command, self.limit, self.interruptions)?)
    }

    /// Runs git for something that fails only when something is wrong with this machine.
    fn must(&mut self, operation: &'static str, mut command: Command) -> Result<String, GitError> {
        let result = self.capture(&mut command)?;
        if result.ended.is_success() {
            Ok(result.stdout)
        } else {
            Err(GitError::Failed {
                operation,
                reason: one_line(&result.stderr),
            })
        }
    }

    fn unavailable(&self, stderr: &str) -> GitError {
        GitError::Unavailable {
            url: self.url.to_string(),
            reason: one_line(stderr),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bareness {
    Bare,
    WithFiles,
}

/// A user name and a token for the repository's host. Lives in memory and in git's environment only.
pub struct Credential {
    user: String,
    token: String,
}

impl Credential {
    /// The declared `GIT_TOKEN` and `GIT_USERNAME`, if there is a token.
    pub fn from_environment() -> Option<Self> {
        let token = std::env::var("GIT_TOKEN").ok().filter(|token| !token.is_empty())?;
        let user = std::env::var("GIT_USERNAME").ok().filter(|user| !user.is_empty());
        Some(Self {
            user: user.unwrap_or_else(|| DEFAULT_USER.to_owned()),
            token,
        })
    }

    /// One header for one host, given to git without a file, an argument or another program.
    fn as_configuration(&self, url: &RepositoryUrl) -> Vec<(&'static str, OsString)> {
        if url.transport() != Transport::Https && url.transport() != Transport::Http {
            return Vec::new();
        }
        let basic = BASE64.encode(format!("{}:{}", self.user, self.token));
        vec![
            ("GIT_CONFIG_COUNT", "1".into()),
            ("GIT_CONFIG_KEY_0", format!("http.{}.extraHeader", url.origin()).into()),
            ("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {basic}").into()),
        ]
    }
}

/// Received objects are checked, but for three old mistakes that harm nobody and that long histories have.
fn configuration(transport: Transport) -> String {
    let transport = transport.git_name();
    format!(
        "[core]\n\thooksPath = /dev/null\n\tfsmonitor = false\n\tattributesFile = /dev/null\n\texcludesFile = /dev/null\n\
         \tprotectHFS = true\n\tprotectNTFS = true\n\
         [init]\n\tdefaultBranch = unused\n\
         [safe]\n\tdirectory = *\n\
         [protocol]\n\tallow = never\n[protocol \"{transport}\"]\n\tallow = always\n\
         [transfer]\n\tfsckObjects = true\n\
         [fetch \"fsck\"]\n\tbadTimezone = ignore\n\tmissingSpaceBeforeDate = ignore\n\tzeroPaddedFilemode = ignore\n\
         [fetch]\n\trecurseSubmodules = false\n[submodule]\n\trecurse = false\n\
         [gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n\
         [http]\n\tfollowRedirects = false\n\tlowSpeedLimit = 1000\n\tlowSpeedTime = 60\n\
         [credential]\n\thelper =\n\
         [advice]\n\tdetachedHead = false\n"
    )
}

fn write_file(path: &Path, text: &str) -> Result<(), GitError> {
    fs::write(path, text).map_err(|source| GitError::Prepare {
        path: path.to_owned(),
        source,
    })
}

/// git's first complaints in one line, without what it says after every failure.
fn one_line(stderr: &str) -> String {
    let says_something = |line: &&str| !line.is_empty() && !BOILERPLATE.iter().any(|start| line.starts_with(start));
    let lines: Vec<_> = stderr.lines().map(str::trim).filter(says_something).take(3).collect();
    if lines.is_empty() {
        "git gave no reason".to_owned()
    } else {
        lines.join("; ")
    }
}

fn in_backticks(refs: &[RefName]) -> String {
    refs.iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::report::LogLevel;

    /// Several of these protect against the same thing, so only a look at all of them shows that none is missing.
    #[test]
    fn git_gets_every_protection_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().to_owned();
        let url: RepositoryUrl = "https://git.example.com/live.git".parse().unwrap();
        let mut interruptions = Interruptions::catch().unwrap();
        let credential = Credential {
            user: "carol".to_owned(),
            token: "hunter2".to_owned(),
        };
        let report = Report::new(LogLevel::Info);
        let git = Git {
            program: "/usr/bin/git".into(),
            home: home.clone(),
            url: &url,
            credential: Some(credential),
            limit: Instant::now(),
            report,
            interruptions: &mut interruptions,
        };
        let command = git.command(&home);
        let mut environment: BTreeMap<_, _> = command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value?.to_str()?.to_owned())))
            .collect();
        for name in PASSED_ON {
            environment.remove(name);
        }
        let home = home.to_str().unwrap().to_owned();
        assert!(environment.remove("PATH").is_some());
        let ssh = environment.remove("GIT_SSH_COMMAND").unwrap();
        assert!(
            ssh.starts_with("ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes "),
            "{ssh}"
        );
        let expected = [
            ("GIT_ALLOW_PROTOCOL", "https"),
            ("GIT_ASKPASS", "false"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_GLOBAL", &format!("{home}/gitconfig")),
            ("GIT_CONFIG_KEY_0", "http.https://git.example.com/.extraHeader"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_VALUE_0", "Authorization: Basic Y2Fyb2w6aHVudGVyMg=="),
            ("GIT_EDITOR", "false"),
            ("GIT_LFS_SKIP_SMUDGE", "1"),
            ("GIT_LITERAL_PATHSPECS", "1"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_PAGER", "cat"),
            ("GIT_PROTOCOL_FROM_USER", "0"),
            ("GIT_SSH_VARIANT", "ssh"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("HOME", &home),
            ("LC_ALL", "C"),
            ("SSH_ASKPASS_REQUIRE", "never"),
            ("XDG_CONFIG_HOME", &home),
        ];
        let expected: BTreeMap<_, _> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(environment, expected);
    }

    #[test]
    fn the_configuration_has_every_protection() {
        let configuration = configuration(Transport::Ssh);
        let settings: Vec<_> = configuration.lines().map(str::trim).collect();
        assert_eq!(
            settings,
            [
                "[core]",
                "hooksPath = /dev/null",
                "fsmonitor = false",
                "attributesFile = /dev/null",
                "excludesFile = /dev/null",
                "protectHFS = true",
                "protectNTFS = true",
                "[init]",
                "defaultBranch = unused",
                "[safe]",
                "directory = *",
                "[protocol]",
                "allow = never",
                "[protocol \"ssh\"]",
                "allow = always",
                "[transfer]",
                "fsckObjects = true",
                "[fetch \"fsck\"]",
                "badTimezone = ignore",
                "missingSpaceBeforeDate = ignore",
                "zeroPaddedFilemode = ignore",
                "[fetch]",
                "recurseSubmodules = false",
                "[submodule]",
                "recurse = false",
                "[gc]",
                "auto = 0",
                "[maintenance]",
                "auto = false",
                "[http]",
                "followRedirects = false",
                "lowSpeedLimit = 1000",
                "lowSpeedTime = 60",
                "[credential]",
                "helper =",
                "[advice]",
                "detachedHead = false",
            ]
        );
    }

    #[test]
    fn a_credential_is_for_the_web_only() {
        let credential = Credential {
            user: "carol".to_owned(),
            token: "hunter2".to_owned(),
        };
        for url in ["ssh://git@git.example.com/live.git", "file:///srv/live.git"] {
            assert_eq!(credential.as_configuration(&url.parse().unwrap()), []);
        }
    }

    #[test]
    fn gits_reason_is_shown_without_what_it_always_says() {
        let stderr = "warning: x\nHost key verification failed.\r\nfatal: Could not read from remote repository.\n\n\
                      Please make sure you have the correct access rights\nand the repository exists.\n";
        assert_eq!(one_line(stderr), "Host key verification failed.");
        assert_eq!(one_line("\n"), "git gave no reason");
    }
}
