//! What the files of a run's folder say. No secret's value is ever among it.

use std::path::PathBuf;

use gatekeeper::compiled::{Capability, Entrypoint, Network, Repository, RootFilesystem};
use indexmap::IndexMap;
use jiff::Timestamp;
use protocol::{Ending, LaunchType, Origin, Phase, RunId, TaskSize, Timings};
use serde::{Deserialize, Serialize};

use super::KeyDigest;
use crate::config::{EngineName, PullPolicy};
use crate::containers::Image;

/// The time, for people: what is measured is measured by a clock that nobody sets.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// `request.json`: what was asked for, as the gate understood it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestRecord {
    pub(crate) run: RunId,
    pub(crate) created: Timestamp,
    pub(crate) container: String,
    pub(crate) script: String,
    pub(crate) args: Vec<String>,
    pub(crate) size: TaskSize,
    pub(crate) launch_type: LaunchType,
    pub(crate) request_digest: String,
    pub(crate) key: KeyDigest,
    pub(crate) origin: Origin,
}

/// `decision.json`: what the gate allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecisionRecord {
    pub(crate) allow_list_digest: String,
    pub(crate) image: String,
    pub(crate) entrypoint: Entrypoint,
    pub(crate) environment: IndexMap<String, String>,
    /// Variable name to secret reference, never to a value.
    pub(crate) secrets: IndexMap<String, String>,
    pub(crate) network: Network,
    pub(crate) volumes: IndexMap<String, String>,
    /// Absent in records of runs from before a container could have more.
    #[serde(default)]
    pub(crate) root_filesystem: RootFilesystem,
    #[serde(default)]
    pub(crate) capabilities: Vec<Capability>,
    pub(crate) repositories: Vec<Repository>,
    pub(crate) timeout_seconds: u32,
    pub(crate) stop_timeout_seconds: u32,
}

/// `launch.json`: what of this machine the run uses. All paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LaunchRecord {
    pub(crate) supervisor: PathBuf,
    pub(crate) state_dir: PathBuf,
    pub(crate) volumes_dir: PathBuf,
    /// Folders of `file://` repositories, and the configured read-only binds.
    pub(crate) read_only: Vec<PathBuf>,
    pub(crate) room: RoomRecord,
    /// Why it is that room, where nobody named it.
    pub(crate) notices: Vec<String>,
}

/// What holds the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum RoomRecord {
    Sandbox(SandboxRecord),
    Container(ContainerRecord),
}

/// A run in the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SandboxRecord {
    pub(crate) scripts_dir: PathBuf,
    pub(crate) runner: PathBuf,
    pub(crate) bwrap: PathBuf,
}

/// A run in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContainerRecord {
    pub(crate) engine: EngineName,
    pub(crate) socket: PathBuf,
    pub(crate) image: Image,
    /// The id of the image, when it was here at the launch.
    pub(crate) image_id: Option<String>,
    pub(crate) pull: PullPolicy,
}

impl RoomRecord {
    /// Its name in lists.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Sandbox(_) => "sandbox",
            Self::Container(record) => record.engine.as_str(),
        }
    }
}

/// `status.json`: where the run is, as long as it has no ending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusRecord {
    pub(crate) phase: Phase,
    pub(crate) started: Timestamp,
    pub(crate) running: Option<Timestamp>,
    pub(crate) notices: Vec<String>,
    /// Control groups that were made for the run.
    pub(crate) cgroups: Vec<PathBuf>,
    pub(crate) sandbox: Option<Sandbox>,
    /// Volumes that a container engine made for the run.
    pub(crate) volumes: Vec<String>,
    /// How long the image was pulled.
    pub(crate) pull_ms: Option<u64>,
}

/// Process 1 of the run, as seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sandbox {
    pub(crate) pid: i32,
    /// When it started, in the kernel's ticks: tells it from a later process with the same number.
    pub(crate) start_ticks: u64,
}

/// `stop.json`: somebody asked the run to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopRecord {
    pub(crate) asked: Timestamp,
    pub(crate) reason: String,
}

/// `ending.json`: how the run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndingRecord {
    pub(crate) ended: Timestamp,
    pub(crate) ending: Ending,
    pub(crate) timings: Timings,
    pub(crate) notices: Vec<String>,
}
