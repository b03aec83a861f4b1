"""What the Terraform module of the product makes in a real account: the same shapes, through the same public APIs.

Responsible for the cluster, the log group, roles, task definitions of an allow-list, the function with its alias, and a CI user
who may do one thing. Never a shortcut around an API.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .settings import ACCOUNT, GIVEN_CAPABILITIES, REGION

PREFIX = "deploy-runner"
STOP_TIMEOUT = 120


def network(clients: Any) -> dict[str, str]:
    """A subnet and a security group that exist."""
    ec2 = clients("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [subnet["VpcId"]]}])["SecurityGroups"]
    return {"subnet": subnet["SubnetId"], "security_group": groups[0]["GroupId"]}


def base(clients: Any, cluster: str, log_group: str) -> dict[str, str]:
    """The cluster, the log group and the network."""
    clients("ecs").create_cluster(clusterName=cluster)
    clients("logs").create_log_group(logGroupName=log_group)
    return network(clients)


def task_definitions(clients: Any, allow_list: dict[str, Any], log_group: str) -> dict[str, str]:
    """One pinned task definition for each container of a compiled allow-list."""
    execution = role(clients, f"{PREFIX}-execution", "ecs-tasks", [_allow("*", "*")])
    pinned = {}
    for name, container in allow_list["containers"].items():
        task_role = role(clients, f"{PREFIX}-task-{name}", "ecs-tasks", [_allow("*", "*")])
        answer = clients("ecs").register_task_definition(
            family=f"{PREFIX}-{name}",
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu=str(container["task"]["cpu"]),
            memory=str(container["task"]["memory"]),
            taskRoleArn=task_role,
            executionRoleArn=execution,
            containerDefinitions=[_job(container, log_group)],
        )
        pinned[name] = answer["taskDefinition"]["taskDefinitionArn"]
    return pinned


def _job(container: dict[str, Any], log_group: str) -> dict[str, Any]:
    return {
        "name": "job",
        "image": container["image"],
        "essential": True,
        "environment": [{"name": name, "value": value} for name, value in container["environment"].items()],
        "secrets": [{"name": name, "valueFrom": source} for name, source in container["secrets"].items()],
        "stopTimeout": STOP_TIMEOUT,
        "readonlyRootFilesystem": container.get("root_filesystem") != "writable",
        "linuxParameters": {"capabilities": {"drop": _dropped(container.get("capabilities", []))}},
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "mode": "blocking",
                "awslogs-group": log_group,
                "awslogs-region": REGION,
                "awslogs-stream-prefix": PREFIX,
            },
        },
    }


def _dropped(kept: list[str]) -> list[str]:
    return [capability for capability in GIVEN_CAPABILITIES if capability not in kept] if kept else ["ALL"]


def invoker_statements(cluster: str, log_group: str) -> list[dict[str, Any]]:
    """What the invoker needs, and no more."""
    ecs = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{log_group}"
    return [
        _allow("ecs:RunTask", f"{ecs}:task-definition/{PREFIX}-*"),
        _allow(["ecs:DescribeTasks", "ecs:StopTask", "ecs:TagResource"], f"{ecs}:task/{cluster}/*"),
        _allow("ecs:ListTasks", "*"),
        _allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-*"),
        _allow(["logs:GetLogEvents", "logs:FilterLogEvents"], f"{group}:*"),
    ]


def role(clients: Any, name: str, service: str, statements: list[dict[str, Any]]) -> str:
    """A role with one inline policy; the policy of a role that exists is replaced."""
    iam = clients("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    if name not in [known["RoleName"] for known in iam.list_roles()["Roles"]]:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy([trust]))
    iam.put_role_policy(RoleName=name, PolicyName="what-it-needs", PolicyDocument=_policy(statements))
    return arn


def function(clients: Any, name: str, package: str, role_arn: str, environment: dict[str, str], timeout: int) -> str:
    """The function, its first version and the alias `live`, whose ARN is answered."""
    client = clients("lambda")
    client.create_function(
        FunctionName=name,
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role=role_arn,
        Code={"ZipFile": Path(package).read_bytes()},
        Environment={"Variables": environment},
        MemorySize=128,
        Timeout=timeout,
    )
    version = client.publish_version(FunctionName=name)["Version"]
    return str(client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)["AliasArn"])


def ci_user(clients: Any, name: str, alias_arn: str) -> dict[str, str]:
    """A principal that may call one alias and nothing else."""
    iam = clients("iam")
    iam.create_user(UserName=name)
    policy = _policy([_allow("lambda:InvokeFunction", alias_arn)])
    iam.put_user_policy(UserName=name, PolicyName="call-the-invoker", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}


def _allow(action: str | list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def _policy(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
