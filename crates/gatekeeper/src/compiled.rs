//! The compiled allow-list: what the one YAML reader makes of the file, with every default applied and every name checked.
//!
//! The gate enforces this form and Terraform reads it. Its bytes are canonical: the same allow-list always gives the same
//! bytes, and their SHA-256 is the allow-list's digest. Responsible for the shape only; never decides, never reads YAML.

mod privilege;

use indexmap::IndexMap;
use protocol::LaunchType;
use serde::{Deserialize, Serialize};

pub use privilege::{Capability, RootFilesystem};

/// The format that this build writes and reads.
pub const FORMAT: u32 = 1;

/// A whole allow-list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compiled {
    /// Always [`FORMAT`].
    pub format: u32,
    /// Repositories by alias.
    pub repositories: IndexMap<String, Repository>,
    /// Names of the persistent volumes that containers may mount.
    pub volumes: IndexMap<String, Volume>,
    /// The container that a request without one gets.
    pub default_container: Option<String>,
    /// Containers by name; at least one.
    pub containers: IndexMap<String, Container>,
}

/// A repository that callers name by its alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// `https://`, `ssh://` or `file:///` address.
    pub url: String,
    /// Full ref names whose history counts as reviewed.
    pub protected_refs: Vec<String>,
}

/// A named directory that outlives runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// What it is for.
    pub description: String,
}

/// A job environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// What it is for.
    pub description: String,
    /// Name of the image.
    pub image: String,
    /// What process 1 of a run is.
    pub entrypoint: Entrypoint,
    /// Variables that every run gets.
    pub environment: IndexMap<String, String>,
    /// Variable name to secret; the engine resolves it, the gate never sees a value.
    pub secrets: IndexMap<String, String>,
    /// Network that a run may reach.
    pub network: Network,
    /// Volume name to mount point.
    pub volumes: IndexMap<String, String>,
    /// Whether runs may write the root file system. Absent when they may not, so that an allow-list that does not say it keeps its digest.
    #[serde(default, skip_serializing_if = "RootFilesystem::is_read_only")]
    pub root_filesystem: RootFilesystem,
    /// Capabilities that runs keep. Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
    /// Size, ceilings and limits.
    pub task: Task,
    /// Scripts by name; at least one.
    pub scripts: IndexMap<String, Script>,
}

/// What process 1 of a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entrypoint {
    /// The runner: it keeps the deadline next to the job, masks secrets and proves that the output is whole.
    DeployRunner,
    /// The image's own. It gets the script's name and the arguments as its words; its output is passed on as it comes.
    Image,
}

/// The network of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// No network at all.
    None,
    /// The network of the place where it runs: the host's on one machine, the task's own interface on AWS.
    Host,
}

/// Size, ceilings and limits of a container's runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// CPU units by default (1024 are one virtual CPU).
    pub cpu: u32,
    /// Memory by default, in MiB.
    pub memory: u32,
    /// Most CPU units that a caller may ask for.
    pub max_cpu: u32,
    /// Most memory that a caller may ask for, in MiB.
    pub max_memory: u32,
    /// Launch types that a caller may choose; the first is the default; at least one.
    pub launch_types: Vec<LaunchType>,
    /// A run is stopped after this many seconds.
    pub timeout_seconds: u32,
    /// A stopped run has this many seconds to clean up (120 at most on Fargate).
    pub stop_timeout_seconds: u32,
}

/// A program inside a container that may be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What it does.
    pub description: String,
    /// How canonical arguments are written for it.
    pub parameter_style: ParameterStyle,
    /// Options that are always passed, with each of their values; no value means a flag. A caller may never name them.
    pub fixed_options: IndexMap<String, Vec<String>>,
    /// Positionals that are always passed, before the caller's.
    pub fixed_positionals: Vec<String>,
    /// Options that a caller may give, by name.
    pub options: IndexMap<String, OptionRule>,
    /// Positionals that a caller may give, in order.
    pub positionals: Vec<PositionalRule>,
}

/// How canonical arguments are written for a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterStyle {
    /// How an option and its value are written.
    pub values: ValueStyle,
    /// Write `--` before the first positional.
    pub end_of_options: bool,
}

/// How an option and its value are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueStyle {
    /// One word, `--name=value`.
    Equals,
    /// Two words, `--name value`.
    Separate,
}

/// One option that a caller may give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionRule {
    /// What it does.
    pub description: String,
    /// Must be given.
    pub required: bool,
    /// May be given this often; 1 unless it is repeatable.
    pub max_repeats: u32,
    /// May be given without a value (`--name`); a value then needs `=` (`--name=value`).
    pub value_optional: bool,
    /// The value that is passed when the caller gives none; checked against the type when compiled.
    pub default: Option<String>,
    /// What its value may be.
    #[serde(rename = "type")]
    pub value: ValueType,
}

/// One positional that a caller may give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionalRule {
    /// Its name in help texts.
    pub name: String,
    /// What it means.
    pub description: String,
    /// Must be given.
    pub required: bool,
    /// May be given this often; more than 1 only for the last.
    pub max_repeats: u32,
    /// What it may be. Never a flag.
    #[serde(rename = "type")]
    pub value: ValueType,
}

/// What a value may be. Every type refuses control characters, NUL, text that is not NFC and, unless it says otherwise, a leading dash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ValueType {
    /// Takes no value.
    Flag,
    /// Exactly one of these words.
    Choice {
        /// The words; at least one.
        one_of: Vec<String>,
    },
    /// A full git object id: 40 or 64 lower-case hexadecimal digits.
    Commit,
    /// A full git ref name, such as `refs/heads/main`.
    Ref,
    /// An alias of a repository; re-emitted as its URL.
    Repository {
        /// The aliases; at least one.
        one_of: Vec<String>,
        /// Option that carries each of the repository's protected refs to the script.
        protected_refs_as: Option<String>,
    },
    /// A relative, normalised path with `/` between its parts and without `..`.
    Path {
        /// Globs of which one must match the whole path; empty for any path. `*` stays within a part, `**` crosses parts.
        within: Vec<String>,
        /// `.` (the checkout itself) is accepted too.
        allow_root: bool,
    },
    /// A decimal integer without leading zeros or a plus sign.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// Text that a pattern describes.
    Text(TextRule),
    /// `key=value` with a declared key.
    KeyValue {
        /// The keys; at least one.
        keys: Vec<String>,
        /// What the value may be.
        value: TextRule,
    },
}

/// Text that a pattern describes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextRule {
    /// Regular expression that must match the whole value; absent for any text that is otherwise safe.
    pub pattern: Option<String>,
    /// Most characters.
    pub max_length: u32,
    /// The empty text is accepted.
    pub allow_empty: bool,
    /// A leading dash is accepted.
    pub allow_leading_dash: bool,
}
