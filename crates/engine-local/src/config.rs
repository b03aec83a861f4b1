//! What the engine is told about this machine.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::containers::ContainerSockets;

/// Where everything is on this machine.
#[derive(Debug, Clone)]
pub struct LocalConfig {
    /// Folder of the runs, volumes and keys.
    pub state_dir: PathBuf,
    /// Folder that holds only the executables that may be run, named as the scripts.
    pub scripts_dir: PathBuf,
    /// The program `deploy-runner`, process 1 of every sandbox.
    pub runner: PathBuf,
    /// The program `deploy-runner-local`.
    pub supervisor: PathBuf,
    /// The program `bwrap`; a bare name is looked up on `PATH`.
    pub bwrap: PathBuf,
    /// Values of the secrets that runs may need.
    pub secrets: SecretValues,
    /// More of this machine that every run may read, at the same path.
    pub read_only_binds: Vec<PathBuf>,
    /// What runs are held by.
    pub engine: EngineChoice,
    /// What a container engine is told.
    pub containers: ContainerConfig,
}

/// What runs are held by. Nothing runs without one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// A container where Docker or Podman has the image, else the sandbox; each run says which, and why.
    #[default]
    Auto,
    /// The sandbox: the scripts of this machine, without an image.
    Sandbox,
    /// A container of Docker or Podman.
    Docker,
}

/// What a container engine is told.
#[derive(Debug, Clone, Default)]
pub struct ContainerConfig {
    /// Where one may be.
    pub sockets: ContainerSockets,
    /// Image name in the allow-list to image reference. A name without one is an image that was built here.
    pub images: BTreeMap<String, String>,
    /// When images are pulled.
    pub pull: PullPolicy,
}

/// When an image is pulled. An image that no reference names a registry for never is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullPolicy {
    /// Before each run.
    Always,
    /// When it is not here.
    #[default]
    Missing,
    /// Never: it is here, or the run does not start.
    Never,
}

/// Which program it is that holds containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EngineName {
    Docker,
    Podman,
}

impl EngineName {
    /// As its command is called.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Docker => "Docker",
            Self::Podman => "Podman",
        })
    }
}

/// Values of secrets by the name of their variable. Printing it never shows a value.
#[derive(Clone, Default)]
pub struct SecretValues(BTreeMap<String, String>);

impl SecretValues {
    /// The value of the variable, if it was given.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for SecretValues {
    fn from_iter<Values: IntoIterator<Item = (String, String)>>(values: Values) -> Self {
        Self(values.into_iter().collect())
    }
}

impl fmt::Debug for SecretValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What to do when the program is missing.
pub(crate) fn bubblewrap_missing(path: &Path) -> String {
    format!(
        "bubblewrap (`{}`) is not installed, and nothing runs without a sandbox: install the package `bubblewrap` \
         (`apt-get install bubblewrap`, `dnf install bubblewrap`)",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_secrets_shows_their_names_only() {
        let secrets: SecretValues = [("TOKEN".to_owned(), "hunter2".to_owned())].into_iter().collect();
        assert_eq!(format!("{secrets:?}"), r#"{"TOKEN"}"#);
    }
}
