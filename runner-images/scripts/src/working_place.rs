//! Where a script works: a directory that only this process can enter, removed when the script ends.
//!
//! Responsible for where things are in it. Never looks into them.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// No place to work.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a working place in `{path}`: {source}; free some space or set TMPDIR")]
pub struct NoPlace {
    path: PathBuf,
    source: io::Error,
}

/// The directory.
#[derive(Debug)]
pub struct WorkingPlace {
    _removed_at_the_end: TempDir,
    root: PathBuf,
}

impl WorkingPlace {
    /// Makes it in the system's place for temporary files.
    pub fn make() -> Result<Self, NoPlace> {
        let parent = env::temp_dir();
        let refused = |source: io::Error| NoPlace {
            path: parent.clone(),
            source,
        };
        let directory = tempfile::Builder::new()
            .prefix("deploy-")
            .tempdir_in(&parent)
            .map_err(refused)?;
        let root = directory.path().canonicalize().map_err(refused)?;
        fs::create_dir(root.join("git")).map_err(refused)?;
        Ok(Self {
            _removed_at_the_end: directory,
            root,
        })
    }

    /// The directory itself, without links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// For git's own files.
    pub fn git_home(&self) -> PathBuf {
        self.root.join("git")
    }

    /// For the files of one commit.
    pub fn checkout(&self) -> PathBuf {
        Self::checkout_in(&self.root)
    }

    /// The same in a working place of another process.
    pub fn checkout_in(root: &Path) -> PathBuf {
        root.join("checkout")
    }

    /// For what Terragrunt starts.
    pub fn watch(&self) -> PathBuf {
        self.root.join("watch")
    }

    /// For a plan.
    pub fn plan(&self) -> PathBuf {
        self.root.join("plan")
    }

    /// For what Terragrunt shows of the plans of units.
    pub fn shown_plans(&self) -> PathBuf {
        self.root.join("plans.json")
    }

    /// For what the tool shows of a plan.
    pub fn shown_plan(&self) -> PathBuf {
        self.root.join("plan.json")
    }

    /// For commits without their files.
    pub fn history(&self) -> PathBuf {
        self.root.join("history")
    }

    /// The same, empty: each one is another directory.
    pub fn fresh_history(&self) -> Result<PathBuf, NoPlace> {
        let refused = |source: io::Error| NoPlace {
            path: self.root.clone(),
            source,
        };
        let directory = tempfile::Builder::new()
            .prefix("history-")
            .tempdir_in(&self.root)
            .map_err(refused)?;
        Ok(directory.keep())
    }

    /// For the objects of a commit that is being made.
    pub fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }
}
