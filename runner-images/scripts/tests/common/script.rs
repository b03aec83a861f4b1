//! One call of a script, and what it left to see. What a call starts with is each fixture's own.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// One call of a script that is being put together.
pub(crate) struct Script<'fixture> {
    /// Has `tmp`, where the script works.
    place: &'fixture TempDir,
    pub(crate) words: Vec<String>,
    pub(crate) process: Command,
}

impl<'fixture> Script<'fixture> {
    /// `process` starts the script, which works in `tmp` of the place.
    pub(crate) fn new(place: &'fixture TempDir, mut process: Command, words: impl Into<Vec<String>>) -> Self {
        process.env("TMPDIR", tmp_of(place));
        Self {
            place,
            words: words.into(),
            process,
        }
    }

    pub(crate) fn with(mut self, word: impl Into<String>) -> Self {
        self.words.push(word.into());
        self
    }

    /// Takes an option's words out and adds it with another value.
    pub(crate) fn instead(mut self, option: &str, value: &str) -> Self {
        self.words.retain(|word| !word.starts_with(&format!("{option}=")));
        self.with(format!("{option}={value}"))
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.process.env(name, value);
        self
    }

    /// Gives it a working place of this many bytes.
    pub(crate) fn on_a_small_disk(self, bytes: u32) -> Self {
        let place = tmp_of(self.place);
        self.with_a_small_disk(&place, bytes)
    }

    /// Puts a disk of this many bytes in a place.
    pub(crate) fn with_a_small_disk(self, place: &Path, bytes: u32) -> Self {
        let mut process = Command::new("bwrap");
        process.args(["--dev-bind", "/", "/", "--size", &bytes.to_string(), "--tmpfs"]);
        process.arg(place);
        self.through(process)
    }

    /// Lets another program start it.
    pub(crate) fn through(mut self, mut process: Command) -> Self {
        process.arg(self.process.get_program()).env_clear();
        process.envs(self.process.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(directory) = self.process.get_current_dir() {
            process.current_dir(directory);
        }
        self.process = process;
        self
    }

    /// Runs it to its end; it leaves no file behind.
    #[track_caller]
    pub(crate) fn run(self) -> Outcome {
        let tmp = tmp_of(self.place);
        let outcome = Outcome::of(self.start().wait_with_output().unwrap());
        let left: Vec<_> = fs::read_dir(tmp).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, Vec::<PathBuf>::new(), "the script left files behind");
        outcome
    }

    /// Starts it and does not wait.
    #[track_caller]
    pub(crate) fn start(mut self) -> Child {
        let started = self
            .process
            .args(&self.words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        started.unwrap_or_else(|error| panic!("{:?} is needed for the tests: {error}", self.process.get_program()))
    }
}

/// Without links, as the script sees it.
fn tmp_of(place: &TempDir) -> PathBuf {
    place.path().canonicalize().unwrap().join("tmp")
}

/// What a run left to see.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    /// Standard output, byte for byte.
    pub(crate) bytes: Vec<u8>,
    /// The same as text.
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("the script ended by itself"),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            bytes: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The exit code, with everything else shown when it is another.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The last line of standard error is the script's reason, and nothing went to standard output.
    #[track_caller]
    pub(crate) fn expect_reason(self, code: i32, reason: &str) -> Self {
        let outcome = self.expect_code(code);
        let last = outcome.stderr.lines().last().unwrap_or_default();
        let (script, said) = last.split_once(": error: ").unwrap_or_default();
        assert!(SCRIPTS.contains(&script), "\nstderr:\n{}", outcome.stderr);
        assert_eq!(said, reason, "\nstderr:\n{}", outcome.stderr);
        assert!(outcome.bytes.is_empty(), "\nstdout:\n{}", outcome.stdout);
        outcome
    }

    /// The same for a reason that is not known to the letter: what it begins with, and what to do.
    #[track_caller]
    pub(crate) fn expect_told(self, code: i32, start: &str, remedy: &str) -> Self {
        let outcome = self.expect_code(code);
        let last = outcome.stderr.lines().last().unwrap_or_default();
        let said = last.split_once(": error: ").map_or("", |(_, said)| said);
        assert!(
            said.starts_with(start) && said.ends_with(remedy),
            "\nstderr:\n{}",
            outcome.stderr
        );
        assert!(outcome.bytes.is_empty(), "\nstdout:\n{}", outcome.stdout);
        outcome
    }
}

const SCRIPTS: [&str; 4] = [
    "infrastructure-deploy-script",
    "terraform-update-variable",
    "build-packer-artifact",
    "build-docker-image",
];
