"""Starts the ground, says where it is, and carries out commands until standard input closes or SIGTERM comes."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import Any

# Whatever the machine is configured for must not reach moto or boto3: both read it when they are imported.
for _name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
    del os.environ[_name]
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "false"

import boto3  # noqa: E402

from .agent import Agent  # noqa: E402
from .children import Children  # noqa: E402
from .commands import Commands  # noqa: E402
from .ecs_api import EcsApi  # noqa: E402
from .functions import Functions  # noqa: E402
from .identity import Identities  # noqa: E402
from .server import Server  # noqa: E402
from .settings import REGION, Settings  # noqa: E402
from .tasks import Tasks  # noqa: E402


class Clients:
    """boto3 clients: the account's owner's, made once each, and others'."""

    def __init__(self, identities: Identities) -> None:
        self._owner = {"access_key": identities.own.access_key, "secret_key": identities.own.secret_key}
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}
        self.endpoint = ""

    def __call__(self, service: str) -> Any:
        with self._lock:
            if service not in self._made:
                self._made[service] = self.of(service, self._owner)
            return self._made[service]

    def of(self, service: str, keys: dict[str, str]) -> Any:
        """A client with somebody's keys."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=keys["access_key"],
            aws_secret_access_key=keys["secret_key"],
        )


def main() -> None:
    settings = Settings.from_arguments()
    children, identities, tasks = Children(), Identities(), Tasks()
    clients = Clients(identities)
    agent = Agent(settings, children, tasks, identities, clients)
    functions = Functions(children, identities, settings.work)
    server = Server(identities, tasks, EcsApi(tasks, agent.start), functions)
    clients.endpoint = agent.endpoint = functions.endpoint = server.endpoint
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        keys = {"access_key": identities.own.access_key, "secret_key": identities.own.secret_key}
        say(json.dumps({"endpoint": server.endpoint, "region": REGION, "owner": keys}))
        commands = Commands(clients, server, tasks, agent)
        for line in sys.stdin:
            say(commands.answer(line))
    finally:
        server.close()
        children.end_all()
        agent.podman.close()


def say(line: str) -> None:
    """Standard output holds answers and nothing else."""
    ANSWERS.write(line + "\n")
    ANSWERS.flush()


# moto prints; its words belong on standard error.
ANSWERS = os.fdopen(os.dup(sys.stdout.fileno()), "w")
os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

if __name__ == "__main__":
    main()
