//! What ECS says when it does not start a task, in plain words with what to do. Nothing runs in any of these cases.

use ::engine::{LaunchError, Permit};
use aws_sdk_ecs::types::Failure;

use crate::denied::Denied;
use crate::plain;
use crate::settings::Settings;

/// Texts that mean: not now, perhaps later. ECS has them in exceptions and in failures.
const NO_ROOM: [&str; 9] = [
    "capacity is unavailable",
    "insufficient capacity",
    "no capacity",
    "not enough capacity",
    "reached the limit on the number of",
    "concurrent",
    "no container instances were found",
    "capacity provider has no",
    "too many tasks in provisioning",
];

/// A `failures` entry of an answer that is otherwise a success (ECS developer guide, API failure reasons).
pub(super) fn by_failure(failure: &Failure) -> LaunchError {
    let reason = failure.reason().unwrap_or_default();
    let place = failure.arn().map(|arn| format!(" on `{arn}`")).unwrap_or_default();
    let says = plain::line(&format!("{reason} {}", failure.detail().unwrap_or_default()));
    let what = match reason {
        "RESOURCE:CPU" => {
            "the cluster's container instances have not enough CPU free: add capacity, or ask for less with `--task-cpu`"
        }
        "RESOURCE:MEMORY" => {
            "the cluster's container instances have not enough memory free: add capacity, or ask for less with `--task-memory`"
        }
        "RESOURCE:ENI" => {
            "the cluster's container instances have no network interface free: add instances, or turn on ENI trunking"
        }
        _ if reason.starts_with("RESOURCE:") => {
            "the cluster's container instances have no room for the task: add capacity"
        }
        "AGENT" => "the ECS agent of a container instance is disconnected: look at the instance",
        "EMPTY CAPACITY PROVIDER" | "NO ACTIVE INSTANCES" => {
            "the cluster has no active container instances: add capacity"
        }
        _ if has_no_room(&says) => "there is no room for the task at this time",
        _ => {
            return LaunchError::FailedToStart {
                reason: match reason {
                    "ATTRIBUTE" => format!(
                        "no container instance has what the task definition needs{place} (ECS says: {says}): correct the task definition or the instances"
                    ),
                    "LOCATION" => format!(
                        "no container instance is in an availability zone of the subnets{place} (ECS says: {says}): correct `DEPLOY_RUNNER_SUBNETS`"
                    ),
                    "MISSING" | "INACTIVE" => {
                        format!("ECS did not find what it needs{place} (ECS says: {says}): correct the cluster")
                    }
                    _ => format!("ECS did not start the task{place} (ECS says: {says})"),
                },
            };
        }
    };
    LaunchError::NoCapacity {
        reason: plain::line(&format!("{what} (ECS says: {says}{place})")),
    }
}

/// An exception of `RunTask`, by its code and its text.
pub(super) fn by_exception(code: &str, message: &str, permit: &Permit, settings: &Settings) -> LaunchError {
    if has_no_room(message) {
        return LaunchError::NoCapacity {
            reason: format!("there is no room for the task at this time (ECS says: {message})"),
        };
    }
    let Some(definition) = settings.task_definitions.get(permit.container()) else {
        return failed(code, "", message);
    };
    let cluster = &settings.cluster;
    let what = match code {
        "AccessDeniedException" => {
            let Denied { action, resource } = Denied::read(
                message,
                "ecs:RunTask",
                &format!("task definition {definition} in cluster {cluster}"),
            );
            format!(
                "the gate's role lacks the permission `{action}` on `{resource}`: add it to the role of the function"
            )
        }
        "ClusterNotFoundException" => {
            format!(
                "the ECS cluster `{cluster}` does not exist in this account and Region: correct `DEPLOY_RUNNER_CLUSTER`"
            )
        }
        "PlatformUnknownException" => {
            "the Fargate platform version does not exist: correct the cluster's settings".to_owned()
        }
        "PlatformTaskDefinitionIncompatibilityException" => {
            format!(
                "the task definition `{definition}` needs what the Fargate platform does not have: correct the task definition"
            )
        }
        "BlockedException" => "AWS has blocked this account: ask AWS Support".to_owned(),
        "UnsupportedFeatureException" => {
            format!(
                "this Region does not support what the task definition `{definition}` needs: correct it, or use another Region"
            )
        }
        _ => by_text(message, permit, settings, definition.as_str()),
    };
    failed(code, &what, message)
}

/// `ClientException` and `InvalidParameterException` are for everything; only the text tells what.
fn by_text(message: &str, permit: &Permit, settings: &Settings, definition: &str) -> String {
    let lower = message.to_ascii_lowercase();
    let has = |word: &str| lower.contains(word);
    let named = |list: &[String]| {
        let named: Vec<&str> = list
            .iter()
            .map(String::as_str)
            .filter(|id| message.contains(id))
            .collect();
        let all: Vec<&str> = list.iter().map(String::as_str).collect();
        if named.is_empty() {
            all.join("`, `")
        } else {
            named.join("`, `")
        }
    };
    if has("taskdefinition") && has("inactive") {
        format!("the task definition `{definition}` is inactive: deploy the gate again with an active revision")
    } else if has("taskdefinition") && has("not found") || has("unable to describe task definition") {
        format!("the task definition `{definition}` does not exist: correct `DEPLOY_RUNNER_TASK_DEFINITIONS`")
    } else if has("security group") || has("securitygroup") {
        let groups = security_groups(settings);
        format!(
            "a security group cannot be used (`{}`): correct `DEPLOY_RUNNER_SECURITY_GROUPS`",
            named(&groups)
        )
    } else if has("subnet") {
        format!(
            "a subnet cannot be used (`{}`): correct `DEPLOY_RUNNER_SUBNETS`",
            named(&settings.network.subnets)
        )
    } else if has("capacity provider") || has("capacityprovider") {
        format!(
            "the cluster `{}` does not offer the capacity provider for `{}`: associate it with the cluster",
            settings.cluster,
            permit.launch_type()
        )
    } else if has("no fargate configuration exists") || has("cpu") && has("memory") && has("invalid") {
        format!(
            "ECS has no place of {} CPU units and {} MiB: ask for another size with `--task-cpu` and `--task-memory`",
            permit.size().cpu,
            permit.size().memory
        )
    } else if has("override for container") {
        format!("the task definition `{definition}` has no container named `job`: correct the task definition")
    } else if has("unable to assume") || has("role is not valid") || has("role") && has("assume") {
        format!("ECS may not assume a role of the task definition `{definition}`: correct the role's trust policy")
    } else if has("tag") {
        "ECS does not take the tags of the task: please report it".to_owned()
    } else if has("cluster not found") || has("cluster is inactive") {
        format!(
            "the ECS cluster `{}` does not exist or is inactive: correct `DEPLOY_RUNNER_CLUSTER`",
            settings.cluster
        )
    } else {
        format!("ECS does not take the launch of the task definition `{definition}`")
    }
}

fn security_groups(settings: &Settings) -> Vec<String> {
    let isolated = settings.network.isolated_security_groups.iter().flatten();
    settings
        .network
        .security_groups
        .iter()
        .chain(isolated)
        .cloned()
        .collect()
}

fn failed(code: &str, what: &str, message: &str) -> LaunchError {
    let what = if what.is_empty() {
        "ECS does not take the launch"
    } else {
        what
    };
    LaunchError::FailedToStart {
        reason: plain::shorten(&format!("{what} (ECS says: {code}: {message}"), plain::MAX_CHARS - 1) + ")",
    }
}

fn has_no_room(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    NO_ROOM.iter().any(|words| text.contains(words))
}
