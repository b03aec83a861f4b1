//! `DescribeTasks` and `ListTasks`: what is told, which may be a little old.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Cluster, STALE, Scene, Task, check_cluster, read, shape};
use crate::reply::Fault;

/// Most tasks in one call, and on one page.
const MAX_TASKS: usize = 100;

#[derive(Deserialize)]
struct DescribeInput {
    cluster: Option<String>,
    tasks: Vec<String>,
    #[serde(default)]
    include: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListInput {
    cluster: Option<String>,
    desired_status: Option<String>,
    started_by: Option<String>,
    family: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

impl Cluster {
    /// `DescribeTasks`.
    pub(crate) fn describe(&self, body: &[u8], scene: &mut Scene<'_>) -> Result<Value, Fault> {
        let input: DescribeInput = read(body)?;
        check_cluster(input.cluster.as_deref(), scene.world)?;
        if input.tasks.is_empty() || input.tasks.len() > MAX_TASKS {
            return Err(Fault::client(
                "InvalidParameterException",
                format!("Tasks: between 1 and {MAX_TASKS} tasks are described in one call"),
            ));
        }
        let tags = input.include.iter().any(|what| what == "TAGS");
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        for name in &input.tasks {
            let seen_at = seen_at(scene);
            if let Some(task) = self.task(name).filter(|task| is_known(task, seen_at, scene.now)) {
                tasks.push(shape::task(task, scene.world, seen_at, tags));
            } else {
                let id = name.rsplit('/').next().unwrap_or_default();
                failures.push(json!({ "arn": scene.world.task_arn(id), "reason": "MISSING" }));
            }
        }
        Ok(json!({ "tasks": tasks, "failures": failures }))
    }

    /// `ListTasks`.
    pub(crate) fn list(&self, body: &[u8], scene: &mut Scene<'_>) -> Result<Value, Fault> {
        let input: ListInput = read(body)?;
        check_cluster(input.cluster.as_deref(), scene.world)?;
        let desired = input.desired_status.as_deref().unwrap_or("RUNNING");
        let size = input.max_results.unwrap_or(MAX_TASKS).min(MAX_TASKS);
        let first = match input.next_token.as_deref() {
            None => 0,
            Some(token) => token
                .strip_prefix("list/")
                .and_then(|place| place.parse::<usize>().ok())
                .ok_or_else(|| Fault::client("InvalidParameterException", "Invalid token"))?,
        };
        let seen_at = seen_at(scene);
        let fits = |task: &&Task| {
            let text = |key: &str| task.request.get(key).and_then(Value::as_str).unwrap_or_default();
            let family = text("taskDefinition").rsplit('/').next().unwrap_or_default();
            let family = family.split(':').next().unwrap_or_default();
            is_known(task, seen_at, scene.now)
                && shape::desired_status(task, seen_at) == desired
                && input
                    .started_by
                    .as_deref()
                    .is_none_or(|wanted| wanted == text("startedBy"))
                && input.family.as_deref().is_none_or(|wanted| wanted == family)
        };
        let mut places = self.tasks.iter().enumerate().skip(first).filter(|(_, task)| fits(task));
        let page: Vec<(usize, &Task)> = places.by_ref().take(size).collect();
        let arns: Vec<String> = page.iter().map(|(_, task)| scene.world.task_arn(&task.id)).collect();
        let mut answer = json!({ "taskArns": arns });
        if let (Some((next, _)), Some(object)) = (places.next(), answer.as_object_mut()) {
            object.insert("nextToken".to_owned(), format!("list/{next}").into());
        }
        Ok(answer)
    }
}

fn is_known(task: &Task, seen_at: u64, now: u64) -> bool {
    task.known <= now && task.conditions.created <= seen_at && !task.is_forgotten(now)
}

/// An answer may tell what was true a moment ago.
fn seen_at(scene: &mut Scene<'_>) -> u64 {
    if scene.draw.chance(scene.faults.stale) {
        scene.now.saturating_sub(scene.draw.within(&STALE))
    } else {
        scene.now
    }
}
