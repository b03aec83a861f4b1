#!/usr/bin/env python3
"""Takes each validation and each precondition out of the Terraform modules, one at a time, and looks whether a test of the module notices.

Usage: scripts/mutate-terraform.py [module...]      (all modules unless given; a few seconds for each check, so several minutes)

Works on a copy. Names every check that no test needs, and ends with 1 when there is one. Providers come from a mirror of this machine
if it has one, as in the tests; otherwise Terraform asks its registry.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

MODULES = ["modules/deploy-runner", "modules/deploy-runner/allow-list", "modules/invoke-policy"]
CHECK = re.compile(r"^ *(validation|precondition|postcondition) \{$", re.MULTILINE)
MIRRORS = ["/opt", "/usr/share", "/usr/local/share", "/usr/local/lib", "/srv", "/var/lib"]
PROVIDER = "registry.terraform.io/hashicorp/aws"


def main() -> int:
    root = Path(__file__).resolve().parent.parent / "terraform"
    with tempfile.TemporaryDirectory(prefix="mutate-terraform-") as work:
        copy = Path(work) / "terraform"
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".terraform*", "build"))
        environment = settings(Path(work))
        survivors = [name for module in sys.argv[1:] or MODULES for name in survivors_of(copy, module, environment)]
    for name in survivors:
        print(f"survived: {name}")
    print(f"{len(survivors)} survived")
    return min(len(survivors), 1)


def settings(work: Path) -> dict[str, str]:
    """An environment in which nothing of this machine counts but its mirror of providers."""
    found = [folder for prefix in MIRRORS for folder in Path(prefix).glob("*") if (folder / PROVIDER).is_dir()]
    text = ""
    if found:
        text = (
            f'provider_installation {{\n  filesystem_mirror {{\n    path = "{found[0]}"\n  }}\n'
            '  direct {\n    exclude = ["registry.terraform.io/*/*"]\n  }\n}\n'
        )
    (work / "terraform.rc").write_text(text)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))},
        "HOME": str(work),
        "TF_CLI_CONFIG_FILE": str(work / "terraform.rc"),
        "CHECKPOINT_DISABLE": "1",
    }


def survivors_of(copy: Path, module: str, environment: dict[str, str]) -> Iterator[str]:
    folder = copy / module

    def terraform(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["terraform", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)

    terraform("init", "-input=false", "-no-color")
    usual = terraform("test", "-no-color")
    if usual.returncode != 0:
        sys.exit(f"{module}: the tests fail as it is\n{usual.stdout}{usual.stderr}")
    for file in sorted(folder.glob("*.tf")):
        text = file.read_text()
        for found in CHECK.finditer(text):
            name = f"{module}/{file.name}:{text.count(chr(10), 0, found.start()) + 1}"
            file.write_text(text[: found.start()] + text[end_of_block(text, found.end()) :])
            noticed = terraform("test", "-no-color").returncode != 0
            print(f"{'noticed' if noticed else 'SURVIVED'}: {name}", flush=True)
            if not noticed:
                yield name
        file.write_text(text)


def end_of_block(text: str, start: int) -> int:
    """The place behind the brace that closes a block; braces in texts come in pairs."""
    depth = 1
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at + 1
    raise ValueError("a block without an end")


if __name__ == "__main__":
    sys.exit(main())
