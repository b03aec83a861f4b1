//! A task as ECS writes it: timestamps in seconds with a fraction, the containers' cpu and memory as texts.

use serde_json::{Map, Value, json};

use super::Task;
use crate::world::World;

/// The task at a moment.
pub(super) fn task(task: &Task, world: &World, at: u64, tags: bool) -> Value {
    let text = |key: &str| task.request.get(key).and_then(Value::as_str);
    let definition = text("taskDefinition")
        .unwrap_or_default()
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let overrides = task.request.get("overrides").cloned().unwrap_or_else(|| json!({}));
    let size = |key: &str, default: &str| overrides.get(key).and_then(Value::as_str).unwrap_or(default).to_owned();
    let tags = task.request.get("tags").filter(|_| tags).cloned();
    let mut fields = Map::from_iter([
        field("taskArn", world.task_arn(&task.id)),
        field("clusterArn", world.cluster_arn()),
        field("taskDefinitionArn", World::task_definition_arn(definition)),
        field(
            "group",
            format!("family:{}", definition.split(':').next().unwrap_or_default()),
        ),
        field("availabilityZone", "us-west-2a"),
        field("attachments", json!([])),
        field("lastStatus", last_status(task, at)),
        field("desiredStatus", desired_status(task, at)),
        field("cpu", size("cpu", "1024")),
        field("memory", size("memory", "2048")),
        field("healthStatus", "UNKNOWN"),
        field("enableExecuteCommand", false),
        field("version", 1),
        field("containers", json!([container(task, world, at)])),
        field("tags", tags.unwrap_or_else(|| json!([]))),
    ]);
    fields.insert("overrides".to_owned(), overrides);
    fields.extend(placement(task));
    fields.extend(text("startedBy").map(|by| field("startedBy", by)));
    fields.extend(moments(task, at));
    Value::Object(fields)
}

fn field(name: &str, value: impl Into<Value>) -> (String, Value) {
    (name.to_owned(), value.into())
}

fn placement(task: &Task) -> Vec<(String, Value)> {
    let provider = task
        .request
        .pointer("/capacityProviderStrategy/0/capacityProvider")
        .and_then(Value::as_str);
    let Some(provider) = provider else {
        let asked = task.request.get("launchType").and_then(Value::as_str);
        return vec![field("launchType", asked.unwrap_or("EC2"))];
    };
    let launch_type = if provider.starts_with("FARGATE") {
        "FARGATE"
    } else {
        "EC2"
    };
    vec![
        field("launchType", launch_type),
        field("capacityProviderName", provider),
    ]
}

/// What has happened up to a moment.
fn moments(task: &Task, at: u64) -> Vec<(String, Value)> {
    let life = &task.life;
    let moments = [
        ("createdAt", Some(life.created)),
        ("pullStartedAt", life.pull_started),
        ("pullStoppedAt", life.pull_stopped),
        ("startedAt", life.started),
        ("stoppingAt", life.stopping),
        ("executionStoppedAt", life.container_ended.or(life.stopping)),
        ("stoppedAt", life.stopped),
    ];
    let past = moments.into_iter().filter_map(|(name, moment)| {
        let moment = moment.filter(|moment| *moment <= at)?;
        Some(field(name, seconds(moment)))
    });
    let mut told: Vec<_> = past.collect();
    if life.stopping.is_some_and(|stopping| stopping <= at) {
        told.push(field("stopCode", life.stop_code));
        told.push(field("stoppedReason", life.stopped_reason.as_str()));
    }
    told
}

fn container(task: &Task, world: &World, at: u64) -> Value {
    let ended = task
        .life
        .container_ended
        .or(task.life.stopped)
        .is_some_and(|ended| ended <= at);
    let running = task.life.started.is_some_and(|started| started <= at);
    let status = match (ended, running) {
        (true, _) => "STOPPED",
        (false, true) => "RUNNING",
        (false, false) => "PENDING",
    };
    let own = task.request.pointer("/overrides/containerOverrides/0");
    let size = |key: &str| {
        own.and_then(|own| own.get(key))
            .and_then(Value::as_u64)
            .unwrap_or_default()
    };
    let mut fields = json!({
        "containerArn": format!("{}/{}", world.task_arn(&task.id).replace(":task/", ":container/"), "00000000-0000-4000-8000-000000000001"),
        "taskArn": world.task_arn(&task.id),
        "name": "job",
        "image": "123456789012.dkr.ecr.us-west-2.amazonaws.com/terraform-runner:1",
        "lastStatus": status,
        "networkBindings": [],
        "networkInterfaces": [],
        "healthStatus": "UNKNOWN",
        "cpu": size("cpu").to_string(),
        "memory": size("memory").to_string(),
    });
    if let Some(object) = fields.as_object_mut().filter(|_| ended) {
        if let Some(code) = task.life.exit_code {
            object.insert("exitCode".to_owned(), code.into());
        }
        if let Some(reason) = task.life.container_reason {
            object.insert("reason".to_owned(), reason.into());
        }
    }
    fields
}

fn last_status(task: &Task, at: u64) -> &'static str {
    let life = &task.life;
    let passed = |moment: Option<u64>| moment.is_some_and(|moment| moment <= at);
    if passed(life.stopped) {
        "STOPPED"
    } else if passed(life.container_ended) || (life.container_ended.is_none() && passed(life.stopping)) {
        "DEPROVISIONING"
    } else if passed(life.started) {
        "RUNNING"
    } else if passed(life.pull_started) {
        "PENDING"
    } else {
        "PROVISIONING"
    }
}

pub(super) fn desired_status(task: &Task, at: u64) -> &'static str {
    if task.life.stopping.is_some_and(|stopping| stopping <= at) {
        "STOPPED"
    } else {
        "RUNNING"
    }
}

/// Seconds of Unix time with a fraction, as the JSON services write them.
fn seconds(milliseconds: u64) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a moment of this century in milliseconds fits a float exactly"
    )]
    let seconds = milliseconds as f64 / 1_000.0;
    seconds.into()
}
