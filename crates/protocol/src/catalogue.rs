//! What may be asked for: the answer to `describe`. It shows no secret, no role and no address.

use serde::{Deserialize, Serialize};

use crate::{LaunchType, TaskSize};

/// Everything that the allow-list allows, in its own order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Digest of the allow-list, as lower-case hexadecimal SHA-256.
    pub allow_list_digest: String,
    /// The container that a request without one gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_container: Option<String>,
    /// The containers.
    pub containers: Vec<ContainerEntry>,
}

/// One container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContainerEntry {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The size a run gets unless its caller asks for another.
    pub size: TaskSize,
    /// The largest size a caller may ask for.
    pub max_size: TaskSize,
    /// The launch types a caller may choose; the first is the default.
    pub launch_types: Vec<LaunchType>,
    /// A run is stopped after this many seconds.
    pub timeout_seconds: u32,
    /// Its scripts.
    pub scripts: Vec<ScriptEntry>,
}

/// One script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptEntry {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The options that a caller may give.
    pub options: Vec<OptionEntry>,
    /// The positionals that a caller may give, in order.
    pub positionals: Vec<PositionalEntry>,
}

/// One option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionEntry {
    /// Its name, with the dashes.
    pub name: String,
    /// What it does; empty when the allow-list does not say.
    pub description: String,
    /// Its type's name, such as `choice`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What is accepted, in one line, such as `one of: plan, validate`.
    pub accepts: String,
    /// Must be given.
    pub required: bool,
    /// How often it may be given.
    pub max_repeats: u32,
    /// The value when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// One positional.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionalEntry {
    /// Its name in help texts.
    pub name: String,
    /// What it means; empty when the allow-list does not say.
    pub description: String,
    /// Its type's name.
    #[serde(rename = "type")]
    pub kind: String,
    /// What is accepted, in one line.
    pub accepts: String,
    /// Must be given.
    pub required: bool,
    /// How often it may be given; only the last positional may be given more than once.
    pub max_repeats: u32,
}
