use std::sync::Arc;

use engine::Engine as _;
use protocol::{IdempotencyKey, LaunchType, Origin};
use serde_json::{Value, json};

use super::*;
use crate::EcsEngine;
use crate::in_process::Break;
use crate::marks::STARTED_BY_PREFIX;
use crate::testing::{Answer, Script, error, ok, permit, settings};

/// Seconds since 1970 by the clock of the tests.
const NOW: i64 = 1_800_000_000;

fn run(number: u8) -> RunId {
    RunId::from_random([number; 16])
}

fn arn(run: RunId) -> String {
    format!("arn:aws:ecs:eu-west-1:123456789012:task/deploy/{run}")
}

fn started(run: RunId, created: i64) -> Answer {
    ok(json!({"tasks": [{"taskArn": arn(run), "createdAt": created}], "failures": []}))
}

fn described(run: RunId, digest: &str) -> Answer {
    ok(json!({"tasks": [{
        "taskArn": arn(run), "startedBy": "deploy-runner/0", "lastStatus": "RUNNING", "desiredStatus": "RUNNING",
        "tags": [{"key": "deploy-runner:request-digest", "value": digest}],
    }]}))
}

fn call() -> Call {
    Call {
        key: "key-1".parse::<IdempotencyKey>().unwrap(),
        origin: Origin {
            ci: Some("github-actions".to_owned()),
            pipeline_url: Some("https://ci.example.com/job/7?token=abc".to_owned()),
            actor: Some("joe|e".to_owned()),
            ..Origin::default()
        },
    }
}

async fn launch_with(script: &Script, settings: Settings, permit: Permit) -> Result<Launched, LaunchError> {
    let clock: Clock = Arc::new(|| Timestamp::from_second(NOW).unwrap());
    EcsEngine::new(&script.sdk(), settings, clock)
        .launch(permit, call())
        .await
}

async fn launch(answers: impl IntoIterator<Item = Answer>) -> Result<Launched, LaunchError> {
    launch_with(
        &Script::new(answers),
        settings(),
        permit("planner", "x", LaunchType::Fargate),
    )
    .await
}

