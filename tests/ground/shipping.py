"""The awslogs driver in blocking mode: lines of a container, on their way to one log stream."""

from __future__ import annotations

import threading
import time
from typing import BinaryIO

from moto.logs.models import logs_backends

from .settings import ACCOUNT, REGION

LINE_BYTES = 16 * 1024
"""The driver cuts longer lines here."""
BATCH_EVENTS = 10_000
"""PutLogEvents takes no more."""


class NoLogGroup(Exception):
    """The log group is not there."""


class Shipper:
    """Sends lines in batches until the container's outputs close."""

    def __init__(self, group: str, stream: str, every_seconds: float) -> None:
        self._backend = logs_backends[ACCOUNT][REGION]
        if group not in self._backend.groups:
            raise NoLogGroup(group)
        self._group, self._stream = group, stream
        self._backend.create_log_stream(group, stream)
        self._lock = threading.Lock()
        self._waiting: list[dict[str, object]] = []
        self._every = every_seconds
        self._done = threading.Event()
        self._sender = threading.Thread(target=self._send_now_and_then, daemon=True)
        self._sender.start()

    def read(self, output: BinaryIO) -> None:
        """Takes every line of an output until it closes. The driver cuts a long line, and CloudWatch takes no empty one."""
        for line in iter(lambda: output.readline(LINE_BYTES), b""):
            self.line(line.decode(errors="replace").rstrip("\r\n"))

    def line(self, text: str) -> None:
        """Takes one line."""
        if text:
            with self._lock:
                self._waiting.append({"timestamp": int(time.time() * 1000), "message": text})

    def close(self) -> None:
        """Sends the rest."""
        self._done.set()
        self._sender.join()

    def _send_now_and_then(self) -> None:
        while not self._done.wait(self._every):
            self._send()
        self._send()

    def _send(self) -> None:
        with self._lock:
            events, self._waiting = self._waiting, []
        for start in range(0, len(events), BATCH_EVENTS):
            self._backend.put_log_events(self._group, self._stream, events[start : start + BATCH_EVENTS])
