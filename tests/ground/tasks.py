"""What is known about each task, as DescribeTasks shows it.

Responsible for the store, its lock and the tokens that make RunTask idempotent. Never runs anything.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from .settings import ACCOUNT, REGION


@dataclass
class Container:
    """One container of a task."""

    definition: dict[str, Any]
    command: list[str] | None
    environment: dict[str, str]
    cpu: str | None
    memory: str | None
    status: str = "PENDING"
    exit_code: int | None = None
    reason: str | None = None

    @property
    def name(self) -> str:
        return str(self.definition["name"])

    def document(self, task: Task) -> dict[str, Any]:
        """As ECS shows it."""
        known = {
            "containerArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:container/{task.cluster}/{task.id}/{self.name}",
            "taskArn": task.arn,
            "name": self.name,
            "image": self.definition["image"],
            "lastStatus": self.status,
            "exitCode": self.exit_code,
            "reason": self.reason,
            "cpu": self.cpu or str(self.definition.get("cpu", 0)),
            "memory": self.memory,
            "networkInterfaces": [],
        }
        return {name: value for name, value in known.items() if value is not None}


@dataclass
class Task:
    """One task."""

    id: str
    cluster: str
    definition_arn: str
    containers: list[Container]
    cpu: str | None
    memory: str | None
    overrides: dict[str, Any]
    tags: list[dict[str, str]]
    started_by: str | None
    group: str
    launch_type: str
    capacity_provider: str | None
    subnet: str | None
    task_role: str | None
    execution_role: str | None
    client_token: str | None
    status: str = "PROVISIONING"
    desired: str = "RUNNING"
    times: dict[str, float] = field(default_factory=lambda: {"createdAt": time.time()})
    stop_code: str | None = None
    stopped_reason: str | None = None
    version: int = 1
    stop_asked: threading.Event = field(default_factory=threading.Event)

    @property
    def arn(self) -> str:
        return f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{self.cluster}/{self.id}"

    def reach(self, status: str, *moments: str) -> None:
        """Moves on to a phase, and notes when."""
        self.status = status
        self.version += 1
        for moment in moments:
            self.times[moment] = time.time()

    def end_because(self, stop_code: str, reason: str) -> None:
        """Keeps the first reason: what comes after it is a consequence."""
        if self.stop_code is None:
            self.stop_code, self.stopped_reason = stop_code, reason
            self.desired = "STOPPED"
            self.times.setdefault("stoppingAt", time.time())

    def document(self, *, with_tags: bool) -> dict[str, Any]:
        """As ECS shows it."""
        known = {
            "taskArn": self.arn,
            "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{self.cluster}",
            "taskDefinitionArn": self.definition_arn,
            "lastStatus": self.status,
            "desiredStatus": self.desired,
            "stopCode": self.stop_code,
            "stoppedReason": self.stopped_reason,
            "startedBy": self.started_by,
            "group": self.group,
            "launchType": self.launch_type,
            "capacityProviderName": self.capacity_provider,
            "cpu": self.cpu,
            "memory": self.memory,
            "version": self.version,
            "connectivity": "CONNECTED" if self.status != "PROVISIONING" else None,
            "attachments": self._attachments(),
            "containers": [container.document(self) for container in self.containers],
            "overrides": self.overrides,
            "tags": self.tags if with_tags else [],
            **self.times,
        }
        return {name: value for name, value in known.items() if value is not None}

    def _attachments(self) -> list[dict[str, Any]]:
        if self.subnet is None:
            return []
        details = [{"name": "subnetId", "value": self.subnet}]
        return [{"id": self.id, "type": "ElasticNetworkInterface", "status": "ATTACHED", "details": details}]


@dataclass(frozen=True)
class Launched:
    """What a client token stands for."""

    parameters: dict[str, Any]
    answer: dict[str, Any]
    arns: list[str]


class Tasks:
    """Every task of every cluster."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.by_id: dict[str, Task] = {}
        self.tokens: dict[tuple[str, str], Launched] = {}

    def add(self, task: Task) -> None:
        """Takes in a new task."""
        with self.lock:
            self.by_id[task.id] = task

    def find(self, cluster: str, name: str) -> Task | None:
        """A task of a cluster, by its id or its ARN."""
        with self.lock:
            task = self.by_id.get(name.split("/")[-1])
        return task if task is not None and task.cluster == cluster else None

    def of(self, cluster: str) -> list[Task]:
        """The tasks of a cluster, the oldest first."""
        with self.lock:
            return [task for task in self.by_id.values() if task.cluster == cluster]

    def forget(self, name: str) -> None:
        """Drops a task, as ECS does about an hour after it stopped."""
        with self.lock:
            del self.by_id[name]
