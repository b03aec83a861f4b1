//! Local runs: the gate in this process and the engine of this machine, put together from the options.
//!
//! Responsible for: where things are (state folder, scripts, programs), the allow-list file, the values of secrets.
//! Never: runs anything outside a sandbox or a container, or decides whether something may run.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;
mod secrets;

use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

use crate::args::{CommonArgs, LocalArgs};
use crate::check::{Checked, FileError};

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{Gate, gate, list, watching};
#[cfg(target_os = "linux")]
pub(crate) use linux::{Gate, gate, list, watching};
use secrets::SecretError;

/// The audit log's name in the state folder.
const AUDIT_LOG: &str = "audit.log";

/// Why there is no local gate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LocalError {
    /// No allow-list was named.
    #[error("--local needs an allow-list: give --config FILE")]
    NoConfig,
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The allow-list has errors.
    #[error("the allow-list `{}` has errors; nothing was run", .0.file)]
    Broken(Box<Checked>),
    /// The gate does not trust what the compiler made.
    #[error("the gate refuses the compiled allow-list: {0}")]
    Untrusted(#[from] gatekeeper::LoadError),
    /// No secret of that name is declared.
    #[error("--secret `{0}`: no container of the allow-list declares a secret of this name")]
    UndeclaredSecret(String),
    /// No container has that image.
    #[error("--image `{0}`: no container of the allow-list has an image of this name")]
    UndeclaredImage(String),
    /// A secret has no value.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Nobody knows where the state folder is.
    #[error("there is no folder for the state: {0}; give one with --state-dir")]
    NoStateFolder(#[from] etcetera::HomeDirError),
    /// This system has no usual place for state.
    #[error("there is no usual folder for the state on this system: give one with --state-dir")]
    NoUsualStateFolder,
    /// The state folder cannot be made.
    #[error("cannot make the state folder `{}`: {source}; mend it or give another with --state-dir", .path.display())]
    StateFolder {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// We do not know where we are.
    #[error("cannot find this program's own folder, where the runner lies: {0}")]
    OwnFolder(io::Error),
    /// The runs cannot be listed.
    #[error("{0}")]
    Runs(String),
    /// Another system.
    #[cfg_attr(target_os = "linux", expect(dead_code, reason = "said on other systems"))]
    #[error(
        "--local needs Linux (a sandbox, or Docker or Podman on the same machine): this system can only call a gate in AWS"
    )]
    NotHere,
}

impl LocalError {
    /// The allow-list whose errors are to be shown.
    pub(crate) fn broken(&self) -> Option<&Checked> {
        if let Self::Broken(checked) = self {
            Some(checked)
        } else {
            None
        }
    }
}

/// The state folder: the caller's, or the usual one. Made if it is missing, for nobody else to read.
fn state_folder(common: &CommonArgs) -> Result<PathBuf, LocalError> {
    let path = if let Some(path) = &common.state_dir {
        std::path::absolute(path).map_err(|source| LocalError::StateFolder {
            path: path.clone(),
            source,
        })?
    } else {
        let usual = etcetera::choose_base_strategy()?.state_dir();
        usual.ok_or(LocalError::NoUsualStateFolder)?.join("deploy-runner")
    };
    make_private(&path).map_err(|source| LocalError::StateFolder {
        path: path.clone(),
        source,
    })?;
    Ok(path)
}

fn make_private(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The allow-list file, whole and without errors.
fn checked(local: &LocalArgs) -> Result<Checked, LocalError> {
    let file = local.config.as_deref().ok_or(LocalError::NoConfig)?;
    let checked = Checked::read(file)?;
    if checked.compiled.is_some() {
        Ok(checked)
    } else {
        Err(LocalError::Broken(Box::new(checked)))
    }
}
