"""What `infrastructure-deploy-script` adds to the tool that it runs: its own time, and what it takes to fetch one commit of a large repository.

Usage: deploy_script.py SCRIPT ROUNDS. Compares with `git clone --depth 1` of the same repositories, in alternating rounds.
The tool is a stand-in that says one line at once, so that nothing of its own time is measured.
Prints, as medians in milliseconds: `OWN FETCH CLONE`.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

LARGE, SMALL = 10_000, 1
FILES_PER_DIRECTORY = 100
TOOL = "#!/bin/sh\necho the tool speaks\n"


class Repository:
    """A bare repository of so many files, with one module to deploy."""

    def __init__(self, place, files, environment):
        self.place, self.environment = place, environment
        work = os.path.join(place, "work")
        os.makedirs(os.path.join(work, "module"))
        with open(os.path.join(work, "module", "main.tf"), "w") as file:
            file.write('terraform {\n  backend "http" {}\n}\n')
        for number in range(files):
            directory = os.path.join(work, "files", str(number // FILES_PER_DIRECTORY))
            os.makedirs(directory, exist_ok=True)
            with open(os.path.join(directory, f"{number}.tf"), "w") as file:
                file.write(f"# file {number}\n" * 20)
        self.git(work, "init", "--quiet", "--initial-branch=main", ".")
        self.git(work, "add", "--all")
        self.git(work, "-c", "user.name=bench", "-c", "user.email=bench@example.com", "commit", "--quiet", "--message=all")
        self.commit = self.git(work, "rev-parse", "HEAD")
        self.git(place, "clone", "--quiet", "--bare", "work", "origin.git")
        self.url = "file://" + os.path.join(place, "origin.git")
        shutil.rmtree(work)

    def git(self, directory, *words):
        done = subprocess.run(["git", *words], cwd=directory, env=self.environment, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def clone(self):
        """Seconds that git needs for the same files."""
        target = os.path.join(self.place, "clone")
        begun = time.perf_counter()
        self.git(self.place, "clone", "--quiet", "--depth=1", "--branch=main", self.url, target)
        took = time.perf_counter() - begun
        shutil.rmtree(target)
        return took

    def deploy(self, script):
        """Seconds from the script's start to the tool's first line."""
        words = ["--command=plan", f"--repo={self.url}", f"--ref={self.commit}", "--deploy-path=module", "--protected-ref=refs/heads/main"]
        begun = time.perf_counter()
        process = subprocess.Popen([script, *words], cwd=self.place, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        said = process.stdout.readline()
        took = time.perf_counter() - begun
        rest = process.communicate()
        if said != b"the tool speaks\n":
            sys.exit(f"the tool was not reached: {rest[1].decode()}")
        return took


def main():
    script, rounds = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory() as place:
        tool = os.path.join(place, "bin", "terraform")
        os.mkdir(os.path.dirname(tool))
        with open(tool, "w") as file:
            file.write(TOOL)
        os.chmod(tool, 0o755)
        environment = {
            "PATH": os.path.dirname(tool) + ":" + os.environ["PATH"],
            "HOME": place,
            "TMPDIR": place,
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        repositories = []
        for name, files in (("small", SMALL), ("large", LARGE)):
            os.mkdir(os.path.join(place, name))
            repositories.append(Repository(os.path.join(place, name), files, environment))
        clones, deploys = ([], []), ([], [])
        for _round in range(rounds):
            for size, repository in enumerate(repositories):
                clones[size].append(repository.clone())
                deploys[size].append(repository.deploy(script))
    small_clone, clone = (statistics.median(times) * 1000 for times in clones)
    small_deploy, deploy = (statistics.median(times) * 1000 for times in deploys)
    own = small_deploy - small_clone
    print(f"{own:.1f} {deploy - own:.1f} {clone:.1f}")


if __name__ == "__main__":
    main()
