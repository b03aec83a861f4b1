"""Root file systems for podman, made of programs of this machine and the libraries that they load. Nothing is pulled from anywhere.

Responsible for what is in an image. Never for what runs in it.
"""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

from .hosts import PodmanHost

USER = "1000:1000"
LIBRARY = re.compile(r"(/\S+)\s+\(0x")


def image(host: PodmanHost, name: str, programs: dict[str, str], entry_point: list[str]) -> None:
    """An image of programs, each by its path inside and its path on this machine, run as an ordinary user."""
    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for inside, outside in _with_libraries(programs).items():
                _add(archive, inside, Path(outside).read_bytes())
            _add(archive, "/etc/passwd", f"job:x:{USER}::/:/bin/sh\n".encode())
            for folder in ("/proc", "/dev", "/sys", "/tmp"):
                entry = tarfile.TarInfo(folder.lstrip("/"))
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(entry)
        file.flush()
        host.add(name, Path(file.name), entry_point, USER)


def _with_libraries(programs: dict[str, str]) -> dict[str, str]:
    """A library is where the program looks for it. A script has none, and neither has a static program."""
    libraries = {}
    for outside in programs.values():
        answer = subprocess.run(["ldd", outside], capture_output=True, text=True, check=False)
        libraries.update({path: path for path in LIBRARY.findall(answer.stdout)})
    return {**libraries, **programs}


def _add(archive: tarfile.TarFile, inside: str, content: bytes) -> None:
    entry = tarfile.TarInfo(inside.lstrip("/"))
    entry.size, entry.mode = len(content), 0o755
    archive.addfile(entry, io.BytesIO(content))
