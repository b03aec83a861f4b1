//! What the engine is told about its place: cluster, network, task definitions, logs. Never reads an environment itself, and never half
//! believes one: all problems are reported together, and with one problem there are no settings.

mod task_definition;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use protocol::RunId;

pub use task_definition::TaskDefinition;

/// The container of a task that runs the job. Sidecars have other names.
pub(crate) const JOB_CONTAINER: &str = "job";

const CLUSTER: &str = "DEPLOY_RUNNER_CLUSTER";
const SUBNETS: &str = "DEPLOY_RUNNER_SUBNETS";
const SECURITY_GROUPS: &str = "DEPLOY_RUNNER_SECURITY_GROUPS";
const ASSIGN_PUBLIC_IP: &str = "DEPLOY_RUNNER_ASSIGN_PUBLIC_IP";
const TASK_DEFINITIONS: &str = "DEPLOY_RUNNER_TASK_DEFINITIONS";
const LOG_GROUP: &str = "DEPLOY_RUNNER_LOG_GROUP";
const LOG_STREAM_PREFIX: &str = "DEPLOY_RUNNER_LOG_STREAM_PREFIX";
const EC2_CAPACITY_PROVIDER: &str = "DEPLOY_RUNNER_EC2_CAPACITY_PROVIDER";
const ISOLATED_SECURITY_GROUPS: &str = "DEPLOY_RUNNER_ISOLATED_SECURITY_GROUPS";
const GET_LOG_EVENTS_PER_SECOND: &str = "DEPLOY_RUNNER_GET_LOG_EVENTS_PER_SECOND";
const FILTER_LOG_EVENTS_PER_SECOND: &str = "DEPLOY_RUNNER_FILTER_LOG_EVENTS_PER_SECOND";

const DEFAULT_LOG_STREAM_PREFIX: &str = "deploy-runner";
/// What many Regions allow an account (`CloudWatch` Logs quotas); some allow 25.
const DEFAULT_GET_LOG_EVENTS_PER_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
/// The least that a Region allows an account (`CloudWatch` Logs quotas).
const DEFAULT_FILTER_LOG_EVENTS_PER_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);
/// An `awsvpc` configuration takes this many subnets (ECS API, `AwsVpcConfiguration`).
const MAX_SUBNETS: usize = 16;
/// An `awsvpc` configuration takes this many security groups (ECS API, `AwsVpcConfiguration`).
const MAX_SECURITY_GROUPS: usize = 5;

/// Everything that the engine knows about its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Name or ARN of the cluster.
    pub cluster: String,
    /// The network of the tasks.
    pub network: TaskNetwork,
    /// Container of the allow-list to its pinned task definition.
    pub task_definitions: BTreeMap<String, TaskDefinition>,
    /// Where the tasks write.
    pub logs: LogPlace,
    /// Where `EC2` tasks are placed; without it they get the launch type `EC2`.
    pub ec2_capacity_provider: Option<String>,
    /// How often the log may be read.
    pub quotas: LogQuotas,
}

/// The `awsvpc` configuration of the tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskNetwork {
    /// Ids of subnets, 1 to 16.
    pub subnets: Vec<String>,
    /// Ids of security groups, 1 to 5.
    pub security_groups: Vec<String>,
    /// The security groups of containers that the allow-list gives no network. Absent: such containers are refused.
    pub isolated_security_groups: Option<Vec<String>>,
    /// Tasks get a public address.
    pub assign_public_ip: bool,
}

/// Where the tasks write their logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPlace {
    /// Name of the log group.
    pub group: String,
    /// The `awslogs-stream-prefix` of every task definition.
    pub stream_prefix: String,
}

/// The account's quotas as far as this engine may use them, in requests a second for the whole account and Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogQuotas {
    /// `GetLogEvents`.
    pub get_log_events: NonZeroU32,
    /// `FilterLogEvents`.
    pub filter_log_events: NonZeroU32,
}

/// Everything that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError {
    /// One line for each problem, each naming the variable.
    pub problems: Vec<String>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings cannot be used: {}", self.problems.join("; "))
    }
}

