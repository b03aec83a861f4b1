"""Where containers run: as processes of this machine, or through podman.

Responsible for starting one container, for its kill and for its exit code. Never knows what a task is.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .children import Child, Children


@dataclass(frozen=True)
class Launch:
    """One container to start."""

    name: str
    image: str
    entry_point: list[str] | None
    command: list[str]
    environment: dict[str, str]
    marker: str
    folder: Path


class CannotStart(Exception):
    """The message of the CannotStartContainerError."""


@dataclass
class Running:
    """A container that was started."""

    child: Child
    kill: Callable[[], None]
    clean_up: Callable[[], None]

    def exit_code(self) -> int | None:
        """As a shell tells it: 128 + n after signal n."""
        code = self.child.process.poll()
        return code if code is None or code >= 0 else 128 - code


class ProcessHost:
    """An image is the program that the harness gave this name to. No isolation: the tests trust their own jobs."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self.images: dict[str, list[str]] = {}

    def has(self, image: str) -> bool:
        """Can the image be pulled?"""
        return image in self.images

    def start(self, launch: Launch) -> Running:
        """Starts the program in a fresh folder with the container's environment and nothing else."""
        launch.folder.mkdir(parents=True)
        argv = [*self.images[launch.image], *launch.command]
        environment = {"PATH": os.defpath, "HOSTNAME": launch.name, **launch.environment}
        child = _started(self._children, argv, launch.marker, env=environment, cwd=launch.folder)
        return Running(child, lambda: child.signal(signal.SIGKILL), child.sweep)


class PodmanHost:
    """An image is an image of this machine; none is ever pulled."""

    def __init__(self, children: Children) -> None:
        self._children = children

    def has(self, image: str) -> bool:
        """Can the image be pulled?"""
        return _podman("image", "exists", image).returncode == 0

    def start(self, launch: Launch) -> Running:
        """Runs the container in the foreground; its network is the machine's, where the ground is."""
        launch.folder.mkdir(parents=True)
        words = ["podman", "--runtime", "runc", "run", "--name", launch.name, "--pull", "never", "--network", "host"]
        words += ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--security-opt", "no-new-privileges"]
        for name, value in launch.environment.items():
            words += ["--env", f"{name}={value}"]
        if launch.entry_point:
            words += ["--entrypoint", launch.entry_point[0]]
        argv = [*words, launch.image, *(launch.entry_point or [])[1:], *launch.command]
        child = _started(self._children, argv, launch.marker, env=dict(os.environ), cwd=launch.folder)
        return Running(
            child,
            lambda: _ignore(_podman("kill", "--signal", "KILL", launch.name)),
            lambda: _ignore(_podman("rm", "--force", launch.name)),
        )


def _started(children: Children, argv: list[str], marker: str, **options: object) -> Child:
    try:
        return children.start(argv, marker, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    except OSError as error:
        raise CannotStart(
            "failed to create task for container: failed to create shim task: OCI runtime create failed: "
            f'runc create failed: unable to start container process: exec: "{argv[0]}": {error.strerror}'
        ) from error


def _podman(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["podman", "--runtime", "runc", *words], capture_output=True, stdin=subprocess.DEVNULL, check=False)


def _ignore(_answer: object) -> None:
    """A container that is gone already is as good."""
