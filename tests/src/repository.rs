//! Git repositories for tests: a clone to commit in, and the bare one that the product fetches from.
//!
//! Responsible for making history. Never: reads the configuration of whoever runs the tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::product::{self, Place};

/// A repository and a clone of it.
#[derive(Debug)]
pub struct Repository {
    clone: PathBuf,
    bare: PathBuf,
}

impl Repository {
    /// A repository without a commit, in the place's folder.
    pub fn empty(place: &Place) -> Self {
        let repository = Self {
            clone: place.join("clone"),
            bare: place.join("infrastructure-live.git"),
        };
        git(
            &place.path(),
            &[
                "init",
                "-q",
                "--bare",
                "--initial-branch=main",
                "infrastructure-live.git",
            ],
        );
        git(&place.path(), &["init", "-q", "--initial-branch=main", "clone"]);
        repository
    }

    /// The demo's repository.
    pub fn demo(place: &Place) -> Self {
        Self::with(
            place,
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/infrastructure-live"),
        )
    }

    /// A repository with one commit on `main`: the content of a folder.
    pub fn with(place: &Place, folder: &Path) -> Self {
        let repository = Self::empty(place);
        let mut copy = product::command(Path::new("/bin/cp"));
        product::run(copy.arg("-R").arg(folder.join(".")).arg(repository.worktree())).with(0);
        repository.commit("What is there");
        repository.push("main");
        repository
    }

    /// The folder to change files in.
    pub fn worktree(&self) -> &Path {
        &self.clone
    }

    /// The bare repository.
    pub fn bare(&self) -> &Path {
        &self.bare
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("file://{}", self.bare.display())
    }

    /// Writes a file of the clone.
    pub fn write(&self, name: &str, content: &str) {
        let path = self.clone.join(name);
        std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("folders can be made");
        std::fs::write(path, content).expect("a file can be written");
    }

    /// Commits everything and answers the commit's id.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Pushes what is checked out to a branch.
    pub fn push(&self, branch: &str) {
        let target = format!("HEAD:refs/heads/{branch}");
        self.git(&["push", "-q", &self.bare.display().to_string(), &target]);
    }

    /// Runs git in the clone and answers what it prints.
    pub fn git(&self, args: &[&str]) -> String {
        git(&self.clone, args)
    }
}

fn git(folder: &Path, args: &[&str]) -> String {
    let mut git = Command::new("git");
    git.env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .args(["-c", "user.name=test", "-c", "user.email=test@example.com", "-C"])
        .arg(folder)
        .args(args);
    product::run(&mut git).with(0).stdout.trim_end().to_owned()
}
