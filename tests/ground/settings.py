"""What the harness says when it starts the ground, and the constants that everybody shares."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

ACCOUNT = "123456789012"
REGION = "eu-west-1"
MIB = 1024 * 1024
GIVEN_CAPABILITIES = (
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
    *("NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
)
"""What a container has whose definition says nothing about capabilities."""


class Mode(Enum):
    """How tasks run."""

    PROCESS = "process"
    """An image is a program of this machine that the harness names."""
    PODMAN = "podman"
    """An image is an image."""


@dataclass(frozen=True)
class Settings:
    """What the harness says."""

    work: Path
    mode: Mode
    step_seconds: float
    ship_seconds: float
    images: Path | None

    @classmethod
    def from_arguments(cls) -> Settings:
        """Reads the command line."""
        parser = argparse.ArgumentParser(prog="ground", description=__doc__)
        parser.add_argument("--work", type=Path, required=True, help="an empty folder; the caller removes it")
        parser.add_argument("--mode", type=Mode, default=Mode.PROCESS)
        parser.add_argument("--step-seconds", type=float, default=0.05, help="how long a task stays in each phase before it runs")
        parser.add_argument("--ship-seconds", type=float, default=0.2, help="how often the log driver sends what it has")
        parser.add_argument("--images", type=Path, help="the root of a container store of podman's; it is only read")
        words = parser.parse_args()
        return cls(words.work, words.mode, words.step_seconds, words.ship_seconds, words.images)
