//! The tags of a task: what was allowed, by which allow-list, and where the call came from. For people and for finding a run again; never
//! for a decision about what may run.

use ::engine::{Call, Permit};
use aws_sdk_ecs::types::Tag;
use gatekeeper::compiled::Entrypoint;

use crate::marks::{TAG_OUTPUT, TAG_REQUEST_DIGEST};
use crate::plain;

/// Longest value of a tag in characters (ECS API, `Tag`).
const MAX_VALUE_CHARS: usize = 256;

/// The tags of a permit's task. What a caller did not tell has no tag.
pub(super) fn of(permit: &Permit, call: &Call) -> Vec<Tag> {
    let origin = &call.origin;
    let output = match permit.entrypoint() {
        Entrypoint::DeployRunner => "framed",
        Entrypoint::Image => "raw",
    };
    let told = [
        (TAG_REQUEST_DIGEST, Some(permit.request_digest())),
        ("deploy-runner:allow-list-digest", Some(permit.allow_list_digest())),
        ("deploy-runner:container", Some(permit.container())),
        ("deploy-runner:script", Some(permit.script())),
        (TAG_OUTPUT, Some(output)),
        ("deploy-runner:ci", origin.ci.as_deref()),
        ("deploy-runner:repository", origin.repository.as_deref()),
        ("deploy-runner:pipeline-url", origin.pipeline_url.as_deref()),
        ("deploy-runner:commit", origin.commit.as_deref()),
        ("deploy-runner:actor", origin.actor.as_deref()),
    ];
    told.into_iter()
        .filter_map(|(key, value)| Some((key, fit(&plain::line(value?)))))
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// Only what ECS takes in a tag: letters, digits, spaces and `+ - = . _ : / @`. Everything else becomes an underscore.
fn fit(value: &str) -> String {
    let fits = |char: char| char.is_alphanumeric() || " +-=._:/@".contains(char);
    let value: String = value
        .chars()
        .map(|char| if fits(char) { char } else { '_' })
        .take(MAX_VALUE_CHARS)
        .collect();
    value.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_only_what_ecs_takes() {
        assert_eq!(fit("https://ci.example.com/job/1"), "https://ci.example.com/job/1");
        assert_eq!(
            fit("jo|e <joe@example.com>, \u{e9}\u{1f980}"),
            "jo_e _joe@example.com__ \u{e9}_"
        );
        assert_eq!(fit(&"x".repeat(300)).len(), 256);
        assert_eq!(fit("  "), "");
    }
}
