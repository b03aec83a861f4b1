"""How long a Lambda function takes from its start to its first question for work: the invoker, and a Python handler that does the same.

Usage: first_poll.py BOOTSTRAP COMPILED_ALLOW_LIST PYTHON ROUNDS. PYTHON is an interpreter that has boto3.
Prints the medians in milliseconds and their ratio: `NATIVE PYTHON RATIO`.
"""

import os
import re
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")

# The same: the allow-list read and its patterns compiled, a client for each of the two services, and its first request sent.
HANDLER = '''
import http.client, json, os, re
import boto3

def patterns(value):
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "pattern" and isinstance(inner, str):
                yield inner
            else:
                yield from patterns(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from patterns(inner)

with open(os.environ["LAMBDA_TASK_ROOT"] + "/allow-list.json") as file:
    allow_list = json.load(file)
compiled = [re.compile(pattern) for pattern in patterns(allow_list)]
cluster, run = os.environ["DEPLOY_RUNNER_CLUSTER"], "0" * 32
boto3.client("ecs").describe_tasks(cluster=cluster, tasks=[run], include=["TAGS"])
boto3.client("logs").get_log_events(
    logGroupName=os.environ["DEPLOY_RUNNER_LOG_GROUP"], logStreamName="job/job/" + run, startFromHead=True
)
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
connection.request("GET", "/2018-06-01/runtime/invocation/next")
connection.getresponse()
'''


class RuntimeApi:
    """Notes when somebody asks for work, and never gives any. Everything else is answered with nothing, at once: what is measured is who asks."""

    NOTHING = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
    LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)

    def __init__(self):
        self.asked = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        received = {}
        while not self.asked.is_set():
            for key, _ in self.selector.select():
                if key.fileobj is self.listener:
                    connection, _ = self.listener.accept()
                    self.selector.register(connection, selectors.EVENT_READ)
                    received[connection] = b""
                    continue
                connection = key.fileobj
                data = connection.recv(1 << 16)
                if not data:
                    self.selector.unregister(connection)
                    continue
                received[connection] = self.answered(connection, received[connection] + data)

    def answered(self, connection, data):
        """Answers what is whole, and gives back the rest."""
        while (end := data.find(b"\r\n\r\n")) >= 0:
            head, length = data[:end], self.LENGTH.search(data[:end])
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(data) < whole:
                break
            data = data[whole:]
            path = head.split(b" ", 2)[1]
            if path.endswith(b"/invocation/next"):
                self.asked.set()
            else:
                connection.sendall(self.NOTHING)
        return data


def first_poll(command, environment):
    api = RuntimeApi()
    environment = environment | {"AWS_LAMBDA_RUNTIME_API": api.address, "AWS_ENDPOINT_URL": f"http://{api.address}"}
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if not api.asked.wait(30):
        process.kill()
        sys.exit(f"{command[0]} never asked for work: {process.communicate()[1].decode()}")
    took = time.perf_counter() - begun
    process.kill()
    process.communicate()
    return took * 1000


def main():
    bootstrap, allow_list, python, rounds = sys.argv[1:]
    with tempfile.TemporaryDirectory() as root:
        shutil.copy(allow_list, os.path.join(root, "allow-list.json"))
        environment = {
            "PATH": os.environ["PATH"],
            "LAMBDA_TASK_ROOT": root,
            "AWS_LAMBDA_FUNCTION_NAME": "deploy-runner-invoker",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/deploy-runner-invoker",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/21/[1]0123456789abcdef",
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "an-example",
            "AWS_SECRET_ACCESS_KEY": "an-example",
            # One file. Debian has a folder of single certificates beside it, which would be read too.
            "SSL_CERT_FILE": next(filter(os.path.exists, BUNDLES)),
            "DEPLOY_RUNNER_CLUSTER": "deploy-runner",
            "DEPLOY_RUNNER_SUBNETS": "subnet-0123456789abcdef0",
            "DEPLOY_RUNNER_SECURITY_GROUPS": "sg-0123456789abcdef0",
            "DEPLOY_RUNNER_TASK_DEFINITIONS": '{"terraform-planner": "deploy-runner-terraform-planner:1"}',
            "DEPLOY_RUNNER_LOG_GROUP": "/deploy-runner/jobs",
        }
        native, interpreted = [], []
        for _round in range(int(rounds)):
            native.append(first_poll([bootstrap], environment))
            interpreted.append(first_poll([python, "-c", HANDLER], environment))
    ours, theirs = statistics.median(native), statistics.median(interpreted)
    print(f"{ours:.1f} {theirs:.1f} {theirs / ours:.1f}")


if __name__ == "__main__":
    main()
