//! The folder of one run: which files are in it, who writes them, and how they are read.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{
    DecisionRecord, EndingRecord, LaunchRecord, RequestRecord, StateError, StatusRecord, StopRecord, sync_dir,
    write_new, write_whole,
};

/// Room that is kept for the ending, so that a full disk cannot keep a run from telling how it ended.
const ENDING_ROOM: usize = 8 * 1024;

/// The folder of one run.
#[derive(Debug, Clone)]
pub(crate) struct RunDir {
    path: PathBuf,
}

impl RunDir {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Makes the folder with what a supervisor needs to know, all at once.
    pub(crate) fn create(
        path: PathBuf,
        request: &RequestRecord,
        decision: &DecisionRecord,
        launch: &LaunchRecord,
    ) -> Result<Self, StateError> {
        let building = path.with_file_name(format!(".new-{}", request.run));
        remove_tree(&building)?;
        let built = build(&building, request, decision, launch)
            .and_then(|()| fs::rename(&building, &path).map_err(StateError::io("create", &path)));
        if let Err(error) = built {
            // What cannot be removed is pruned later; the first error is the one that helps.
            drop(remove_tree(&building));
            return Err(error);
        }
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The job's own folders, removed with the run's end.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.path.join("scratch")
    }

    /// The log: written by process 1 of the sandbox only.
    pub(crate) fn frames(&self) -> PathBuf {
        self.path.join("frames")
    }

    /// What the sandbox and the runner say about themselves.
    pub(crate) fn diagnostics(&self) -> PathBuf {
        self.path.join("diagnostics")
    }

    /// What the supervisor says about itself; whoever holds its lock is in charge of the run.
    pub(crate) fn supervisor_log(&self) -> PathBuf {
        self.path.join("supervisor.log")
    }

    /// Takes charge of the run, unless somebody is.
    pub(crate) fn take_charge(&self) -> Result<Option<File>, StateError> {
        let path = self.supervisor_log();
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(StateError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(source)) => Err(StateError::io("lock", &path)(source)),
        }
    }

    pub(crate) fn request(&self) -> Result<RequestRecord, StateError> {
        self.required("request.json")
    }

    pub(crate) fn decision(&self) -> Result<DecisionRecord, StateError> {
        self.required("decision.json")
    }

    pub(crate) fn launch(&self) -> Result<LaunchRecord, StateError> {
        self.required("launch.json")
    }

    /// Absent until a supervisor is about to start the sandbox: without it, nothing has ever run.
    pub(crate) fn status(&self) -> Result<Option<StatusRecord>, StateError> {
        self.optional("status.json")
    }

    pub(crate) fn set_status(&self, status: &StatusRecord) -> Result<(), StateError> {
        let path = self.path.join("status.json");
        write_whole(&path, &to_json(&path, status)?)
    }

    pub(crate) fn stop_request(&self) -> Result<Option<StopRecord>, StateError> {
        self.optional("stop.json")
    }

    /// Asks the supervisor to stop the run. Asking again changes nothing.
    pub(crate) fn request_stop(&self, stop: &StopRecord) -> Result<(), StateError> {
        let path = self.path.join("stop.json");
        if path.exists() {
            return Ok(());
        }
        write_whole(&path, &to_json(&path, stop)?)
    }

    pub(crate) fn ending(&self) -> Result<Option<EndingRecord>, StateError> {
        self.optional("ending.json")
    }

    /// Keeps room on the disk for the ending.
    pub(crate) fn reserve_ending(&self) -> Result<(), StateError> {
        let path = self.reserved_ending();
        match write_new(&path, &[b' '; ENDING_ROOM]) {
            Err(StateError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    }

    /// Writes how the run ended, in the room that was kept for it. Needs charge of the run.
    pub(crate) fn set_ending(&self, ending: &EndingRecord) -> Result<(), StateError> {
        let path = self.path.join("ending.json");
        let reserved = self.reserved_ending();
        let mut json = to_json(&path, ending)?;
        json.resize(json.len().max(ENDING_ROOM), b' ');
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&reserved)
            .and_then(|mut file| {
                file.seek(SeekFrom::Start(0))?;
                file.write_all(&json)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&reserved, &path))
            .map_err(StateError::io("write", &path))?;
        sync_dir(&self.path)
    }

    /// Removes the job's own folders.
    pub(crate) fn remove_scratch(&self) -> Result<(), StateError> {
        remove_tree(&self.scratch())
    }

    /// Removes the run for good.
    pub(crate) fn remove(&self) -> Result<(), StateError> {
        remove_tree(&self.path)
    }

    fn reserved_ending(&self) -> PathBuf {
        self.path.join("ending.reserved")
    }

    fn required<Record: DeserializeOwned>(&self, name: &str) -> Result<Record, StateError> {
        let path = self.path.join(name);
        let bytes = fs::read(&path).map_err(StateError::io("read", &path))?;
        serde_json::from_slice(&bytes).map_err(|source| StateError::Damaged { path, source })
    }

    fn optional<Record: DeserializeOwned>(&self, name: &str) -> Result<Option<Record>, StateError> {
        match self.required(name) {
            Ok(record) => Ok(Some(record)),
            Err(StateError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn build(
    path: &Path,
    request: &RequestRecord,
    decision: &DecisionRecord,
    launch: &LaunchRecord,
) -> Result<(), StateError> {
    let folder = |path: &Path| {
        DirBuilder::new()
            .mode(0o700)
            .create(path)
            .map_err(StateError::io("create", path))
    };
    folder(path)?;
    folder(&path.join("scratch"))?;
    folder(&path.join("scratch/work"))?;
    folder(&path.join("scratch/home"))?;
    for name in ["frames", "diagnostics", "supervisor.log"] {
        write_new(&path.join(name), b"")?;
    }
    write_new(&path.join("request.json"), &to_json(path, request)?)?;
    write_new(&path.join("decision.json"), &to_json(path, decision)?)?;
    write_new(&path.join("launch.json"), &to_json(path, launch)?)
}

fn to_json<Record: Serialize>(path: &Path, record: &Record) -> Result<Vec<u8>, StateError> {
    serde_json::to_vec_pretty(record).map_err(|source| StateError::Damaged {
        path: path.to_owned(),
        source,
    })
}

/// Removes a folder, also where a job took away its own permission to enter it. What does not exist is removed.
fn remove_tree(path: &Path) -> Result<(), StateError> {
    let gone = |result: io::Result<()>| match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    };
    if gone(fs::remove_dir_all(path)).is_ok() {
        return Ok(());
    }
    open_up(path);
    gone(fs::remove_dir_all(path)).map_err(StateError::io("remove", path))
}

/// Gives the owner back the right to empty each folder below. What fails here shows when the folder is removed.
fn open_up(path: &Path) {
    drop(fs::set_permissions(path, Permissions::from_mode(0o700)));
    let Ok(entries) = fs::read_dir(path) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}
