//! `RunTask`: its checks, its idempotency and its lack of capacity.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Cluster, Scene, TOKEN_LIFE, Task, Tokened, UNKNOWN_FOR, check_cluster, read, shape};
use crate::life::{Conditions, Life};
use crate::logs::Store;
use crate::program::Command;
use crate::random::Draw;
use crate::reply::Fault;
use crate::world::{EntryPoint, TaskDefinition, World};

/// Longest overrides in characters, JSON included.
const MAX_OVERRIDES: usize = 8_192;
/// Longest client token.
const MAX_TOKEN: usize = 64;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    cluster: Option<String>,
    task_definition: String,
    client_token: Option<String>,
    count: Option<u32>,
    started_by: Option<String>,
    launch_type: Option<String>,
    #[serde(default)]
    overrides: Overrides,
    network_configuration: Option<Network>,
    #[serde(default)]
    tags: Vec<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Overrides {
    #[serde(default)]
    container_overrides: Vec<ContainerOverride>,
}

#[derive(Deserialize)]
struct ContainerOverride {
    name: Option<String>,
    #[serde(default)]
    command: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Network {
    awsvpc_configuration: Option<Awsvpc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Awsvpc {
    #[serde(default)]
    subnets: Vec<String>,
    #[serde(default)]
    security_groups: Vec<String>,
}

impl Cluster {
    /// `RunTask`.
    pub(crate) fn run(&mut self, store: &mut Store, body: &[u8], scene: &mut Scene<'_>) -> Result<Value, Fault> {
        let request: Value = read(body)?;
        let input: Input = read(body)?;
        check_cluster(input.cluster.as_deref(), scene.world)?;
        check_words(&input)?;
        let definition = definition(&input, scene.world)?;
        check_overrides(&input, &request, definition)?;
        check_network(&input, scene.world)?;
        if let Some(answer) = self.repeated(&input, &request, scene)? {
            return Ok(answer);
        }
        if scene.draw.chance(scene.faults.no_capacity) {
            return no_capacity(&mut scene.draw, scene.world);
        }
        let number = self.tasks.len() as u64;
        let mut draw = Draw::of(scene.seed, &[number, 0]);
        let id = format!("{:016x}{:016x}", draw.bits(), draw.bits());
        let known = if draw.chance(scene.faults.unknown_at_first) {
            scene.now + draw.within(&UNKNOWN_FOR)
        } else {
            scene.now
        };
        let words = input
            .overrides
            .container_overrides
            .iter()
            .find(|one| one.name.as_deref() == Some("job"));
        let words = words.map(|one| one.command.as_slice()).unwrap_or_default();
        let command = Command::read(words, definition.entry_point == EntryPoint::Image);
        let conditions = Conditions {
            created: scene.now,
            ec2: input.launch_type.as_deref() == Some("EC2"),
            draw,
            timing: scene.faults.timing.clone(),
            stop: None,
        };
        let mut task = Task {
            life: Life::plan(command.as_ref(), &conditions),
            id: id.clone(),
            number,
            request,
            token: input.client_token.clone(),
            known,
            command,
            conditions,
            readable: Vec::new(),
        };
        task.plan(store, scene);
        let shown = shape::task(&task, scene.world, scene.now, !input.tags.is_empty());
        let place = self.tasks.len();
        self.tasks.push(task);
        self.by_id.insert(id, place);
        if let Some(token) = input.client_token {
            let until = scene.now + TOKEN_LIFE;
            self.tokens.insert(token, Tokened { task: place, until });
        }
        Ok(json!({ "tasks": [shown], "failures": [] }))
    }

    /// What the same token started before.
    fn repeated(&self, input: &Input, request: &Value, scene: &Scene<'_>) -> Result<Option<Value>, Fault> {
        let token = input.client_token.as_deref().and_then(|token| self.tokens.get(token));
        let Some(task) = token
            .filter(|tokened| scene.now < tokened.until)
            .and_then(|tokened| self.tasks.get(tokened.task))
        else {
            return Ok(None);
        };
        if task.request == *request {
            let shown = shape::task(task, scene.world, scene.now, !input.tags.is_empty());
            return Ok(Some(json!({ "tasks": [shown], "failures": [] })));
        }
        let message = "The client token is already used with other parameters; see resourceIds for the existing tasks.";
        Err(Fault::client("ConflictException", message).with("resourceIds", json!([scene.world.task_arn(&task.id)])))
    }
}

fn check_words(input: &Input) -> Result<(), Fault> {
    let refused = |message: &str| Err(Fault::client("InvalidParameterException", message));
    if input.count.is_some_and(|count| count != 1) {
        return refused("this simulation starts one task a call");
    }
    let token_fits =
        |token: &String| (1..=MAX_TOKEN).contains(&token.len()) && token.bytes().all(|byte| (33..=126).contains(&byte));
    if !input.client_token.as_ref().is_none_or(token_fits) {
        return refused("clientToken must be 1 to 64 characters in the range of 33-126");
    }
    let started_by_fits = |text: &String| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-/_".contains(&byte);
        text.len() <= 128 && text.bytes().all(allowed)
    };
    if !input.started_by.as_ref().is_none_or(started_by_fits) {
        return refused("startedBy must be up to 128 letters, numbers, hyphens, forward slashes and underscores");
    }
    for tag in &input.tags {
        let length = |key: &str| {
            tag.get(key)
                .and_then(Value::as_str)
                .map_or(0, |text| text.chars().count())
        };
        let allowed = |char: char| char.is_alphanumeric() || char == ' ' || "+-=._:/@".contains(char);
        let text = |key: &str| {
            tag.get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .chars()
                .all(allowed)
        };
        if length("key") == 0 || length("key") > 128 || length("value") > 256 || !text("key") || !text("value") {
            return refused(
                "tags: keys of 1 to 128 and values of up to 256 characters: letters, numbers, spaces, and + - = . _ : / @",
            );
        }
    }
    if input.tags.len() > 50 {
        return refused("Tags can not exceed 50");
    }
    Ok(())
}

fn definition<'a>(input: &Input, world: &'a World) -> Result<&'a TaskDefinition, Fault> {
    let name = input.task_definition.rsplit('/').next().unwrap_or_default();
    world
        .task_definitions
        .get(name)
        .ok_or_else(|| Fault::client("ClientException", "TaskDefinition not found."))
}

