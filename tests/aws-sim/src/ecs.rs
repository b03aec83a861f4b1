//! ECS: one cluster and its tasks.
//!
//! Responsible for: which calls are refused and how, idempotency, and what is told of a task. A task's life itself is [`crate::life`].

mod describe;
mod run;
mod shape;

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::Faults;
use crate::life::{Conditions, Life, Stop};
use crate::logs::{Store, deliver};
use crate::program::Command;
use crate::random::Draw;
use crate::reply::Fault;
use crate::world::World;

/// A stopped task is forgotten after this long, in milliseconds.
const REMEMBERED: u64 = 60 * 60 * 1_000;
/// A client token is kept for this long.
const TOKEN_LIFE: u64 = 24 * 60 * 60 * 1_000;
/// A task that is unknown at first is known after this long.
const UNKNOWN_FOR: std::ops::Range<u64> = 100..3_000;
/// A stale answer is this old at most.
const STALE: std::ops::Range<u64> = 50..2_000;

/// One task.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) number: u64,
    /// What was asked for.
    pub(crate) request: Value,
    pub(crate) token: Option<String>,
    /// From this moment on, `DescribeTasks` and `ListTasks` know it.
    pub(crate) known: u64,
    pub(crate) command: Option<Command>,
    pub(crate) conditions: Conditions,
    pub(crate) life: Life,
    /// For each log entry, when it can be read.
    pub(crate) readable: Vec<Option<u64>>,
}

/// The cluster's tasks.
#[derive(Debug, Default)]
pub(crate) struct Cluster {
    pub(crate) tasks: Vec<Task>,
    by_id: HashMap<String, usize>,
    tokens: HashMap<String, Tokened>,
}

/// What a client token belongs to.
#[derive(Debug)]
struct Tokened {
    task: usize,
    until: u64,
}

/// Everything that a call needs besides its body.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) world: &'a World,
    pub(crate) faults: &'a Faults,
    pub(crate) seed: u64,
    pub(crate) now: u64,
    /// The draws of this call.
    pub(crate) draw: Draw,
}

impl Task {
    fn is_forgotten(&self, now: u64) -> bool {
        self.life.stopped.is_some_and(|stopped| stopped + REMEMBERED <= now)
    }

    /// Plans the rest of its life and delivers its log anew.
    fn plan(&mut self, store: &mut Store, scene: &Scene<'_>) {
        self.life = Life::plan(self.command.as_ref(), &self.conditions);
        let delivery = deliver(&self.life, self.number, scene.seed, scene.faults);
        self.readable = delivery.readable;
        store.streams.insert(scene.world.stream_of(&self.id), delivery.stream);
    }
}

impl Cluster {
    /// By id or ARN.
    pub(crate) fn task(&self, name: &str) -> Option<&Task> {
        let id = name.rsplit('/').next().unwrap_or_default();
        self.by_id.get(id).and_then(|place| self.tasks.get(*place))
    }

    fn task_mut(&mut self, name: &str) -> Option<&mut Task> {
        let id = name.rsplit('/').next().unwrap_or_default();
        self.by_id.get(id).and_then(|place| self.tasks.get_mut(*place))
    }

    /// `StopTask`.
    pub(crate) fn stop(&mut self, store: &mut Store, body: &[u8], scene: &Scene<'_>) -> Result<Value, Fault> {
        let input: StopInput = read(body)?;
        check_cluster(input.cluster.as_deref(), scene.world)?;
        let now = scene.now;
        let task = self
            .task_mut(&input.task)
            .filter(|task| !task.is_forgotten(now))
            .ok_or_else(|| Fault::client("InvalidParameterException", "The referenced task was not found."))?;
        let ends = task.life.container_ended.or(task.life.stopped);
        if task.conditions.stop.is_none() && ends.is_none_or(|ends| now < ends) {
            task.conditions.stop = Some(Stop {
                at: now,
                reason: input.reason.unwrap_or_else(|| "Task stopped by user".to_owned()),
            });
            task.plan(store, scene);
        }
        Ok(json!({ "task": shape::task(task, scene.world, now, false) }))
    }
}

#[derive(Deserialize)]
struct StopInput {
    cluster: Option<String>,
    task: String,
    reason: Option<String>,
}

fn check_cluster(named: Option<&str>, world: &World) -> Result<(), Fault> {
    let named = named.unwrap_or("default");
    if named == world.cluster || named == world.cluster_arn() {
        Ok(())
    } else {
        Err(Fault::client("ClusterNotFoundException", "Cluster not found."))
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| Fault::client("SerializationException", error.to_string()))
}
