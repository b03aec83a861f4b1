//! What the engine is told about this machine.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

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
