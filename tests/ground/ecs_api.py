"""RunTask, DescribeTasks, ListTasks and StopTask, as AWS answers them.

moto keeps clusters, task definitions and networks; its own tasks are drawings that nothing runs, so these four operations are
ours. Requests are checked against the service's own model first.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from . import placement
from .errors import AwsError
from .identity import Caller
from .placement import invalid
from .settings import ACCOUNT, REGION
from .tasks import Container, Launched, Task, Tasks

PAGE = 100
TASKS_OF_ONE_CALL = 100


class EcsApi:
    """The four operations."""

    def __init__(self, tasks: Tasks, start: Callable[[Task], None]) -> None:
        self._tasks = tasks
        self._start = start
        self._model = botocore.session.get_session().get_service_model("ecs")
        self._operations: dict[str, Callable[[dict[str, Any], Caller], dict[str, Any]]] = {
            "RunTask": self._run_task,
            "DescribeTasks": self._describe_tasks,
            "ListTasks": self._list_tasks,
            "StopTask": self._stop_task,
        }

    def answers(self, operation: str) -> bool:
        """Is this one of ours?"""
        return operation in self._operations

    def call(self, operation: str, body: bytes, caller: Caller) -> dict[str, Any]:
        """Checks the request against the model and carries it out."""
        parameters = json.loads(body or b"{}")
        report = ParamValidator().validate(parameters, self._model.operation_model(operation).input_shape)
        if report.has_errors():
            raise AwsError("SerializationException", report.generate_report())
        return self._operations[operation](parameters, caller)

    def _run_task(self, parameters: dict[str, Any], caller: Caller) -> dict[str, Any]:
        cluster = placement.cluster(parameters.get("cluster", "default")).name
        definition = placement.definition(parameters["taskDefinition"])
        caller.require("ecs:RunTask", definition.arn)
        for role in (getattr(definition, "task_role_arn", None), getattr(definition, "execution_role_arn", None)):
            if role is not None:
                caller.require("iam:PassRole", role)
        if parameters.get("tags"):
            caller.require("ecs:TagResource", f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{cluster}/*")
        token = parameters.get("clientToken")
        with self._tasks.lock:
            known = self._tasks.tokens.get((cluster, token)) if token else None
            if known is None:
                return self._launch(cluster, definition, parameters)
            if known.parameters == parameters:
                return known.answer
        raise AwsError(
            "ConflictException",
            "The RunTask request could not be processed due to conflicts. "
            "The provided clientToken is already in use with a different RunTask request.",
            resourceIds=known.arns,
        )

    def _launch(self, cluster: str, definition: Any, parameters: dict[str, Any]) -> dict[str, Any]:
        task = _task(cluster, definition, parameters)
        self._tasks.add(task)
        answer = {"tasks": [task.document(with_tags=True)], "failures": []}
        if task.client_token:
            self._tasks.tokens[cluster, task.client_token] = Launched(parameters, answer, [task.arn])
        self._start(task)
        return answer

    def _describe_tasks(self, parameters: dict[str, Any], caller: Caller) -> dict[str, Any]:
        cluster = placement.cluster(parameters.get("cluster", "default")).name
        asked = parameters["tasks"]
        if not asked or len(asked) > TASKS_OF_ONE_CALL:
            raise invalid(f"Tasks cannot be empty and may hold {TASKS_OF_ONE_CALL} at most.")
        found, failures = [], []
        for name in asked:
            arn = _arn(cluster, name)
            caller.require("ecs:DescribeTasks", arn)
            task = self._tasks.find(cluster, name)
            if task is None:
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                found.append(task.document(with_tags="TAGS" in parameters.get("include", [])))
        return {"tasks": found, "failures": failures}

    def _list_tasks(self, parameters: dict[str, Any], caller: Caller) -> dict[str, Any]:
        caller.require("ecs:ListTasks", "*")
        cluster = placement.cluster(parameters.get("cluster", "default")).name
        wanted = {
            "desired": parameters.get("desiredStatus", "RUNNING"),
            "started_by": parameters.get("startedBy"),
            "launch_type": parameters.get("launchType"),
        }
        matches = [
            task.arn
            for task in self._tasks.of(cluster)
            if all(value is None or getattr(task, name) == value for name, value in wanted.items())
        ]
        start = int(parameters.get("nextToken", "0"))
        end = start + parameters.get("maxResults", PAGE)
        more = {"nextToken": str(end)} if end < len(matches) else {}
        return {"taskArns": matches[start:end], **more}

    def _stop_task(self, parameters: dict[str, Any], caller: Caller) -> dict[str, Any]:
        cluster = placement.cluster(parameters.get("cluster", "default")).name
        caller.require("ecs:StopTask", _arn(cluster, parameters["task"]))
        task = self._tasks.find(cluster, parameters["task"])
        if task is None:
            raise invalid("The referenced task was not found.")
        with self._tasks.lock:
            if task.status != "STOPPED":
                task.end_because("UserInitiated", parameters.get("reason", "Task stopped by user"))
                task.stop_asked.set()
            return {"task": task.document(with_tags=False)}


def _arn(cluster: str, name: str) -> str:
    return f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{cluster}/{name.split('/')[-1]}"


def _task(cluster: str, definition: Any, parameters: dict[str, Any]) -> Task:
    overrides = parameters.get("overrides", {})
    placement.check_overrides(overrides, json.dumps(overrides, separators=(",", ":")), definition)
    subnet = placement.network(parameters, definition)
    launch_type, provider = placement.launch(parameters, definition)
    cpu, memory = overrides.get("cpu", definition.cpu), overrides.get("memory", definition.memory)
    if launch_type == "FARGATE":
        placement.check_fargate_size(cpu, memory)
    of_container = {override["name"]: override for override in overrides.get("containerOverrides", [])}
    return Task(
        id=uuid.uuid4().hex,
        cluster=cluster,
        definition_arn=definition.arn,
        containers=[_container(each, of_container.get(each["name"], {})) for each in definition.container_definitions],
        cpu=cpu,
        memory=memory,
        overrides=overrides,
        tags=parameters.get("tags", []),
        started_by=parameters.get("startedBy"),
        group=parameters.get("group", f"family:{definition.family}"),
        launch_type=launch_type,
        capacity_provider=provider,
        subnet=subnet,
        task_role=overrides.get("taskRoleArn", getattr(definition, "task_role_arn", None)),
        execution_role=overrides.get("executionRoleArn", getattr(definition, "execution_role_arn", None)),
        client_token=parameters.get("clientToken"),
    )


def _container(definition: dict[str, Any], override: dict[str, Any]) -> Container:
    variables = [*definition.get("environment", []), *override.get("environment", [])]

    def size(name: str) -> str | None:
        value = override.get(name, definition.get(name))
        return None if value is None else str(value)

    return Container(
        definition=definition,
        command=override.get("command", definition.get("command")),
        environment={variable["name"]: variable["value"] for variable in variables},
        cpu=size("cpu"),
        memory=size("memory"),
    )
