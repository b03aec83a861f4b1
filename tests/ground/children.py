"""Child processes: each in a session of its own, all ended by id when the ground ends."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any


class Child:
    """One process and what it started."""

    def __init__(self, process: subprocess.Popen[bytes], marker: str) -> None:
        self.process = process
        self.marker = marker

    def signal(self, number: int) -> None:
        """Signals the process itself, as a container's process 1 is signalled."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def sweep(self) -> None:
        """Kills what the process left behind, as a container's end does."""
        for pid in _with_marker(self.marker):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def memory_bytes(self) -> int:
        """Resident memory of the process and of everything that carries its marker."""
        return sum(_resident(pid) for pid in {self.process.pid, *_with_marker(self.marker)})


class Children:
    """Every process that the ground started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: dict[int, Child] = {}
        self._closed = False

    def start(self, argv: list[str], marker: str, **options: Any) -> Child:
        """Starts a program. `marker` is a text in its environment that tells its descendants from everybody else's."""
        with self._lock:
            if self._closed:
                raise OSError("the ground is ending")
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True, **options)
            child = Child(process, marker)
            self._children[process.pid] = child
            return child

    def forget(self, child: Child) -> None:
        """The process has ended and was waited for."""
        with self._lock:
            self._children.pop(child.process.pid, None)

    def end_all(self) -> None:
        """Kills everything; nothing starts any more."""
        with self._lock:
            self._closed = True
            children = list(self._children.values())
        for child in children:
            child.signal(signal.SIGKILL)
            child.sweep()
        for child in children:
            child.process.wait()


def _with_marker(marker: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if marker.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
