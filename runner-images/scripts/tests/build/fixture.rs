//! A repository and a way to run a script on it.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) use crate::script::{Outcome, Script};

/// Programs of the system, without whatever else is on the PATH of whoever runs the tests.
const SYSTEM: [&str; 4] = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin"];

/// A bare repository with a clone to commit in.
pub(crate) struct Fixture {
    place: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let fixture = Self {
            place: tempfile::tempdir().unwrap(),
        };
        for directory in ["work", "tmp", "bin"] {
            fs::create_dir(fixture.path(directory)).unwrap();
        }
        fixture.git(&["init", "--quiet", "--initial-branch=main", "."]);
        fixture.git(&["init", "--quiet", "--initial-branch=main", "--bare", "../origin.git"]);
        fixture
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.path("origin.git").display())
    }

    pub(crate) fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        let file = self.path("work").join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub(crate) fn link(&self, link: &str, target: &str) {
        std::os::unix::fs::symlink(target, self.path("work").join(link)).unwrap();
    }

    /// Commits everything that is in the clone, and pushes it.
    pub(crate) fn commit_to(&self, branch: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message=change"]);
        let target = format!("HEAD:refs/heads/{branch}");
        self.git(&["push", "--quiet", "--force", "../origin.git", &target]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// git in the clone.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
            .args(["-c", "protocol.file.allow=always"])
            .args(arguments)
            .current_dir(self.path("work"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .expect("git is needed for the tests: install the package `git`");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Puts a program of this name before all others.
    pub(crate) fn replace_program(&self, name: &str, shell: &str) {
        let file = self.path("bin").join(name);
        fs::write(&file, format!("#!/bin/sh\n{shell}\n")).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The script with the repository and a commit of it.
    pub(crate) fn script<'fixture>(&'fixture self, program: &'static str, commit: &str) -> Script<'fixture> {
        let path = [self.path("bin")].into_iter().chain(SYSTEM.map(PathBuf::from));
        let mut process = Command::new(program);
        process
            .current_dir(self.path("work"))
            .env_clear()
            .env("PATH", env::join_paths(path).unwrap());
        let words = [format!("--repo={}", self.url()), format!("--ref={commit}")];
        Script::new(&self.place, process, words)
    }
}

impl Outcome {
    /// The one line of standard output.
    #[track_caller]
    pub(crate) fn line(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// A program that ends with the test.
pub(crate) struct Server {
    process: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Starts a program that listens on a port of the loopback address, which `command` is told.
    #[track_caller]
    pub(crate) fn start(command: impl Fn(u16) -> Command) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let process = command(port)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { process, port };
        wait_for("the server", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Waits until something is there, for a bounded time.
#[track_caller]
pub(crate) fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_mins(1);
    while !is_there() {
        assert!(Instant::now() < limit, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A program that the tests need, or how to get it.
#[track_caller]
pub(crate) fn need(program: &str, package: &str) -> PathBuf {
    SYSTEM
        .iter()
        .map(|directory| Path::new(directory).join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("`{program}` is needed for the tests: install the package `{package}`"))
}
