//! A repository with files of variables, a server in front of it, and a way to run the script.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::git_server::{Behaviour, GitServer};
pub(crate) use crate::script::{Outcome, Script};

pub(crate) const SCRIPT: &str = env!("CARGO_BIN_EXE_terraform-update-variable");
/// `carol:hunter2`
pub(crate) const CREDENTIAL: &str = "Basic Y2Fyb2w6aHVudGVyMg==";

pub(crate) const VALUES: &str = "\
# Kept by the release job
image_version   =   \"1.4.0\"   # do not align
instance_count = 3
";

/// A bare repository and a clone to commit in.
pub(crate) struct Fixture {
    place: TempDir,
}

impl Fixture {
    /// A repository whose main branch has [`VALUES`] in `prod/app.tfvars`, and a neighbour of it.
    pub(crate) fn new() -> Self {
        Self::with_object_format("sha1")
    }

    pub(crate) fn with_object_format(format: &str) -> Self {
        let fixture = Self {
            place: tempfile::tempdir().unwrap(),
        };
        for directory in ["work", "tmp", "bin"] {
            fs::create_dir(fixture.path(directory)).unwrap();
        }
        let format = format!("--object-format={format}");
        fixture.git(&["init", "--quiet", "--initial-branch=main", &format, "."]);
        fixture.git(&[
            "init",
            "--quiet",
            "--initial-branch=main",
            "--bare",
            &format,
            "../origin.git",
        ]);
        fixture.git(&["--git-dir=../origin.git", "config", "http.receivepack", "true"]);
        fixture.write("prod/app.tfvars", VALUES);
        fixture.write("prod/neighbour.tfvars", VALUES);
        fixture.commit();
        fixture.push("main");
        fixture
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.path("origin.git").display())
    }

    pub(crate) fn serve(&self, behaviour: Behaviour) -> GitServer {
        GitServer::serve(self.path("origin.git"), behaviour)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let file = self.path("work").join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// Commits everything that is in the clone.
    pub(crate) fn commit(&self) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message=change"]);
        self.git(&["rev-parse", "HEAD"]).trim_end().to_owned()
    }

    pub(crate) fn push(&self, branch: &str) {
        self.git(&[
            "push",
            "--quiet",
            "--force",
            "../origin.git",
            &format!("HEAD:refs/heads/{branch}"),
        ]);
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
        String::from_utf8(output.stdout).unwrap()
    }

    /// git in the bare repository, one line of answer.
    pub(crate) fn origin(&self, arguments: &[&str]) -> String {
        let all: Vec<_> = ["--git-dir=../origin.git"].iter().chain(arguments).copied().collect();
        self.git(&all).trim_end().to_owned()
    }

    /// A file as a branch of the bare repository has it.
    pub(crate) fn file(&self, branch: &str, path: &str) -> String {
        self.git(&[
            "--git-dir=../origin.git",
            "cat-file",
            "blob",
            &format!("refs/heads/{branch}:{path}"),
        ])
    }

    /// Every ref of the bare repository with its commit: all that a push can change.
    pub(crate) fn refs(&self) -> String {
        self.origin(&["for-each-ref"])
    }

    /// A hook of the bare repository.
    pub(crate) fn hook(&self, name: &str, shell: &str) {
        write_executable(
            &self.path("origin.git/hooks").join(name),
            &format!("#!/bin/sh\n{shell}\n"),
        );
    }

    /// Puts a program of this name before all others.
    pub(crate) fn replace_program(&self, name: &str, shell: &str) {
        write_executable(&self.path("bin").join(name), &format!("#!/bin/sh\n{shell}\n"));
    }

    /// The script with what every run needs: sets `image_version` to 1.5.0.
    pub(crate) fn script(&self) -> Script<'_> {
        let words = [
            format!("--repo={}", self.url()),
            "--branch=refs/heads/main".to_owned(),
            "--vars-path=prod/app.tfvars".to_owned(),
            "--name=image_version".to_owned(),
            "--value=1.5.0".to_owned(),
            "--author-name=Deploy Runner".to_owned(),
            "--author-email=deploy-runner@example.com".to_owned(),
        ];
        let machine = env::var_os("PATH").unwrap_or_default();
        let path = [self.path("bin")].into_iter().chain(env::split_paths(&machine));
        let mut process = Command::new(SCRIPT);
        process
            .current_dir(self.path("work"))
            .env_clear()
            .env("PATH", env::join_paths(path).unwrap());
        Script::new(&self.place, process, words)
    }
}

/// The git that the tests themselves run.
pub(crate) fn real_git() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let git = env::split_paths(&path)
        .map(|directory| directory.join("git"))
        .find(|git| git.is_file());
    git.expect("git is needed for the tests: install the package `git`")
}

pub(crate) fn write_executable(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

impl Script<'_> {
    pub(crate) fn at(self, server: &GitServer) -> Self {
        let url = server.url();
        self.instead("--repo", &url)
    }
}

impl Outcome {
    /// The last line of standard output.
    #[track_caller]
    pub(crate) fn line(&self) -> Value {
        serde_json::from_str(self.stdout.lines().last().unwrap()).unwrap()
    }
}
