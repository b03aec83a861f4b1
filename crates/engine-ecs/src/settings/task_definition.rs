//! A task definition, pinned to one revision. Never the latest one of a family: what runs must not change without a deploy of the gate.

use std::fmt;
use std::str::FromStr;

/// `family:revision`, or the ARN that ends so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDefinition(String);

/// A text that names no pinned task definition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no revision of a task definition: expected `family:revision` or an ARN that ends so")]
pub struct TaskDefinitionError(String);

impl TaskDefinition {
    /// As ECS takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TaskDefinition {
    type Err = TaskDefinitionError;

    fn from_str(text: &str) -> Result<Self, TaskDefinitionError> {
        let name = if text.starts_with("arn:") {
            text.split_once(":task-definition/").map(|(_, name)| name)
        } else {
            Some(text)
        };
        let pinned = name
            .and_then(|name| name.split_once(':'))
            .is_some_and(|(family, revision)| {
                is_family(family) && revision.parse::<u32>().is_ok_and(|number| number > 0)
            });
        if pinned {
            Ok(Self(text.to_owned()))
        } else {
            Err(TaskDefinitionError(text.chars().take(200).collect()))
        }
    }
}

/// As ECS allows it: up to 255 letters, digits, underscores and hyphens.
fn is_family(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}
