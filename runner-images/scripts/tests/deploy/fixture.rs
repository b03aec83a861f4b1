//! A repository, a place for state, and a way to run the script on them.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(crate) use crate::script::{Outcome, Script};

pub(crate) const SCRIPT: &str = env!("CARGO_BIN_EXE_infrastructure-deploy-script");

/// A module with one variable, one resource, one output, and its state where the caller says.
pub(crate) const MODULE: &str = r#"
terraform {
  backend "local" {}
}
variable "word" {
  default = "first"
}
resource "terraform_data" "thing" {
  input = var.word
}
output "word" {
  value = terraform_data.thing.output
}
"#;

/// One bare repository with a clone to commit in, and everything else that a run needs.
pub(crate) struct Fixture {
    place: TempDir,
}

impl Fixture {
    /// An empty repository.
    pub(crate) fn empty(object_format: &str) -> Self {
        let fixture = Self {
            place: tempfile::tempdir().unwrap(),
        };
        for directory in ["work", "home", "tmp", "state", "bin"] {
            fs::create_dir(fixture.path(directory)).unwrap();
        }
        let format = format!("--object-format={object_format}");
        fixture.git(&["init", "--quiet", "--initial-branch=main", &format, "."]);
        fixture.git(&[
            "init",
            "--quiet",
            "--initial-branch=main",
            "--bare",
            &format,
            "../origin.git",
        ]);
        fixture
    }

    /// A repository whose main branch has [`MODULE`] in `prod/app`.
    pub(crate) fn with_module() -> (Self, String) {
        let fixture = Self::empty("sha1");
        fixture.write("prod/app/main.tf", MODULE);
        let commit = fixture.commit();
        fixture.push("main");
        (fixture, commit)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn origin(&self) -> PathBuf {
        self.path("origin.git")
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.origin().display())
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path("state/app.tfstate")
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let file = self.path("work").join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub(crate) fn link(&self, link: &str, target: &str) {
        let link = self.path("work").join(link);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, link).unwrap();
    }

    /// Commits everything that is in the clone.
    pub(crate) fn commit(&self) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message=change"]);
        self.git(&["rev-parse", "HEAD"])
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
            .args([
                "-c",
                "user.name=Test",
                "-c",
                "user.email=test@example.com",
                "-c",
                "protocol.file.allow=always",
            ])
            .args(arguments)
            .current_dir(self.path("work"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .expect("git is needed for the tests: install the package `git`");
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Puts a program of this name before all others.
    pub(crate) fn replace_program(&self, name: &str, shell: &str) {
        let file = self.path("bin").join(name);
        fs::write(&file, format!("#!/bin/sh\n{shell}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Puts the stand-in for this version of Terragrunt there: it does what Terragrunt's source says, with the real engine.
    pub(crate) fn stand_in_for_terragrunt(&self, version: &str) {
        self.replace_program(
            "terragrunt",
            &include_str!("terragrunt.sh").replace("@VERSION@", version),
        );
    }

    /// Makes every start of Terraform leave a mark, and lets it run.
    pub(crate) fn watch_terraform(&self) {
        let (mark, real) = (self.path("terraform-was-started"), find_program("terraform"));
        self.replace_program(
            "terraform",
            &format!("echo \"$@\" >> '{}'\nexec '{}' \"$@\"", mark.display(), real.display()),
        );
    }

    pub(crate) fn terraform_was_started(&self) -> bool {
        self.path("terraform-was-started").exists()
    }

    /// The script with what every run needs.
    pub(crate) fn script(&self, commit: &str, command: &str) -> Script<'_> {
        let words = [
            format!("--repo={}", self.url()),
            format!("--ref={commit}"),
            format!("--command={command}"),
            "--protected-ref=refs/heads/main".to_owned(),
            "--deploy-path=prod/app".to_owned(),
            format!("--backend-config=path={}", self.state().display()),
        ];
        let terraform = find_program("terraform");
        let path = [
            self.path("bin"),
            terraform.parent().unwrap().to_owned(),
            "/usr/bin".into(),
            "/bin".into(),
        ];
        let mut process = Command::new(SCRIPT);
        process
            .current_dir(self.path("home"))
            .env_clear()
            .env(
                "PATH",
                env::join_paths(path.into_iter().chain(find_program("git").parent().map(Path::to_owned))).unwrap(),
            )
            .env("HOME", self.path("home"))
            .env("TF_CLI_CONFIG_FILE", "/dev/null");
        Script::new(&self.place, process, words)
    }
}

impl Script<'_> {
    /// Takes the words that start like this out.
    pub(crate) fn without(mut self, start: &str) -> Self {
        self.words.retain(|word| !word.starts_with(start));
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.process.env_remove(name);
        self
    }
}

pub(crate) fn find_program(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|file| file.is_file());
    match found {
        Some(file) => file,
        None if name == "terraform" => {
            panic!(
                "terraform is needed for the tests: get it from https://developer.hashicorp.com/terraform/install and put it on PATH"
            )
        }
        None => panic!("`{name}` is needed for the tests: install the package `{name}`"),
    }
}

/// Waits until something is there, for a bounded time.
#[track_caller]
pub(crate) fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(30);
    while !is_there() {
        assert!(Instant::now() < limit, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
