"""How long a Lambda function takes from its start to its first question for work: the invoker, and a Python handler that does the same.

Usage: first_poll.py BOOTSTRAP COMPILED_ALLOW_LIST PYTHON ROUNDS. PYTHON is an interpreter that has boto3.
Prints the medians in milliseconds and their ratio: `NATIVE PYTHON RATIO`.
"""

import http.server
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HANDLER = '''
import http.client, json, os
import boto3

boto3.client("ecs")
boto3.client("logs")
with open(os.environ["LAMBDA_TASK_ROOT"] + "/allow-list.json") as file:
    json.load(file)
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
connection.request("GET", "/2018-06-01/runtime/invocation/next")
connection.getresponse()
'''


class RuntimeApi(http.server.ThreadingHTTPServer):
    """Notes when somebody asks for work, and never gives any. Everything else is answered with nothing."""

    daemon_threads = True

    def __init__(self):
        self.asked = threading.Event()
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.endswith("/invocation/next"):
            self.server.asked.set()
            time.sleep(60)
        self.nothing()

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.endswith("/init/error"):
            sys.exit("the function failed at its start")
        self.nothing()

    def nothing(self):
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_words):
        pass


def first_poll(command, environment):
    api = RuntimeApi()
    address = f"127.0.0.1:{api.server_address[1]}"
    environment = environment | {"AWS_LAMBDA_RUNTIME_API": address, "AWS_ENDPOINT_URL": f"http://{address}"}
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if not api.asked.wait(30):
        process.kill()
        sys.exit(f"{command[0]} never asked for work: {process.communicate()[1].decode()}")
    took = time.perf_counter() - begun
    process.kill()
    process.communicate()
    threading.Thread(target=api.shutdown, daemon=True).start()
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
