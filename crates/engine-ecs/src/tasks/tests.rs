use protocol::{OutputForm, Phase, RunId, Timings};
use serde_json::{Value, json};

use super::{ReadError, Task, Tasks};
use crate::testing::{Answer, Script, error, ok};

const CLUSTER: &str = "deploy";

fn run(number: u8) -> RunId {
    RunId::from_random([number; 16])
}

fn described(run: RunId, more: &Value) -> Value {
    let mut task = json!({
        "taskArn": format!("arn:aws:ecs:eu-west-1:123456789012:task/deploy/{run}"),
        "startedBy": "deploy-runner/0123",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
    });
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task
}

fn tasks(script: &Script) -> Tasks {
    Tasks::new(aws_sdk_ecs::Client::new(&script.sdk()), CLUSTER.to_owned())
}

async fn describe_one(more: Value) -> Option<Task> {
    let script = Script::new([ok(json!({"tasks": [described(run(1), &more)], "failures": []}))]);
    tasks(&script).describe(&[run(1)]).await.unwrap().pop().unwrap()
}

async fn refused(answers: impl IntoIterator<Item = Answer>) -> ReadError {
    tasks(&Script::new(answers))
        .describe(&[run(1)])
        .await
        .expect_err("must fail")
}

#[tokio::test]
async fn answers_come_in_the_order_of_the_questions_and_what_is_missing_is_none() {
    let missing =
        json!({"arn": format!("arn:aws:ecs:eu-west-1:123456789012:task/deploy/{}", run(2)), "reason": "MISSING"});
    let script = Script::new([ok(json!({
        "tasks": [described(run(3), &json!({})), described(run(1), &json!({}))],
        "failures": [missing],
    }))]);
    let answers = tasks(&script)
        .describe(&[run(1), run(2), run(3), run(1)])
        .await
        .unwrap();
    let runs: Vec<_> = answers.iter().map(|task| task.as_ref().map(|task| task.run)).collect();
    assert_eq!(runs, [Some(run(1)), None, Some(run(3)), Some(run(1))]);
    assert_eq!(script.actions(), ["DescribeTasks"]);
    assert_eq!(
        script.body(0),
        json!({"cluster": "deploy", "tasks": [run(1).to_string(), run(2).to_string(), run(3).to_string()], "include": ["TAGS"]})
    );
}

#[tokio::test]
async fn one_call_describes_at_most_a_hundred_tasks() {
    let script = Script::new([ok(json!({"tasks": []})), ok(json!({"tasks": []}))]);
    let runs: Vec<RunId> = (0..101).map(run).collect();
    assert_eq!(tasks(&script).describe(&runs).await.unwrap().len(), 101);
    let sizes = [0, 1].map(|call| script.body(call)["tasks"].as_array().unwrap().len());
    assert_eq!(sizes, [100, 1]);
}

#[tokio::test]
async fn a_task_that_somebody_else_started_does_not_exist() {
    assert_eq!(describe_one(json!({"startedBy": "ecs-svc/1234"})).await, None);
    assert_eq!(describe_one(json!({"startedBy": null})).await, None);
}

#[tokio::test]
async fn phases_follow_the_status_and_a_stop_shows_at_once() {
    for (last, desired, expected) in [
        ("PROVISIONING", "RUNNING", Phase::Queued),
        ("PENDING", "RUNNING", Phase::Starting),
        ("ACTIVATING", "RUNNING", Phase::Starting),
        ("RUNNING", "RUNNING", Phase::Running),
        ("PENDING", "STOPPED", Phase::Stopping),
        ("RUNNING", "STOPPED", Phase::Stopping),
        ("DEACTIVATING", "STOPPED", Phase::Stopping),
        ("STOPPING", "STOPPED", Phase::Stopping),
        ("DEPROVISIONING", "STOPPED", Phase::Stopping),
        ("STOPPED", "STOPPED", Phase::Stopping),
    ] {
        let task = describe_one(json!({"lastStatus": last, "desiredStatus": desired}))
            .await
            .unwrap();
        assert_eq!(task.phase, expected, "{last} {desired}");
        assert_eq!(task.over.is_some(), last == "STOPPED", "{last} {desired}");
    }
}

#[tokio::test]
async fn timings_are_the_differences_of_what_ecs_measured() {
    let task = describe_one(json!({
        "createdAt": 1000.0, "pullStartedAt": 1012.5, "pullStoppedAt": 1030.25, "startedAt": 1031.0,
        "stoppingAt": 1090.0, "executionStoppedAt": 1091.125, "stoppedAt": 1110.0,
    }))
    .await
    .unwrap();
    let expected = Timings {
        queued_ms: Some(12_500),
        pull_ms: Some(17_750),
        start_ms: Some(18_500),
        run_ms: Some(60_125),
        drain_ms: None,
    };
    assert_eq!(task.timings(), expected);
    assert_eq!(
        describe_one(json!({"createdAt": 1000.0})).await.unwrap().timings(),
        Timings::default()
    );
}

#[tokio::test]
async fn the_tags_say_what_the_log_holds() {
    let tagged = |value: &str| json!({"tags": [{"key": "deploy-runner:output", "value": value}]});
    assert_eq!(describe_one(tagged("raw")).await.unwrap().output, OutputForm::Raw);
    assert_eq!(describe_one(tagged("framed")).await.unwrap().output, OutputForm::Framed);
    assert_eq!(describe_one(json!({})).await.unwrap().output, OutputForm::Framed);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_told_apart() {
    let throttled = || error(400, "ThrottlingException", "Rate exceeded");
    assert_eq!(
        refused([throttled(), throttled(), throttled()]).await,
        ReadError::Throttled
    );
    let message = "User: arn:aws:sts::123456789012:assumed-role/gate/x is not authorized to perform: ecs:DescribeTasks on resource: arn:aws:ecs:eu-west-1:123456789012:task/deploy/x because no identity-based policy allows the ecs:DescribeTasks action";
    let denied = refused([error(400, "AccessDeniedException", message)]).await;
    assert_eq!(
        denied.to_string(),
        "the gate's role lacks the permission `ecs:DescribeTasks` on `arn:aws:ecs:eu-west-1:123456789012:task/deploy/x`: add it to the role of the function"
    );
    let lost = refused([error(400, "ClusterNotFoundException", "Cluster not found.")]).await;
    assert_eq!(
        lost.to_string(),
        "`ecs:DescribeTasks` on cluster `deploy` was refused: ClusterNotFoundException: Cluster not found."
    );
    let failure = refused([ok(json!({"tasks": [], "failures": [{"arn": "x", "reason": "BROKEN"}]}))]).await;
    assert!(failure.to_string().contains("failed for `x`: BROKEN"), "{failure}");
}

#[tokio::test]
async fn live_tasks_are_counted_over_all_pages() {
    let page = |count: usize, next: Value| ok(json!({"taskArns": vec!["x"; count], "nextToken": next}));
    let script = Script::new([page(100, json!("more")), page(20, Value::Null)]);
    assert_eq!(tasks(&script).live().await, Ok(120));
    assert_eq!(script.body(0), json!({"cluster": "deploy", "desiredStatus": "RUNNING"}));
    assert_eq!(script.body(1)["nextToken"], "more");
}
