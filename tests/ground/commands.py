"""What the harness asks the ground: one JSON object on a line, one answer on a line.

`{"do": NAME, …}` is answered with `{"ok": …}` or `{"error": "…"}`. Never touches the product.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends

from . import rootfs, stack
from .agent import Agent
from .server import Server
from .settings import ACCOUNT, REGION
from .tasks import Tasks


class Commands:
    """The commands by name."""

    def __init__(self, clients: Any, server: Server, tasks: Tasks, agent: Agent) -> None:
        self._clients = clients
        self._server = server
        self._tasks = tasks
        self._agent = agent
        self._known: dict[str, Callable[..., Any]] = {
            "aws": self._aws,
            "images": self._set_images,
            "managed_policies": self._managed_policies,
            "image": lambda **asked: rootfs.image(agent.podman, **asked),
            "zip": self._zip,
            "requests": self._requests,
            "tasks": self._tasks_in_full,
            "forget": self._tasks.forget,
            "base": lambda **asked: stack.base(clients, **asked),
            "task_definitions": lambda **asked: stack.task_definitions(clients, **asked),
            "invoker_role": self._invoker_role,
            "function": lambda **asked: stack.function(clients, **asked),
            "ci_user": lambda **asked: stack.ci_user(clients, **asked),
        }

    def answer(self, line: str) -> str:
        """Carries out one command. Whatever goes wrong is the answer: the test that asked shall fail with it."""
        try:
            asked = json.loads(line)
            result = self._known[asked.pop("do")](**asked)
            return json.dumps({"ok": result}, default=_plain)
        except Exception as error:
            return json.dumps({"error": f"{type(error).__name__}: {error}"})

    def _aws(self, service: str, operation: str, parameters: dict[str, Any], keys: dict[str, str] | None = None) -> Any:
        """Any operation of any service, as the account's owner or with somebody's keys."""
        client = self._clients(service) if keys is None else self._clients.of(service, keys)
        answer = getattr(client, operation)(**parameters)
        answer.pop("ResponseMetadata", None)
        return answer

    def _set_images(self, images: dict[str, list[str]]) -> None:
        self._agent.processes.images.update(images)

    def _managed_policies(self, names: list[str]) -> None:
        """Policies of AWS that every account has. All of them would take every ground a second."""
        known, backend = json.loads(aws_managed_policies_data), iam_backends[ACCOUNT]["aws"]
        for name in names:
            policy = AWSManagedPolicy.from_data(name, ACCOUNT, REGION, known[name])
            backend.managed_policies[policy.arn] = policy

    def _zip(self, path: str, files: dict[str, str], programs: dict[str, str]) -> None:
        """A package made by hand: texts by name, and programs copied from a path."""
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in files.items():
                archive.writestr(_entry(name, 0o644), text)
            for name, source in programs.items():
                archive.writestr(_entry(name, 0o755), Path(source).read_bytes())

    def _requests(self) -> list[dict[str, Any]]:
        return list(self._server.requests)

    def _tasks_in_full(self) -> list[dict[str, Any]]:
        with self._tasks.lock:
            return [
                {**task.document(with_tags=True), "clientToken": task.client_token}
                for task in self._tasks.by_id.values()
            ]

    def _invoker_role(self, name: str, cluster: str, log_group: str, without: list[str]) -> str:
        """The invoker's role, with some actions left out."""
        statements = stack.invoker_statements(cluster, log_group)
        for statement in statements:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            statement["Action"] = [action for action in actions if action not in without]
        return stack.role(self._clients, name, "lambda", [each for each in statements if each["Action"]])


def _entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (0o100000 | mode) << 16
    return entry


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "read"):
        return str(value.read().decode(errors="replace"))
    return str(value)
