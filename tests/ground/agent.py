"""The life of each task, from PROVISIONING to STOPPED.

Responsible for the order of what happens and for the words in which ECS tells why a task ended.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from .children import Children
from .hosts import CannotStart, Launch, PodmanHost, ProcessHost, Running
from .identity import Identities
from .secret_values import SecretMissing, resolve
from .settings import GIVEN_CAPABILITIES, MIB, REGION, Mode, Settings
from .shipping import NoLogGroup, Shipper
from .tasks import Container, Task, Tasks

POLL_SECONDS = 0.02
MEMORY_POLLS = 10
"""Memory is looked at every so many polls."""
DEFAULT_STOP_TIMEOUT = 30
SIGTERM = 15


class FailedToStart(Exception):
    """The stopped reason of a task whose containers never ran."""


@dataclass
class Live:
    """A container of a task that runs."""

    container: Container
    running: Running
    shipper: Shipper | None
    readers: list[threading.Thread]

    @property
    def essential(self) -> bool:
        return bool(self.container.definition.get("essential", True))

    def drain(self) -> None:
        """Waits until everything that was written has been sent."""
        for reader in self.readers:
            reader.join()
        if self.shipper is not None:
            self.shipper.close()


class Agent:
    """Runs tasks, each in a thread of its own."""

    def __init__(self, settings: Settings, children: Children, tasks: Tasks, identities: Identities, clients: Any) -> None:
        self._settings = settings
        self._children = children
        self._tasks = tasks
        self._identities = identities
        self._clients = clients
        self.endpoint = ""
        self.processes = ProcessHost(children)
        self.podman = PodmanHost(children, settings.work / "podman", settings.images)
        self._host = self.processes if settings.mode is Mode.PROCESS else self.podman

    def start(self, task: Task) -> None:
        """Begins the life of a task."""
        threading.Thread(target=self._live, args=(task,), name=task.id, daemon=True).start()

    def _live(self, task: Task) -> None:
        running: list[Live] = []
        try:
            self._step(task, "PENDING")
            prepared = self._prepare(task)
            self._pull(task)
            self._step(task, "ACTIVATING")
            if not task.stop_asked.is_set():
                self._start_containers(task, prepared, running)
                with self._tasks.lock:
                    task.reach("RUNNING", "startedAt")
                self._watch(task, running)
        except FailedToStart as failure:
            with self._tasks.lock:
                task.end_because("TaskFailedToStart", str(failure))
        finally:
            self._end(task, running)

    def _step(self, task: Task, status: str) -> None:
        time.sleep(self._settings.step_seconds)
        with self._tasks.lock:
            task.reach(status)

    def _prepare(self, task: Task) -> dict[str, tuple[dict[str, str], Shipper | None]]:
        """Secrets and log streams of every container: what Fargate calls initialising the resources."""
        prepared = {}
        for container in task.containers:
            try:
                secrets = resolve(self._clients, container.definition.get("secrets", []))
                prepared[container.name] = (secrets, self._shipper(task, container))
            except SecretMissing as missing:
                raise FailedToStart(f"ResourceInitializationError: {missing}") from missing
            except NoLogGroup as missing:
                raise FailedToStart(
                    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
                    "failed to create Cloudwatch log stream: operation error CloudWatch Logs: CreateLogStream, https response "
                    f"error StatusCode: 400, RequestID: {task.id}, ResourceNotFoundException: The specified log group does not "
                    "exist. : exit status 1"
                ) from missing
        return prepared

    def _shipper(self, task: Task, container: Container) -> Shipper | None:
        logging = container.definition.get("logConfiguration")
        if logging is None or logging["logDriver"] != "awslogs":
            return None
        options = logging["options"]
        stream = f"{options['awslogs-stream-prefix']}/{container.name}/{task.id}"
        return Shipper(options["awslogs-group"], stream, self._settings.ship_seconds)

    def _pull(self, task: Task) -> None:
        with self._tasks.lock:
            task.times["pullStartedAt"] = time.time()
        for container in task.containers:
            image = container.definition["image"]
            if not self._host.has(image):
                raise FailedToStart(
                    f"CannotPullContainerError: pull image manifest has been retried 5 time(s): "
                    f"failed to resolve ref {image}: {image}: not found"
                )
        with self._tasks.lock:
            task.times["pullStoppedAt"] = time.time()

    def _start_containers(self, task: Task, prepared: dict[str, Any], running: list[Live]) -> None:
        for container in task.containers:
            secrets, shipper = prepared[container.name]
            try:
                started = self._host.start(self._launch(task, container, secrets))
            except CannotStart as failure:
                container.reason = f"CannotStartContainerError: {failure}"
                raise FailedToStart("Task failed to start") from failure
            outputs = [started.child.process.stdout, started.child.process.stderr]
            readers = [threading.Thread(target=_read, args=(shipper, output), daemon=True) for output in outputs]
            for reader in readers:
                reader.start()
            container.status = "RUNNING"
            running.append(Live(container, started, shipper, readers))

    def _launch(self, task: Task, container: Container, secrets: dict[str, str]) -> Launch:
        metadata = f"{self.endpoint}/_ground/task/{task.id}"
        environment = {
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
            "ECS_CONTAINER_METADATA_URI_V4": metadata,
            **container.environment,
        }
        if task.task_role is not None:
            environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"{metadata}/credentials"
        return Launch(
            name=f"{task.id}-{container.name}",
            image=container.definition["image"],
            entry_point=container.definition.get("entryPoint"),
            command=container.command or [],
            environment=environment,
            secrets=secrets,
            marker=metadata,
            folder=self._settings.work / "tasks" / task.id / container.name,
            read_only=bool(container.definition.get("readonlyRootFilesystem", False)),
            capabilities=_kept(container.definition),
            memory_mib=int(memory) if (memory := container.memory or task.memory) else None,
        )

    def _watch(self, task: Task, running: list[Live]) -> None:
        """Until an essential container has ended, or somebody asked for the end."""
        polls = 0
        while not task.stop_asked.wait(POLL_SECONDS):
            polls += 1
            if polls % MEMORY_POLLS == 0:
                self._enforce_memory(task, running)
            if any(live.essential and live.running.exit_code() is not None for live in running):
                with self._tasks.lock:
                    task.end_because("EssentialContainerExited", "Essential container in task exited")
                return

    def _enforce_memory(self, task: Task, running: list[Live]) -> None:
        """What a cgroup does on Fargate, and under podman."""
        if self._settings.mode is not Mode.PROCESS:
            return
        for live in running:
            limit = live.container.memory or task.memory
            if limit is not None and live.running.child.memory_bytes() > int(limit) * MIB:
                live.container.reason = "OutOfMemoryError: Container killed due to memory usage"
                live.running.kill()

    def _end(self, task: Task, running: list[Live]) -> None:
        with self._tasks.lock:
            if task.stop_code is None:
                task.end_because("TaskFailedToStart", "Unexpected EC2 error while attempting to run the task")
            task.reach("DEACTIVATING")
            task.reach("STOPPING")
        self._stop_containers(running)
        for live in running:
            live.drain()
        with self._tasks.lock:
            task.reach("DEPROVISIONING", "executionStoppedAt")
        time.sleep(self._settings.step_seconds)
        with self._tasks.lock:
            for container in task.containers:
                container.status = "STOPPED"
            task.reach("STOPPED", "stoppedAt")

    def _stop_containers(self, running: list[Live]) -> None:
        for live in running:
            live.running.child.signal(SIGTERM)
        begun = time.monotonic()
        for live in running:
            patience = live.container.definition.get("stopTimeout", DEFAULT_STOP_TIMEOUT)
            while live.running.exit_code() is None:
                if time.monotonic() - begun > patience:
                    live.running.kill()
                time.sleep(POLL_SECONDS)
            live.container.exit_code = live.running.exit_code()
            live.running.clean_up()
            self._children.forget(live.running.child)


def _kept(definition: dict[str, Any]) -> list[str]:
    capabilities = (definition.get("linuxParameters") or {}).get("capabilities") or {}
    dropped = capabilities.get("drop", [])
    return [] if "ALL" in dropped else [each for each in GIVEN_CAPABILITIES if each not in dropped]


def _read(shipper: Shipper | None, output: Any) -> None:
    if shipper is not None:
        shipper.read(output)
    else:
        output.read()
