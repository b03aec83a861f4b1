"""Where containers run: as processes of this machine, or through podman.

Responsible for starting one container, for its kill and for its exit code. Never knows what a task is.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
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
    secrets: dict[str, str]
    marker: str
    folder: Path
    read_only: bool
    capabilities: list[str]
    memory_mib: int | None


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
        environment = {"PATH": os.defpath, "HOSTNAME": launch.name, **launch.environment, **launch.secrets}
        child = _started(self._children, argv, launch.marker, env=environment, cwd=launch.folder)
        return Running(child, lambda: child.signal(signal.SIGKILL), child.sweep)


class PodmanHost:
    """An image is an image of podman, in a store of the ground's own or in one that it only reads; none is ever pulled."""

    def __init__(self, children: Children, folder: Path, images: Path | None) -> None:
        self._children = children
        self._folder = folder
        store = ["--root", str(folder / "root"), "--runroot", str(folder / "run"), "--storage-driver", "vfs"]
        if images is not None:
            store += ["--storage-opt", f"vfs.imagestore={images}"]
        self._words = ["podman", *store, "--runtime", "runc", "--cgroup-manager", "cgroupfs", "--events-backend", "none"]
        self._names: list[str] = []

    def has(self, image: str) -> bool:
        """Can the image be pulled?"""
        return self._podman("image", "exists", image).returncode == 0

    def add(self, name: str, archive: Path, entry_point: list[str], user: str) -> None:
        """Makes an image of a root file system."""
        changes = ["--change", f"ENTRYPOINT {json.dumps(entry_point)}", "--change", f"USER {user}"]
        made = self._podman("import", *changes, str(archive), f"localhost/{name}:latest")
        if made.returncode != 0:
            raise ValueError(f"podman made no image `{name}`: {made.stderr.decode(errors='replace')}")

    def close(self) -> None:
        """Removes every container that was started here, and the store."""
        for name in self._names:
            self._remove(name)
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self, launch: Launch) -> Running:
        """Runs the container in the foreground; its network is the machine's, where the ground is."""
        launch.folder.mkdir(parents=True)
        words = [*self._words, "run", "--name", launch.name, "--pull", "never", "--network", "host", "--log-driver", "none"]
        processes = _most_processes()
        words += ["--ulimit", "nofile=1024:1024", "--ulimit", f"nproc={processes}:{processes}"]
        words += ["--security-opt", "no-new-privileges"]
        words += ["--cap-drop", "all", *(word for capability in launch.capabilities for word in ("--cap-add", capability))]
        if launch.read_only:
            words += ["--read-only", "--read-only-tmpfs=false"]
        if launch.memory_mib is not None:
            words += ["--memory", f"{launch.memory_mib}m", "--memory-swap", f"{launch.memory_mib}m"]
        for name, value in launch.environment.items():
            words += ["--env", f"{name}={value}"]
        # Every process of the machine can read podman's words.
        words += [word for name in launch.secrets for word in ("--env", name)]
        if launch.entry_point:
            words += ["--entrypoint", launch.entry_point[0]]
        argv = [*words, launch.image, *(launch.entry_point or [])[1:], *launch.command]
        self._names.append(launch.name)
        own = {**os.environ, **launch.secrets}
        child = _started(self._children, argv, launch.marker, env=own, cwd=launch.folder)
        return Running(
            child,
            lambda: _ignore(self._podman("kill", "--signal", "KILL", launch.name)),
            lambda: self._remove(launch.name),
        )

    def _remove(self, name: str) -> None:
        _ignore(self._podman("rm", "--force", "--ignore", "--time", "0", name))

    def _podman(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*self._words, *words], capture_output=True, stdin=subprocess.DEVNULL, check=False)


def _started(children: Children, argv: list[str], marker: str, **options: object) -> Child:
    try:
        return children.start(argv, marker, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    except OSError as error:
        raise CannotStart(
            "failed to create task for container: failed to create shim task: OCI runtime create failed: "
            f'runc create failed: unable to start container process: exec: "{argv[0]}": {error.strerror}'
        ) from error


def _most_processes() -> int:
    """As many as podman can raise its ceiling to. A lower one would count over all tasks; on AWS each has a kernel of its own."""
    ceiling = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    pids = int(Path("/proc/sys/kernel/pid_max").read_text())
    return pids if ceiling == resource.RLIM_INFINITY else min(ceiling, pids)


def _ignore(_answer: object) -> None:
    """A container that is gone already is as good."""
