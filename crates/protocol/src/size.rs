//! Sizes of a task, in the units of ECS task definitions.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where ECS places a task. The local engine records it and has one place only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LaunchType {
    /// On-demand Fargate.
    Fargate,
    /// Fargate Spot: cheaper, may be interrupted with two minutes' notice.
    FargateSpot,
    /// Container instances of the cluster.
    Ec2,
}

impl LaunchType {
    /// The name on the wire, in the allow-list and in AWS.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fargate => "FARGATE",
            Self::FargateSpot => "FARGATE_SPOT",
            Self::Ec2 => "EC2",
        }
    }
}

impl fmt::Display for LaunchType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What one run may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskSize {
    /// CPU units: 1024 are one virtual CPU.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
}
