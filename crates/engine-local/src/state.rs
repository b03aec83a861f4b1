//! The state folder: where runs, volumes and keys are, and how a file in it is written so that no crash leaves half of it.
//!
//! ```text
//! runs/<id>/     one run: see [`RunDir`]
//! volumes/<name> a persistent volume
//! keys/<sha256>  which run an idempotency key belongs to
//! launch.lock    held while a run is being created, or runs are being pruned
//! ```

mod keys;
mod record;
mod run_dir;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use protocol::RunId;

pub(crate) use keys::{Claim, KeyDigest};
pub(crate) use record::{
    ContainerRecord, DecisionRecord, EndingRecord, LaunchRecord, RequestRecord, RoomRecord, Sandbox, SandboxRecord,
    StatusRecord, StopRecord, now,
};
pub(crate) use run_dir::RunDir;

/// Why the state folder could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    /// A file or folder could not be read or written.
    #[error("cannot {action} `{path}`: {source}{}", hint(source))]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// A file is not what this program writes.
    #[error("`{path}` is damaged: {source}: remove the folder that it is in")]
    Damaged { path: PathBuf, source: serde_json::Error },
}

fn hint(error: &io::Error) -> &'static str {
    let kind = error.kind();
    if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        ": free some space there, or choose another state folder with XDG_STATE_HOME"
    } else if matches!(
        kind,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    ) {
        ": it must belong to you and be writable; another state folder can be chosen with XDG_STATE_HOME"
    } else {
        ""
    }
}

impl StateError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

/// The state folder.
#[derive(Debug, Clone)]
pub(crate) struct State {
    root: PathBuf,
}

impl State {
    pub(crate) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Makes what is missing of the folder.
    pub(crate) fn prepare(&self) -> Result<(), StateError> {
        [self.runs(), self.volumes(), self.keys()]
            .iter()
            .try_for_each(|dir| private_dir(dir))
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    pub(crate) fn volumes(&self) -> PathBuf {
        self.root.join("volumes")
    }

    fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Lets nobody else create or prune runs until the answer is dropped.
    pub(crate) fn lock_launches(&self) -> Result<File, StateError> {
        let path = self.root.join("launch.lock");
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(StateError::io("open", &path))?;
        file.lock().map_err(StateError::io("lock", &path))?;
        Ok(file)
    }

    /// The run's folder, if there is one and it is ours. Another user's run is no run of ours.
    pub(crate) fn find(&self, run: RunId) -> Result<Option<RunDir>, StateError> {
        let path = self.runs().join(run.to_string());
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() => {
                Ok(Some(RunDir::new(path)))
            }
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StateError::io("read", &path)(source)),
        }
    }

    /// Every run, in no particular order.
    pub(crate) fn all(&self) -> Result<Vec<(RunId, RunDir)>, StateError> {
        let path = self.runs();
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(StateError::io("read", &path)(source)),
        };
        let mut runs = Vec::new();
        for entry in entries {
            let entry = entry.map_err(StateError::io("read", &path))?;
            let id = entry.file_name().to_str().and_then(|name| name.parse::<RunId>().ok());
            if let Some(id) = id
                && let Some(dir) = self.find(id)?
            {
                runs.push((id, dir));
            }
        }
        Ok(runs)
    }
}

/// Makes a folder that only its owner may enter, with its parents.
pub(crate) fn private_dir(path: &Path) -> Result<(), StateError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(StateError::io("create", path))
}

/// Writes a whole file under its name, or leaves what was there: a crash at any point leaves no half of it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let temporary = path.with_extension(format!("tmp-{}", std::process::id()));
    let written =
        write_new(&temporary, bytes).and_then(|()| fs::rename(&temporary, path).map_err(StateError::io("write", path)));
    if written.is_err() {
        // What cannot be removed either is told by the error that is already on its way.
        drop(fs::remove_file(&temporary));
    }
    written
}

/// Writes a file that must not exist yet and waits until it is on the disk.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(StateError::io("create", path))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_data())
        .map_err(StateError::io("write", path))
}

/// Makes renames and removals in a folder outlive a power failure.
pub(crate) fn sync_dir(path: &Path) -> Result<(), StateError> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(StateError::io("write", path))
}