async fn failed_to_start(answer: Answer) -> String {
    match launch([answer]).await {
        Err(LaunchError::FailedToStart { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

async fn request(container: &str, launch_type: LaunchType, settings: Settings) -> Value {
    let script = Script::new([started(run(1), NOW)]);
    launch_with(&script, settings, permit(container, "x", launch_type))
        .await
        .unwrap();
    script.body(0)
}

#[tokio::test]
async fn a_launch_says_exactly_what_the_permit_allows() {
    let permit = permit("planner", "hello", LaunchType::Fargate);
    let (request_digest, list_digest) = (
        permit.request_digest().to_owned(),
        permit.allow_list_digest().to_owned(),
    );
    let script = Script::new([started(run(1), NOW)]);
    let launched = launch_with(&script, settings(), permit).await.unwrap();
    assert_eq!((launched.run, launched.repeated), (run(1), false));
    assert_eq!(script.actions(), ["RunTask"]);
    let tag = |key: &str, value: &str| json!({"key": format!("deploy-runner:{key}"), "value": value});
    assert_eq!(
        script.body(0),
        json!({
            "cluster": "deploy",
            "taskDefinition": "planner:3",
            "count": 1,
            "launchType": "FARGATE",
            "clientToken": "key-1",
            "startedBy": request::started_by(&call().key),
            "enableECSManagedTags": false,
            "enableExecuteCommand": false,
            "networkConfiguration": {"awsvpcConfiguration": {
                "subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED",
            }},
            "overrides": {
                "cpu": "256",
                "memory": "512",
                "containerOverrides": [{"name": "job", "cpu": 256, "memory": 512, "command": [
                    "--timeout", "300", "--stop-timeout", "115", "--env", "TF_IN_AUTOMATION", "--secret", "GIT_TOKEN",
                    "--", "plan", "--note=hello",
                ]}],
            },
            "tags": [
                tag("request-digest", &request_digest),
                tag("allow-list-digest", &list_digest),
                tag("container", "planner"),
                tag("script", "plan"),
                tag("output", "framed"),
                tag("ci", "github-actions"),
                tag("pipeline-url", "https://ci.example.com/job/7__removed_"),
                tag("actor", "joe_e"),
            ],
        })
    );
}

#[test]
fn who_started_a_task_shows_nothing_of_the_key() {
    let started_by = request::started_by(&call().key);
    assert_eq!(started_by.len(), STARTED_BY_PREFIX.len() + 32);
    assert!(
        started_by.starts_with(STARTED_BY_PREFIX) && !started_by.contains("key-1"),
        "{started_by}"
    );
    assert!(
        started_by
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-/_".contains(&byte))
    );
}

#[tokio::test]
async fn a_raw_container_gets_the_script_as_its_command() {
    let body = request("raw", LaunchType::Fargate, settings()).await;
    assert_eq!(
        body["overrides"]["containerOverrides"][0]["command"],
        json!(["plan", "--note=x"])
    );
    let output = body["tags"]
        .as_array()
        .unwrap()
        .iter()
        .find(|tag| tag["key"] == "deploy-runner:output");
    assert_eq!(output.unwrap()["value"], "raw");
}

#[tokio::test]
async fn a_launch_type_is_a_launch_type_or_a_capacity_provider() {
    let body = request("planner", LaunchType::FargateSpot, settings()).await;
    assert_eq!(body["launchType"], Value::Null);
    assert_eq!(
        body["capacityProviderStrategy"],
        json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}])
    );
    let body = request("planner", LaunchType::Ec2, settings()).await;
    assert_eq!(body["launchType"], "EC2");
    let with_provider = Settings {
        ec2_capacity_provider: Some("builders".to_owned()),
        ..settings()
    };
    let body = request("planner", LaunchType::Ec2, with_provider).await;
    assert_eq!(body["launchType"], Value::Null);
    assert_eq!(
        body["capacityProviderStrategy"],
        json!([{"capacityProvider": "builders", "weight": 1, "base": 0}])
    );
}

#[tokio::test]
async fn a_container_without_a_network_gets_the_isolated_groups_or_nothing() {
    let mut isolated = settings();
    isolated.network.isolated_security_groups = Some(vec!["sg-9".to_owned()]);
    let body = request("isolated", LaunchType::Fargate, isolated).await;
    assert_eq!(
        body["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"],
        json!(["sg-9"])
    );
    let refused = launch_with(
        &Script::default(),
        settings(),
        permit("isolated", "x", LaunchType::Fargate),
    )
    .await;
    let error = refused.expect_err("refused").to_string();
    assert!(error.contains("DEPLOY_RUNNER_ISOLATED_SECURITY_GROUPS"), "{error}");
}

#[tokio::test]
async fn what_ecs_cannot_run_is_refused_before_the_call() {
    for (container, expected) in [
        ("unknown", "`unknown` has no task definition"),
        ("voluminous", "`voluminous` has volumes in the allow-list (`notes`)"),
    ] {
        let script = Script::default();
        match launch_with(&script, settings(), permit(container, "x", LaunchType::Fargate)).await {
            Err(LaunchError::FailedToStart { reason }) => assert!(reason.contains(expected), "{reason}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(script.actions(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_task_that_is_older_than_the_call_is_a_repetition() {
    assert!(launch([started(run(1), NOW - 1)]).await.unwrap().repeated);
    assert!(!launch([started(run(1), NOW + 1)]).await.unwrap().repeated);
}

#[tokio::test]
async fn an_answer_that_is_not_exactly_one_task_is_no_start() {
    let two = json!([{"taskArn": arn(run(1))}, {"taskArn": arn(run(2))}]);
    for answer in [
        json!({"tasks": [], "failures": []}),
        json!({"tasks": two, "failures": []}),
        json!({"tasks": [{"taskArn": arn(run(1))}], "failures": [{"reason": "AGENT"}]}),
        json!({"tasks": [{"taskArn": "arn:aws:ecs:eu-west-1:123456789012:task/deploy/short"}], "failures": []}),
    ] {
        let launched = launch([ok(answer.clone())]).await;
        assert!(
            matches!(launched, Err(LaunchError::Unavailable { .. })),
            "{answer}: {launched:?}"
        );
    }
}

#[tokio::test]
async fn failures_in_a_good_answer_are_lack_of_room_or_of_something_else() {
    let failure = |reason: &str| ok(json!({"tasks": [], "failures": [{"arn": "arn:x", "reason": reason}]}));
    for reason in [
        "RESOURCE:CPU",
        "RESOURCE:MEMORY",
        "RESOURCE:ENI",
        "RESOURCE:GPU",
        "AGENT",
        "EMPTY CAPACITY PROVIDER",
        "Capacity is unavailable at this time. Please try again later or in a different availability zone",
        "You've reached the limit on the number of vCPUs you can run concurrently",
    ] {
        let launched = launch([failure(reason)]).await;
        assert!(
            matches!(&launched, Err(LaunchError::NoCapacity { reason: said }) if said.contains(reason)),
            "{launched:?}"
        );
    }
    for reason in ["ATTRIBUTE", "LOCATION", "MISSING", "INACTIVE", "SOMETHING NEW"] {
        assert!(failed_to_start(failure(reason)).await.contains(reason));
    }
}

/// Code, text, and what a person reads.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "ClusterNotFoundException",
        "Cluster not found.",
        "ECS cluster `deploy` does not exist",
    ),
    (
        "AccessDeniedException",
        "User: arn:aws:sts::1:assumed-role/gate/x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/job because no identity-based policy allows the iam:PassRole action",
        "`iam:PassRole` on `arn:aws:iam::1:role/job`",
    ),
    (
        "ClientException",
        "TaskDefinition not found.",
        "task definition `planner:3` does not exist",
    ),
    (
        "ClientException",
        "TaskDefinition is inactive",
        "task definition `planner:3` is inactive",
    ),
    (
        "InvalidParameterException",
        "Error retrieving subnet information for [subnet-2]: The subnet ID 'subnet-2' does not exist",
        "(`subnet-2`): correct `DEPLOY_RUNNER_SUBNETS`",
    ),
    (
        "InvalidParameterException",
        "Error retrieving security group information for [sg-1]: The security group 'sg-1' does not exist",
        "(`sg-1`): correct `DEPLOY_RUNNER_SECURITY_GROUPS`",
    ),
    (
        "InvalidParameterException",
        "The specified capacity provider 'FARGATE_SPOT' was not found.",
        "associate it with the cluster",
    ),
    (
        "InvalidParameterException",
        "No Fargate configuration exists for given values.",
        "256 CPU units and 512 MiB",
    ),
    (
        "InvalidParameterException",
        "Override for container named job is not a container in the TaskDefinition.",
        "has no container named `job`",
    ),
    (
        "ClientException",
        "ECS was unable to assume the role 'arn:aws:iam::1:role/job' that was provided for this task.",
        "trust policy",
    ),
    (
        "InvalidParameterException",
        "Invalid tag value",
        "does not take the tags",
    ),
    ("PlatformUnknownException", "x", "platform version does not exist"),
    (
        "PlatformTaskDefinitionIncompatibilityException",
        "x",
        "`planner:3` needs what the Fargate platform does not have",
    ),
    ("BlockedException", "x", "AWS has blocked this account"),
    ("UnsupportedFeatureException", "x", "this Region does not support"),
    ("InvalidParameterException", "something new", "something new"),
];

#[tokio::test]
async fn exceptions_name_what_is_missing() {
    for (code, message, expected) in EXCEPTIONS {
        let reason = failed_to_start(error(400, code, message)).await;
        assert!(reason.contains(expected) && reason.contains(code), "{code}: {reason}");
    }
    for message in [
        "Capacity is unavailable at this time.",
        "No Container Instances were found in your cluster.",
    ] {
        let launched = launch([error(400, "InvalidParameterException", message)]).await;
        assert!(matches!(launched, Err(LaunchError::NoCapacity { .. })), "{launched:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_again_under_the_same_key() {
    for lost in [
        Err(Break::Reset),
        Err(Break::Silence),
        error(500, "ServerException", "x"),
        error(400, "ThrottlingException", "x"),
    ] {
        let script = Script::new([lost, started(run(1), NOW)]);
        let launched = launch_with(&script, settings(), permit("planner", "x", LaunchType::Fargate)).await;
        assert_eq!(launched.unwrap().run, run(1));
        assert_eq!(script.body(0), script.body(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_launch_that_stays_unanswered_is_unknown_within_its_time() {
    let before = tokio::time::Instant::now();
    for silent in [
        Err(Break::Silence),
        error(500, "ServerException", "x"),
        error(400, "ThrottlingException", "x"),
    ] {
        let launched = launch(std::iter::repeat_n(silent, 10)).await;
        match launched {
            Err(LaunchError::Unavailable { reason }) => assert!(reason.contains("same key"), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(
        before.elapsed() <= std::time::Duration::from_secs(61),
        "{:?}",
        before.elapsed()
    );
}

#[expect(clippy::unnecessary_wraps, reason = "other answers are breaks")]
fn conflict(runs: &[RunId]) -> Answer {
    let ids: Vec<String> = runs.iter().copied().map(arn).collect();
    Ok((
        400,
        json!({"__type": "ConflictException", "message": "x", "resourceIds": ids}),
    ))
}

#[tokio::test]
async fn a_key_that_the_same_request_used_finds_its_run() {
    let permit = permit("planner", "x", LaunchType::Fargate);
    let script = Script::new([conflict(&[run(7)]), described(run(7), permit.request_digest())]);
    let launched = launch_with(&script, settings(), permit).await.unwrap();
    assert_eq!((launched.run, launched.repeated), (run(7), true));
    assert_eq!(script.actions(), ["RunTask", "DescribeTasks"]);
}

#[tokio::test]
async fn a_key_of_another_request_is_a_conflict_that_names_its_run() {
    match launch([conflict(&[run(7)]), described(run(7), "another")]).await {
        Err(LaunchError::KeyConflict { run: taken }) => assert_eq!(taken, run(7)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_conflict_without_names_is_looked_up_by_who_started_the_task_and_nothing_else() {
    let permit = permit("planner", "x", LaunchType::Fargate);
    let script = Script::new([
        conflict(&[]),
        ok(json!({"taskArns": [arn(run(7))]})),
        described(run(7), permit.request_digest()),
    ]);
    assert_eq!(launch_with(&script, settings(), permit).await.unwrap().run, run(7));
    let started_by = request::started_by(&call().key);
    assert_eq!(script.body(1), json!({"cluster": "deploy", "startedBy": started_by}));
}

#[tokio::test(start_paused = true)]
async fn a_conflict_that_cannot_be_resolved_is_unknown() {
    let gone = || ok(json!({"tasks": [], "failures": []}));
    let launched = launch([conflict(&[run(7)]), gone(), gone(), gone(), gone()]).await;
    assert!(matches!(launched, Err(LaunchError::Unavailable { .. })), "{launched:?}");
}
