#!/usr/bin/env python3
"""Adds to an inventory of an image (SPDX, JSON) the crates that our own programs in it are made of: syft sees such a program as a file.

Usage: scripts/sbom-crates.py INVENTORY

Asks cargo for what scripts/dist.sh builds, so features are those of the build. Each crate is a package, contained in the image and linked into its
program. Crates that only run while something is compiled are left out. Never reaches out.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT_TOGETHER = ["infrastructure-deployer", "deploy-runner", "engine-local", "deploy-scripts", "invoker-lambda"]
"""The packages that scripts/dist.sh names."""
SCRIPTS = "opt/deploy-runner/scripts/"
RUNNER = re.compile(r"(usr/local/bin|kaniko)/deploy-runner$")
LINE = re.compile(r"(\d+)(\S+) v(\S+)(.*)\|(.*)$")

Crate = tuple[str, str]


def main(inventory: Path) -> None:
    document = json.loads(inventory.read_text())
    licences, needs = graph()
    image = next(each["relatedSpdxElement"] for each in document["relationships"] if each["relationshipType"] == "DESCRIBES")
    linked: dict[Crate, list[str]] = {}
    for file in document["files"]:
        if (package := package_of(file["fileName"])) is not None:
            for crate in below(package, needs):
                linked.setdefault(crate, []).append(file["SPDXID"])
    if not linked:
        sys.exit(f"{inventory}: none of our own programs is in it")
    for crate, programs in sorted(linked.items()):
        document["packages"].append(package_for(crate, licences[crate]))
        related = [(image, "CONTAINS"), *((program, "STATIC_LINK") for program in programs)]
        document["relationships"] += [
            {"spdxElementId": element, "relatedSpdxElement": identifier(crate), "relationshipType": kind} for element, kind in related
        ]
    inventory.write_text(json.dumps(document))


def package_of(file: str) -> str | None:
    """The package of the workspace that a file of an image is built from."""
    if file.startswith(SCRIPTS):
        return "deploy-scripts"
    return "deploy-runner" if RUNNER.match(file) else None


def graph() -> tuple[dict[Crate, str], dict[Crate, set[Crate]]]:
    """The licence of each crate, and what each needs. A crate's own tree is printed where it is met first, and only there."""
    words = ["cargo", "tree", "--locked", "--offline", "--edges", "normal,no-proc-macro", "--prefix", "depth", "--format", "{p}|{l}"]
    words += [word for package in BUILT_TOGETHER for word in ("--package", package)]
    licences: dict[Crate, str] = {}
    needs: dict[Crate, set[Crate]] = {}
    above: list[Crate] = []
    for line in subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines():
        if (found := LINE.match(line)) is None:
            continue
        depth, crate = int(found[1]), (found[2], found[3])
        licences[crate] = re.sub(r"\s*/\s*", " OR ", found[5].removesuffix(" (*)"))
        needs.setdefault(crate, set())
        above[depth:] = [crate]
        if depth > 0:
            needs[above[depth - 1]].add(crate)
    return licences, needs


def below(package: str, needs: dict[Crate, set[Crate]]) -> set[Crate]:
    """A package of the workspace with everything that it needs."""
    waiting = [crate for crate in needs if crate[0] == package]
    found: set[Crate] = set()
    while waiting:
        crate = waiting.pop()
        if crate not in found:
            found.add(crate)
            waiting += needs[crate]
    return found


def identifier(crate: Crate) -> str:
    return "SPDXRef-Package-rust-crate-" + re.sub(r"[^A-Za-z0-9.-]", "-", "-".join(crate))


def package_for(crate: Crate, licence: str) -> dict[str, object]:
    name, version = crate
    return {
        "name": name,
        "SPDXID": identifier(crate),
        "versionInfo": version,
        "supplier": "NOASSERTION",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "sourceInfo": "acquired package info from Cargo.lock",
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": licence or "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": f"pkg:cargo/{name}@{version}"}
        ],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
