use engine::Engine as _;
use protocol::{RunId, StopOutcome};
use serde_json::{Value, json};

use super::*;
use crate::EcsEngine;
use crate::clock::system_clock;
use crate::testing::{Answer, Script, error, ok, settings};

const RUN: RunId = RunId::from_random([7; 16]);

fn described(last: &str, desired: &str) -> Answer {
    ok(json!({"tasks": [{
        "taskArn": format!("arn:aws:ecs:eu-west-1:123456789012:task/deploy/{RUN}"),
        "startedBy": "deploy-runner/0", "lastStatus": last, "desiredStatus": desired,
    }]}))
}

fn missing() -> Answer {
    ok(json!({"tasks": [], "failures": [{"arn": "x", "reason": "MISSING"}]}))
}

async fn stop(script: &Script, reason: &str) -> Result<StopOutcome, StopError> {
    EcsEngine::new(&script.sdk(), settings(), system_clock())
        .stop(RUN, reason)
        .await
}

#[tokio::test]
async fn a_live_task_is_asked_to_stop_and_told_by_whom() {
    let script = Script::new([described("RUNNING", "RUNNING"), ok(json!({}))]);
    assert_eq!(
        stop(&script, "somebody pressed Ctrl-C").await.unwrap(),
        StopOutcome::Stopping
    );
    let expected =
        json!({"cluster": "deploy", "task": RUN.to_string(), "reason": "deploy-runner: somebody pressed Ctrl-C"});
    assert_eq!(script.body(1), expected);
}

#[tokio::test]
async fn a_reason_fits_and_holds_nothing_that_gives_access() {
    for (reason, expected) in [
        ("", "deploy-runner: a caller asked for it".to_owned()),
        ("password=hunter2", "deploy-runner: password=[removed]".to_owned()),
        (&"x".repeat(300), format!("deploy-runner: {}…", "x".repeat(239))),
    ] {
        let script = Script::new([described("RUNNING", "RUNNING"), ok(json!({}))]);
        stop(&script, reason).await.unwrap();
        assert_eq!(script.body(1)["reason"], Value::from(expected));
    }
}

#[tokio::test]
async fn what_stops_or_is_over_is_left_alone() {
    let script = Script::new([described("RUNNING", "STOPPED")]);
    assert_eq!(stop(&script, "").await.unwrap(), StopOutcome::Stopping);
    let script = Script::new([described("STOPPED", "STOPPED")]);
    assert_eq!(stop(&script, "").await.unwrap(), StopOutcome::AlreadyEnded);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ecs_does_not_know_yet_is_looked_for_again() {
    let script = Script::new([
        missing(),
        missing(),
        described("PROVISIONING", "RUNNING"),
        ok(json!({})),
    ]);
    assert_eq!(stop(&script, "").await.unwrap(), StopOutcome::Stopping);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_task_is_not_found_within_two_seconds() {
    let before = tokio::time::Instant::now();
    let script = Script::new([missing(), missing(), missing(), missing()]);
    assert_eq!(stop(&script, "").await.unwrap(), StopOutcome::NotFound);
    assert!(
        before.elapsed() <= std::time::Duration::from_secs(2),
        "{:?}",
        before.elapsed()
    );
}

#[tokio::test]
async fn a_stop_that_is_refused_says_why() {
    let message = "User: x is not authorized to perform: ecs:StopTask on resource: arn:y";
    let script = Script::new([
        described("RUNNING", "RUNNING"),
        error(400, "AccessDeniedException", message),
    ]);
    let error = stop(&script, "").await.expect_err("refused").to_string();
    assert!(
        error.contains("may still be running") && error.contains("`ecs:StopTask` on `arn:y`"),
        "{error}"
    );
}
