//! A caller without an SDK.

use std::sync::Arc;
use std::time::Duration;

use aws_sim::{Break, Sim};
use http::Request;
use serde_json::{Value, json};
use tokio::time::sleep;

/// A status and a body.
pub(crate) type Answer = Result<(u16, Value), Break>;

pub(crate) async fn call(sim: &Arc<Sim>, target: &str, body: Value) -> Answer {
    let request = Request::post("https://localhost/")
        .header("x-amz-target", target)
        .body(body.to_string().into_bytes())
        .unwrap();
    let response = sim.answer(request).await?;
    let status = response.status().as_u16();
    Ok((status, serde_json::from_slice(response.body()).unwrap()))
}

pub(crate) async fn ecs(sim: &Arc<Sim>, action: &str, body: Value) -> Answer {
    call(sim, &format!("AmazonEC2ContainerServiceV20141113.{action}"), body).await
}

pub(crate) async fn logs(sim: &Arc<Sim>, action: &str, body: Value) -> Answer {
    call(sim, &format!("Logs_20140328.{action}"), body).await
}

/// The good answer.
#[track_caller]
pub(crate) fn good(answer: Answer) -> Value {
    let (status, body) = answer.unwrap();
    assert_eq!(status, 200, "{body}");
    body
}

/// The code of a refusal.
#[track_caller]
pub(crate) fn refused(answer: Answer) -> String {
    let (status, body) = answer.unwrap();
    assert!(status >= 400, "{body}");
    body["__type"].as_str().unwrap().to_owned()
}

/// What `RunTask` is asked.
pub(crate) fn run(token: &str, script: &str) -> Value {
    let words: Vec<&str> = ["--timeout", "600", "--stop-timeout", "30", "--"]
        .into_iter()
        .chain(script.split(' '))
        .collect();
    json!({
        "cluster": "deploy-runner",
        "taskDefinition": "job:1",
        "clientToken": token,
        "launchType": "FARGATE",
        "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["subnet-0a"] } },
        "overrides": { "containerOverrides": [{ "name": "job", "command": words, "cpu": 1024, "memory": 2048 }] },
        "tags": [{ "key": "deploy-runner:script", "value": "print" }],
    })
}

/// Starts a task and answers its id.
pub(crate) async fn start(sim: &Arc<Sim>, token: &str, script: &str) -> String {
    let answer = good(ecs(sim, "RunTask", run(token, script)).await);
    let arn = answer["tasks"][0]["taskArn"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"));
    arn.rsplit('/').next().unwrap().to_owned()
}

pub(crate) async fn describe(sim: &Arc<Sim>, id: &str) -> Value {
    let body = json!({ "cluster": "deploy-runner", "tasks": [id], "include": ["TAGS"] });
    good(ecs(sim, "DescribeTasks", body).await)
}

pub(crate) fn stream(id: &str) -> String {
    format!("deploy-runner/job/{id}")
}

pub(crate) async fn page(sim: &Arc<Sim>, id: &str, token: Option<&str>) -> Answer {
    let mut body = json!({ "logGroupName": "/deploy-runner", "logStreamName": stream(id), "startFromHead": true });
    if let Some(token) = token {
        body["nextToken"] = token.into();
    }
    logs(sim, "GetLogEvents", body).await
}

pub(crate) fn messages(page: &Value) -> Vec<String> {
    let events = page["events"].as_array().unwrap();
    let text = |event: &Value| event["message"].as_str().unwrap().to_owned();
    events.iter().map(text).collect()
}

pub(crate) async fn seconds(count: u64) {
    sleep(Duration::from_secs(count)).await;
}
