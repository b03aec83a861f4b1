//! The permit: proof that the gate allowed a request, and all that an engine needs to run it.
//!
//! Only the gate makes one, an engine consumes it, and it can be neither copied nor read back from bytes.

use indexmap::IndexMap;
use protocol::{LaunchType, TaskSize};

use crate::compiled::{Capability, Entrypoint, Network, Repository, RootFilesystem};

/// A request that passed. The only thing an engine runs.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    pub(crate) container: String,
    pub(crate) image: String,
    pub(crate) entrypoint: Entrypoint,
    pub(crate) script: String,
    pub(crate) args: Vec<String>,
    pub(crate) environment: IndexMap<String, String>,
    pub(crate) secrets: IndexMap<String, String>,
    pub(crate) network: Network,
    pub(crate) volumes: IndexMap<String, String>,
    pub(crate) root_filesystem: RootFilesystem,
    pub(crate) capabilities: Vec<Capability>,
    pub(crate) repositories: Vec<Repository>,
    pub(crate) size: TaskSize,
    pub(crate) launch_type: LaunchType,
    pub(crate) timeout_seconds: u32,
    pub(crate) stop_timeout_seconds: u32,
    pub(crate) request_digest: String,
    pub(crate) allow_list_digest: String,
}

impl Permit {
    /// The container's name.
    pub fn container(&self) -> &str {
        &self.container
    }

    /// The name of the container's image.
    pub fn image(&self) -> &str {
        &self.image
    }

    /// What process 1 of the run is.
    pub const fn entrypoint(&self) -> Entrypoint {
        self.entrypoint
    }

    /// The script's name.
    pub fn script(&self) -> &str {
        &self.script
    }

    /// The canonical arguments: made by the gate, never the caller's own words.
    pub fn args(&self) -> &[String] {
        &self.args
    }

    /// Variables that the run gets.
    pub const fn environment(&self) -> &IndexMap<String, String> {
        &self.environment
    }

    /// Variable name to secret reference; the engine resolves it.
    pub const fn secrets(&self) -> &IndexMap<String, String> {
        &self.secrets
    }

    /// The network that the run may reach.
    pub const fn network(&self) -> Network {
        self.network
    }

    /// Volume name to mount point.
    pub const fn volumes(&self) -> &IndexMap<String, String> {
        &self.volumes
    }

    /// Whether the run may write the root file system.
    pub const fn root_filesystem(&self) -> RootFilesystem {
        self.root_filesystem
    }

    /// Capabilities that the run keeps.
    pub fn capabilities(&self) -> &[Capability] {
        &self.capabilities
    }

    /// The repositories that the canonical arguments name.
    pub fn repositories(&self) -> &[Repository] {
        &self.repositories
    }

    /// What the run may use.
    pub const fn size(&self) -> TaskSize {
        self.size
    }

    /// Where the run is placed.
    pub const fn launch_type(&self) -> LaunchType {
        self.launch_type
    }

    /// The run is stopped this many seconds after its start.
    pub const fn timeout_seconds(&self) -> u32 {
        self.timeout_seconds
    }

    /// A stopped run has this many seconds to clean up before it is killed.
    pub const fn stop_timeout_seconds(&self) -> u32 {
        self.stop_timeout_seconds
    }

    /// Digest of the request as the gate understood it, lower-case hexadecimal SHA-256.
    pub fn request_digest(&self) -> &str {
        &self.request_digest
    }

    /// Digest of the allow-list that allowed it, lower-case hexadecimal SHA-256.
    pub fn allow_list_digest(&self) -> &str {
        &self.allow_list_digest
    }
}