fn check_overrides(input: &Input, request: &Value, definition: &TaskDefinition) -> Result<(), Fault> {
    let size = request
        .get("overrides")
        .map_or(0, |overrides| overrides.to_string().chars().count());
    if size > MAX_OVERRIDES {
        return Err(Fault::client(
            "InvalidParameterException",
            format!("Container Overrides length must be at most {MAX_OVERRIDES}"),
        ));
    }
    for container in &input.overrides.container_overrides {
        let name = container.name.as_deref().unwrap_or_default();
        if name != "job" && !definition.sidecars.iter().any(|sidecar| sidecar == name) {
            return Err(Fault::client(
                "InvalidParameterException",
                format!("Override for container named {name} is not a container in the TaskDefinition."),
            ));
        }
    }
    Ok(())
}

fn check_network(input: &Input, world: &World) -> Result<(), Fault> {
    let Some(network) = input
        .network_configuration
        .as_ref()
        .and_then(|network| network.awsvpc_configuration.as_ref())
    else {
        return Err(Fault::client(
            "InvalidParameterException",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ));
    };
    if let Some(subnet) = network.subnets.iter().find(|subnet| !world.subnets.contains(subnet)) {
        return Err(Fault::client(
            "InvalidParameterException",
            format!(
                "Error retrieving subnet information for [{subnet}]: The subnet ID '{subnet}' does not exist (ErrorCode: InvalidSubnetID.NotFound)"
            ),
        ));
    }
    if let Some(group) = network
        .security_groups
        .iter()
        .find(|group| !world.security_groups.contains(group))
    {
        return Err(Fault::client(
            "InvalidParameterException",
            format!(
                "Error retrieving security group information for [{group}]: The security group '{group}' does not exist (ErrorCode: InvalidGroup.NotFound)"
            ),
        ));
    }
    Ok(())
}

/// The three ways in which AWS says it.
fn no_capacity(draw: &mut Draw, world: &World) -> Result<Value, Fault> {
    let text = "Capacity is unavailable at this time. Please try again later or in a different availability zone";
    match draw.within(&(0..3)) {
        0 => {
            let failure = json!({ "arn": world.cluster_arn(), "reason": "RESOURCE:MEMORY", "detail": "no container instance has enough" });
            Ok(json!({ "tasks": [], "failures": [failure] }))
        }
        1 => Err(Fault::client("ClientException", text)),
        _ => Err(Fault::client("InvalidParameterException", text)),
    }
}
