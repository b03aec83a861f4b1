use std::collections::HashMap;

use super::*;

const TASK_DEFINITIONS_JSON: &str =
    r#"{"planner":"planner:3","applier":"arn:aws:ecs:eu-west-1:123456789012:task-definition/applier:12"}"#;

fn complete() -> HashMap<&'static str, &'static str> {
    HashMap::from([
        (CLUSTER, "deploy"),
        (SUBNETS, "subnet-1, subnet-2"),
        (SECURITY_GROUPS, "sg-1"),
        (TASK_DEFINITIONS, TASK_DEFINITIONS_JSON),
        (LOG_GROUP, "/deploy-runner/jobs"),
    ])
}

fn read(variables: &HashMap<&'static str, &'static str>) -> Result<Settings, SettingsError> {
    Settings::read(|name| variables.get(name).map(|value| (*value).to_owned()))
}

#[track_caller]
fn refused(name: &'static str, value: &'static str, expected: &str) {
    let mut variables = complete();
    variables.insert(name, value);
    let problems = read(&variables).expect_err("must be refused").problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].contains(name) && problems[0].contains(expected),
        "{problems:?}"
    );
}

#[test]
fn what_is_not_set_has_its_default() {
    let settings = read(&complete()).unwrap();
    assert_eq!(settings.network.subnets, ["subnet-1", "subnet-2"]);
    assert_eq!(settings.network.isolated_security_groups, None);
    assert!(!settings.network.assign_public_ip);
    assert_eq!(settings.logs.stream_prefix, "deploy-runner");
    assert_eq!(settings.ec2_capacity_provider, None);
    assert_eq!(settings.quotas.get_log_events.get(), 10);
    assert_eq!(settings.quotas.filter_log_events.get(), 5);
}

#[test]
fn everything_that_is_set_is_read() {
    let mut variables = complete();
    variables.extend([
        (ASSIGN_PUBLIC_IP, "true"),
        (LOG_STREAM_PREFIX, "runs"),
        (EC2_CAPACITY_PROVIDER, "builders"),
        (ISOLATED_SECURITY_GROUPS, "sg-8,sg-9"),
        (GET_LOG_EVENTS_PER_SECOND, "25"),
        (FILTER_LOG_EVENTS_PER_SECOND, "7"),
    ]);
    let settings = read(&variables).unwrap();
    assert!(settings.network.assign_public_ip);
    assert_eq!(
        settings.network.isolated_security_groups.as_deref(),
        Some(["sg-8".to_owned(), "sg-9".to_owned()].as_slice())
    );
    assert_eq!(settings.ec2_capacity_provider.as_deref(), Some("builders"));
    assert_eq!(settings.quotas.get_log_events.get(), 25);
    assert_eq!(settings.quotas.filter_log_events.get(), 7);
    let run = RunId::from_random([0xab; 16]);
    assert_eq!(settings.log_stream(run), format!("runs/job/{}", "ab".repeat(16)));
}

#[test]
fn every_problem_is_reported_in_one_go() {
    let variables = HashMap::from([
        (SUBNETS, "vpc-1"),
        (ASSIGN_PUBLIC_IP, "yes"),
        (TASK_DEFINITIONS, r#"{"planner":"planner"}"#),
        (GET_LOG_EVENTS_PER_SECOND, "0"),
        (LOG_GROUP, " "),
    ]);
    let error = read(&variables).expect_err("must be refused");
    assert_eq!(error.problems.len(), 7, "{error}");
    for name in [
        CLUSTER,
        SUBNETS,
        SECURITY_GROUPS,
        ASSIGN_PUBLIC_IP,
        TASK_DEFINITIONS,
        LOG_GROUP,
        GET_LOG_EVENTS_PER_SECOND,
    ] {
        assert!(error.to_string().contains(name), "{name}: {error}");
    }
}

#[test]
fn a_task_definition_without_a_revision_is_refused() {
    for text in [
        "planner",
        "planner:",
        "planner:0",
        "planner:latest",
        ":1",
        "a b:1",
        "arn:aws:ecs:x:1:cluster/planner:1",
    ] {
        assert!(text.parse::<TaskDefinition>().is_err(), "{text}");
    }
    refused(
        TASK_DEFINITIONS,
        r#"{"planner":"planner"}"#,
        "container `planner`: `planner` names no revision",
    );
    refused(TASK_DEFINITIONS, r#"["planner:1"]"#, "not a JSON object");
    refused(TASK_DEFINITIONS, r#"{"planner":1}"#, "not a JSON object");
}

#[test]
fn ids_and_their_number_are_checked() {
    refused(SECURITY_GROUPS, "subnet-1", "holds `subnet-1`");
    refused(SECURITY_GROUPS, "sg-1,sg-2,sg-3,sg-4,sg-5,sg-6", "at most 5");
    refused(ISOLATED_SECURITY_GROUPS, "isolated", "starts with `sg-`");
    refused(FILTER_LOG_EVENTS_PER_SECOND, "5.5", "whole number");
}

#[test]
fn containers_without_a_task_definition_are_named() {
    let settings = read(&complete()).unwrap();
    let missing = settings.without_task_definition(["planner", "builder", "applier", "ami"]);
    assert_eq!(missing, ["builder", "ami"]);
}
