//! What the account has before the first call: one cluster, its networks, its task definitions, one log group.

use std::collections::BTreeMap;

/// The account's number.
pub const ACCOUNT: &str = "123456789012";
/// The Region.
pub const REGION: &str = "us-west-2";

/// How a task definition's container for the job starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryPoint {
    /// Our runner, which writes frames.
    Runner,
    /// The image's own.
    Image,
}

/// One revision of a task definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDefinition {
    /// How the container `job` starts.
    pub entry_point: EntryPoint,
    /// Names of the containers beside `job`.
    pub sidecars: Vec<String>,
}

/// What the account has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The cluster's name.
    pub cluster: String,
    /// Subnets that exist.
    pub subnets: Vec<String>,
    /// Security groups that exist.
    pub security_groups: Vec<String>,
    /// Task definitions by `family:revision`.
    pub task_definitions: BTreeMap<String, TaskDefinition>,
    /// The log group.
    pub log_group: String,
    /// The prefix of its streams.
    pub log_stream_prefix: String,
}

impl Default for World {
    /// Cluster `deploy-runner`; task definitions `job:1` (our runner) and `raw:1` (an image of its own).
    fn default() -> Self {
        let definition = |name: &str, entry_point| {
            let definition = TaskDefinition {
                entry_point,
                sidecars: Vec::new(),
            };
            (name.to_owned(), definition)
        };
        Self {
            cluster: "deploy-runner".to_owned(),
            subnets: vec!["subnet-0a".to_owned(), "subnet-0b".to_owned()],
            security_groups: vec!["sg-0a".to_owned(), "sg-0b".to_owned()],
            task_definitions: BTreeMap::from([
                definition("job:1", EntryPoint::Runner),
                definition("raw:1", EntryPoint::Image),
            ]),
            log_group: "/deploy-runner".to_owned(),
            log_stream_prefix: "deploy-runner".to_owned(),
        }
    }
}

impl World {
    pub(crate) fn cluster_arn(&self) -> String {
        format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{}", self.cluster)
    }

    pub(crate) fn task_arn(&self, id: &str) -> String {
        format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task/{}/{id}", self.cluster)
    }

    pub(crate) fn task_definition_arn(name: &str) -> String {
        format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{name}")
    }

    pub(crate) fn stream_of(&self, id: &str) -> String {
        format!("{}/job/{id}", self.log_stream_prefix)
    }
}