impl Settings {
    /// Reads the settings from variables. An empty variable is an absent one.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = Reader {
            variable,
            problems: Vec::new(),
        };
        let settings = Self {
            cluster: reader.required(CLUSTER, "the name or ARN of the ECS cluster"),
            network: TaskNetwork {
                subnets: reader.ids(SUBNETS, "subnet-", MAX_SUBNETS, true),
                security_groups: reader.ids(SECURITY_GROUPS, "sg-", MAX_SECURITY_GROUPS, true),
                isolated_security_groups: Some(reader.ids(ISOLATED_SECURITY_GROUPS, "sg-", MAX_SECURITY_GROUPS, false))
                    .filter(|groups| !groups.is_empty()),
                assign_public_ip: reader.flag(ASSIGN_PUBLIC_IP),
            },
            task_definitions: reader.task_definitions(),
            logs: LogPlace {
                group: reader.required(LOG_GROUP, "the name of the log group"),
                stream_prefix: reader
                    .text(LOG_STREAM_PREFIX)
                    .unwrap_or_else(|| DEFAULT_LOG_STREAM_PREFIX.to_owned()),
            },
            ec2_capacity_provider: reader.text(EC2_CAPACITY_PROVIDER),
            quotas: LogQuotas {
                get_log_events: reader.rate(GET_LOG_EVENTS_PER_SECOND, DEFAULT_GET_LOG_EVENTS_PER_SECOND),
                filter_log_events: reader.rate(FILTER_LOG_EVENTS_PER_SECOND, DEFAULT_FILTER_LOG_EVENTS_PER_SECOND),
            },
        };
        if reader.problems.is_empty() {
            Ok(settings)
        } else {
            Err(SettingsError {
                problems: reader.problems,
            })
        }
    }

    /// Those of the containers that have no task definition, in the order of the question. A launch of one of them fails to start.
    pub fn without_task_definition<'a>(&self, containers: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        containers
            .into_iter()
            .filter(|container| !self.task_definitions.contains_key(*container))
            .collect()
    }

    /// The log stream of a run: known from its id alone, because the prefix and the container's name never change.
    pub fn log_stream(&self, run: RunId) -> String {
        format!("{}/{JOB_CONTAINER}/{run}", self.logs.stream_prefix)
    }
}

/// Reads variables and collects what is wrong with them. What could not be read gets an empty value, and never leaves [`Settings::read`].
struct Reader<Variable> {
    variable: Variable,
    problems: Vec<String>,
}

impl<Variable: Fn(&str) -> Option<String>> Reader<Variable> {
    fn text(&self, name: &str) -> Option<String> {
        (self.variable)(name)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    fn required(&mut self, name: &str, what: &str) -> String {
        self.text(name).unwrap_or_else(|| {
            self.problems
                .push(format!("`{name}` is missing: it must be set to {what}"));
            String::new()
        })
    }

    fn ids(&mut self, name: &str, prefix: &str, most: usize, required: bool) -> Vec<String> {
        let text = if required {
            self.required(name, &format!("ids (`{prefix}…`), separated by commas"))
        } else {
            self.text(name).unwrap_or_default()
        };
        let ids: Vec<String> = text
            .split(',')
            .map(str::trim)
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect();
        for id in ids.iter().filter(|id| !id.starts_with(prefix)) {
            self.problems.push(format!(
                "`{name}` holds `{id}`: expected an id that starts with `{prefix}`"
            ));
        }
        if ids.len() > most {
            self.problems
                .push(format!("`{name}` holds {} ids: ECS takes at most {most}", ids.len()));
        }
        ids
    }

    fn flag(&mut self, name: &str) -> bool {
        match self.text(name).as_deref() {
            Some("true") => true,
            None | Some("false") => false,
            Some(other) => {
                self.problems
                    .push(format!("`{name}` is `{other}`: expected `true` or `false`"));
                false
            }
        }
    }

    fn rate(&mut self, name: &str, default: NonZeroU32) -> NonZeroU32 {
        let Some(text) = self.text(name) else {
            return default;
        };
        text.parse().unwrap_or_else(|_not_a_rate| {
            self.problems.push(format!(
                "`{name}` is `{text}`: expected a whole number of requests a second, 1 or more"
            ));
            default
        })
    }

    fn task_definitions(&mut self) -> BTreeMap<String, TaskDefinition> {
        let text = self.required(
            TASK_DEFINITIONS,
            "a JSON object: container of the allow-list to `family:revision`",
        );
        if text.is_empty() {
            return BTreeMap::new();
        }
        let read: BTreeMap<String, String> = match serde_json::from_str(&text) {
            Ok(read) => read,
            Err(error) => {
                self.problems.push(format!(
                    "`{TASK_DEFINITIONS}` is not a JSON object of texts ({error}): expected container of the allow-list to `family:revision`"
                ));
                return BTreeMap::new();
            }
        };
        read.into_iter()
            .filter_map(|(container, text)| match text.parse() {
                Ok(task_definition) => Some((container, task_definition)),
                Err(error) => {
                    self.problems
                        .push(format!("`{TASK_DEFINITIONS}`, container `{container}`: {error}"));
                    None
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
