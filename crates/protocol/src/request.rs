//! What a caller asks for.

use serde::{Deserialize, Serialize};

use crate::LaunchType;

/// One call of one script in one container. Untrusted until the gate has made a permit of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRequest {
    /// The container's name in the allow-list; absent asks for the allow-list's default container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The script's name in that container.
    pub script: String,
    /// The script's arguments, one word each, never joined.
    #[serde(default)]
    pub args: Vec<String>,
    /// Size and placement, where they differ from the container's own.
    #[serde(default)]
    pub task: TaskRequest,
}

/// Size and placement that a caller asks for. What is absent is the container's own value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskRequest {
    /// CPU units (1024 are one virtual CPU).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// Memory in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u32>,
    /// Where to place the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch_type: Option<LaunchType>,
    /// The caller waits no longer than this, in seconds. The run's deadline is the smaller of this and the container's timeout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_wait_seconds: Option<u32>,
}

/// Where a call came from, as the caller tells it: for people who read the audit log, never for a decision.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The CI system, such as `github-actions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci: Option<String>,
    /// The repository whose pipeline calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Address of the pipeline or job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_url: Option<String>,
    /// Commit that the pipeline runs for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Who started the pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}
