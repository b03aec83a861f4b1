//! The words of one `RunTask`. Never sends it.

use ::engine::{Call, Permit};
use aws_sdk_ecs::Client;
use aws_sdk_ecs::error::BuildError;
use aws_sdk_ecs::operation::run_task::builders::RunTaskFluentBuilder;
use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, CapacityProviderStrategyItem, LaunchType, NetworkConfiguration, Tag,
    TaskOverride,
};
use gatekeeper::compiled::Network;
use protocol::IdempotencyKey;
use sha2::{Digest, Sha256};

use super::tags;
use crate::marks::STARTED_BY_PREFIX;
use crate::overrides::{self, TooLarge};
use crate::settings::{Settings, TaskDefinition};

/// Hexadecimal digits of the key's digest in `startedBy`.
const KEY_DIGITS: usize = 32;

/// Why a permit cannot be asked of ECS at all.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotOnEcs {
    #[error(
        "container `{0}` has no task definition: add it to `DEPLOY_RUNNER_TASK_DEFINITIONS` of the function (the Terraform module does it from the allow-list)"
    )]
    NoTaskDefinition(String),
    #[error(
        "container `{0}` has volumes in the allow-list (`{1}`), and deploy-runner gives ECS tasks none: run it locally, or remove them"
    )]
    Volumes(String, String),
    #[error(
        "container `{0}` has `network: none` in the allow-list, and the function knows no security groups without a way out: set `DEPLOY_RUNNER_ISOLATED_SECURITY_GROUPS`"
    )]
    NoIsolation(String),
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    #[error("the launch cannot be written for ECS: {0}")]
    Unwritable(#[from] BuildError),
}

/// Everything that a `RunTask` says.
#[derive(Debug)]
pub(super) struct Request {
    cluster: String,
    task_definition: TaskDefinition,
    placement: Placement,
    network: AwsVpcConfiguration,
    overrides: TaskOverride,
    tags: Vec<Tag>,
    client_token: IdempotencyKey,
    started_by: String,
}

#[derive(Debug)]
enum Placement {
    LaunchType(LaunchType),
    CapacityProvider(CapacityProviderStrategyItem),
}

/// What a permit asks of ECS.
pub(super) fn of(permit: &Permit, call: &Call, settings: &Settings) -> Result<Request, NotOnEcs> {
    let container = permit.container();
    if !permit.volumes().is_empty() {
        let names: Vec<&str> = permit.volumes().keys().map(String::as_str).collect();
        return Err(NotOnEcs::Volumes(container.to_owned(), names.join("`, `")));
    }
    let task_definition = settings
        .task_definitions
        .get(container)
        .ok_or_else(|| NotOnEcs::NoTaskDefinition(container.to_owned()))?;
    Ok(Request {
        cluster: settings.cluster.clone(),
        task_definition: task_definition.clone(),
        placement: placement(permit.launch_type(), settings)?,
        network: network(permit, settings)?,
        overrides: overrides::of(permit)?,
        tags: tags::of(permit, call),
        client_token: call.key.clone(),
        started_by: started_by(&call.key),
    })
}

impl Request {
    pub(super) fn send_with(self, client: &Client) -> RunTaskFluentBuilder {
        let request = client
            .run_task()
            .cluster(self.cluster)
            .task_definition(self.task_definition.as_str())
            .count(1)
            .client_token(self.client_token.as_str())
            .started_by(self.started_by)
            .network_configuration(
                NetworkConfiguration::builder()
                    .awsvpc_configuration(self.network)
                    .build(),
            )
            .overrides(self.overrides)
            .enable_ecs_managed_tags(false)
            .enable_execute_command(false)
            .set_tags(Some(self.tags));
        match self.placement {
            Placement::LaunchType(launch_type) => request.launch_type(launch_type),
            Placement::CapacityProvider(item) => request.capacity_provider_strategy(item),
        }
    }
}

fn placement(launch_type: protocol::LaunchType, settings: &Settings) -> Result<Placement, BuildError> {
    let provider = match (launch_type, &settings.ec2_capacity_provider) {
        (protocol::LaunchType::Fargate, _) => return Ok(Placement::LaunchType(LaunchType::Fargate)),
        (protocol::LaunchType::Ec2, None) => return Ok(Placement::LaunchType(LaunchType::Ec2)),
        (protocol::LaunchType::Ec2, Some(provider)) => provider.as_str(),
        (protocol::LaunchType::FargateSpot, _) => launch_type.as_str(),
    };
    let item = CapacityProviderStrategyItem::builder()
        .capacity_provider(provider)
        .weight(1)
        .build()?;
    Ok(Placement::CapacityProvider(item))
}

fn network(permit: &Permit, settings: &Settings) -> Result<AwsVpcConfiguration, NotOnEcs> {
    let network = &settings.network;
    let groups = match (permit.network(), &network.isolated_security_groups) {
        (Network::Host, _) => &network.security_groups,
        (Network::None, Some(isolated)) => isolated,
        (Network::None, None) => return Err(NotOnEcs::NoIsolation(permit.container().to_owned())),
    };
    let public = if network.assign_public_ip {
        AssignPublicIp::Enabled
    } else {
        AssignPublicIp::Disabled
    };
    Ok(AwsVpcConfiguration::builder()
        .set_subnets(Some(network.subnets.clone()))
        .set_security_groups(Some(groups.clone()))
        .assign_public_ip(public)
        .build()?)
}

/// The key itself stays out of it: `startedBy` is shown to everyone who may list tasks, and takes fewer characters than a key has.
pub(super) fn started_by(key: &IdempotencyKey) -> String {
    let digest = hex::encode(Sha256::digest(key.as_str()));
    format!("{STARTED_BY_PREFIX}{}", digest.get(..KEY_DIGITS).unwrap_or(&digest))
}
