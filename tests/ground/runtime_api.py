"""The Lambda Runtime API of one instance, on a port of its own.

Responsible for the HTTP that a `bootstrap` speaks: the next invocation, its response or error, and an error while starting.
"""

from __future__ import annotations

import json
import queue
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """What came of an invocation."""

    body: bytes
    failed: bool


@dataclass
class Invocation:
    """One event on its way through the function."""

    id: str
    event: bytes
    deadline_ms: int
    arn: str
    outcome: queue.Queue[Outcome] = field(default_factory=queue.Queue)


class RuntimeApi(ThreadingHTTPServer):
    """Serves one instance."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.waiting: queue.Queue[Invocation | None] = queue.Queue()
        self.current: Invocation | None = None
        self.ready = threading.Event()
        self.init_error: bytes | None = None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def close(self) -> None:
        """Lets go of whoever waits, and of the port."""
        self.waiting.put(None)
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RuntimeApi

    def log_message(self, format: str, *args: Any) -> None:
        """The runtime's requests are nobody's business."""

    def do_GET(self) -> None:
        if not self.path.endswith("/runtime/invocation/next"):
            return self._answer(404, b"{}")
        self.server.ready.set()
        invocation = self.server.waiting.get()
        if invocation is None:
            self.close_connection = True
            return None
        self.server.current = invocation
        return self._answer(
            200,
            invocation.event,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
                "Content-Type": "application/json",
            },
        )

    def do_POST(self) -> None:
        body = self._body()
        match self.path.split("/")[3:]:
            case ["init", "error"]:
                self.server.init_error = body
                self.server.ready.set()
            case ["invocation", request, ("response" | "error") as kind]:
                current = self.server.current
                if current is None or current.id != request:
                    return self._answer(400, json.dumps({"errorType": "InvalidRequestID"}).encode())
                self.server.current = None
                current.outcome.put(Outcome(body, kind == "error"))
            case _:
                return self._answer(404, b"{}")
        return self._answer(202, b'{"status":"OK"}')

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
