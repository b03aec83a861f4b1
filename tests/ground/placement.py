"""What RunTask refuses before a task exists: places, sizes and definitions that do not fit or do not exist."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends
from moto.ecs.models import Cluster, TaskDefinition, ecs_backends

from .errors import AwsError
from .settings import ACCOUNT, REGION

OVERRIDES_CHARACTERS = 8192
CLUSTERS_OWN_PROVIDERS = ("FARGATE", "FARGATE_SPOT")


def invalid(message: str) -> AwsError:
    """The refusal that RunTask gives most often."""
    return AwsError("InvalidParameterException", message)


def cluster(name: str) -> Cluster:
    """A cluster by its name or ARN."""
    found = ecs_backends[ACCOUNT][REGION].clusters.get(name.split("/")[-1])
    if found is None or found.status != "ACTIVE":
        raise AwsError("ClusterNotFoundException", "Cluster not found.")
    return found


def definition(name: str) -> TaskDefinition:
    """A task definition by its ARN, `family:revision` or `family`."""
    family, _, revision = name.split("/")[-1].partition(":")
    revisions = ecs_backends[ACCOUNT][REGION].task_definitions.get(family, {})
    if not revisions or (revision and (not revision.isdigit() or int(revision) not in revisions)):
        raise AwsError("ClientException", "TaskDefinition not found.")
    found = revisions[int(revision) if revision else max(revisions)]
    if found.status != "ACTIVE":
        raise AwsError("ClientException", "TaskDefinition is inactive")
    return found


def network(parameters: dict[str, Any], definition: TaskDefinition) -> str | None:
    """The subnet that the task gets its network interface in."""
    asked = parameters.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if definition.network_mode != "awsvpc":
        if asked:
            raise invalid("Network Configuration is not valid for the given networkMode of this task definition.")
        return None
    if not asked:
        raise invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    ec2 = ec2_backends[ACCOUNT][REGION]
    for subnet in asked["subnets"]:
        if not any(subnet in zone for zone in ec2.subnets.values()):
            raise invalid(
                f"Error retrieving subnet information for [{subnet}]: "
                f"The subnet ID '{subnet}' does not exist (ErrorCode: InvalidSubnetID.NotFound)"
            )
    for group in asked.get("securityGroups", []):
        if ec2.get_security_group_from_id(group) is None:
            raise invalid(
                f"Error retrieving security group information for [{group}]: "
                f"The security group '{group}' does not exist (ErrorCode: InvalidGroup.NotFound)"
            )
    return str(asked["subnets"][0])


def launch(parameters: dict[str, Any], definition: TaskDefinition) -> tuple[str, str | None]:
    """The launch type and the capacity provider."""
    strategy = parameters.get("capacityProviderStrategy")
    if strategy and parameters.get("launchType"):
        raise invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
        )
    if strategy:
        provider = strategy[0]["capacityProvider"]
        if provider in CLUSTERS_OWN_PROVIDERS:
            return "FARGATE", provider
        if provider not in ecs_backends[ACCOUNT][REGION].capacity_providers:
            raise invalid(f"The specified capacity provider '{provider}' was not found. Specify a valid name and try again.")
        return "EC2", provider
    kind = parameters.get("launchType", "EC2")
    if kind == "FARGATE" and "FARGATE" not in definition.compatibilities:
        raise invalid("Task definition does not support launch_type FARGATE.")
    return kind, None


def check_overrides(overrides: dict[str, Any], as_sent: str, definition: TaskDefinition) -> None:
    """Overrides must fit, and may only name containers that exist."""
    if len(as_sent) > OVERRIDES_CHARACTERS:
        raise invalid(f"Container Overrides length must be at most {OVERRIDES_CHARACTERS}")
    names = {container["name"] for container in definition.container_definitions}
    for override in overrides.get("containerOverrides", []):
        if override.get("name") not in names:
            raise invalid(
                f"Override for container named {override.get('name')} is not a container in the TaskDefinition."
            )


def check_fargate_size(cpu: str | None, memory: str | None) -> None:
    """Fargate knows certain pairs of sizes only."""
    wrong = invalid("No Fargate configuration exists for given values.")
    if not (cpu and memory and cpu.isdigit() and memory.isdigit()):
        raise wrong
    gib = int(memory) / 1024
    fits = {
        256: gib in (0.5, 1, 2),
        512: gib in (1, 2, 3, 4),
        1024: gib in range(2, 9),
        2048: gib in range(4, 17),
        4096: gib in range(8, 31),
        8192: gib in range(16, 61, 4),
        16384: gib in range(32, 121, 8),
    }
    if not fits.get(int(cpu), False):
        raise wrong
