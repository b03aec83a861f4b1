"""Lambda's Invoke: really runs the `bootstrap` of the uploaded zip, one invocation at a time in each instance.

moto keeps functions, versions and aliases. Responsible for instances, for errors in the words of Lambda, and for the log group
of a function. Never interprets an event.
"""

from __future__ import annotations

import io
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
import uuid
import zipfile
from pathlib import Path
from typing import Any

from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.logs.models import logs_backends

from .children import Children
from .errors import AwsError
from .identity import Caller, Identities
from .runtime_api import Invocation, Outcome, RuntimeApi
from .settings import ACCOUNT, REGION
from .shipping import Shipper

REQUEST_BYTES = 6_291_456
ANSWER_BYTES = 6_291_556
INIT_SECONDS = 10
POLL_SECONDS = 0.02


class Instance:
    """One execution environment of a function."""

    def __init__(self, function: LambdaFunction, children: Children, identities: Identities, folder: Path, endpoint: str) -> None:
        self._function = function
        self._children = children
        self._folder = folder
        self._api = RuntimeApi()
        _unpack(function.code_bytes, folder)
        name, version = function.function_name, str(function.version)
        self._stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{version}]{uuid.uuid4().hex}"
        self._shipper = Shipper(_log_group(name), self._stream, 0.1)
        keys = identities.session(function.role, name)
        environment = {
            "PATH": os.defpath,
            "TZ": ":UTC",
            "LANG": "en_US.UTF-8",
            "LAMBDA_TASK_ROOT": str(folder),
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "_HANDLER": function.handler or "bootstrap",
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": _log_group(name),
            "AWS_LAMBDA_LOG_STREAM_NAME": self._stream,
            "AWS_EXECUTION_ENV": "AWS_Lambda_provided.al2023",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            # Where AWS is: the one thing that a function in AWS is not told.
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_SESSION_TOKEN": keys.token,
            **(function.environment_vars or {}),
        }
        self._child = children.start(
            [str(folder / "bootstrap")],
            self._api.address,
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._shipper.read, args=(self._child.process.stdout,), daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        return self._child.process.poll() is None and self._api.init_error is None

    def call(self, event: bytes, arn: str) -> Outcome:
        """Hands an event over and waits for what comes of it. An instance that failed is not alive afterwards."""
        timeout = self._function.timeout
        request = str(uuid.uuid4())
        failed = self._wait_for_init(request)
        if failed is not None:
            return failed
        self._shipper.line(f"START RequestId: {request} Version: {self._function.version}")
        invocation = Invocation(request, event, int((time.time() + timeout) * 1000), arn)
        self._api.waiting.put(invocation)
        begun = time.monotonic()
        outcome = self._wait_for_outcome(invocation, begun + timeout)
        duration = (time.monotonic() - begun) * 1000
        self._shipper.line(f"END RequestId: {request}")
        self._shipper.line(f"REPORT RequestId: {request}\tDuration: {duration:.2f} ms")
        return outcome

    def _wait_for_init(self, request: str) -> Outcome | None:
        end = time.monotonic() + INIT_SECONDS
        while not self._api.ready.wait(POLL_SECONDS):
            if self._child.process.poll() is not None:
                return self._exited(request)
            if time.monotonic() > end:
                self.end()
                return _error("Sandbox.Timedout", f"RequestId: {request} Error: Task timed out after {INIT_SECONDS}.00 seconds")
        if self._api.init_error is not None:
            error = Outcome(self._api.init_error, failed=True)
            self.end()
            return error
        return None

    def _wait_for_outcome(self, invocation: Invocation, deadline: float) -> Outcome:
        while True:
            try:
                outcome = invocation.outcome.get(timeout=POLL_SECONDS)
            except queue.Empty:
                if self._child.process.poll() is not None:
                    return self._exited(invocation.id)
                if time.monotonic() > deadline:
                    self.end()
                    seconds = f"{self._function.timeout:.2f}"
                    return _error("Sandbox.Timedout", f"RequestId: {invocation.id} Error: Task timed out after {seconds} seconds")
                continue
            if len(outcome.body) > ANSWER_BYTES:
                return _error(
                    "Function.ResponseSizeTooLarge",
                    f"Response payload size exceeded maximum allowed payload size ({ANSWER_BYTES} bytes).",
                )
            return outcome

    def _exited(self, request: str) -> Outcome:
        code = self._child.process.returncode
        how = f"signal: {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        why = f"Runtime exited with error: {how}" if code else "Runtime exited without providing a reason"
        self.end()
        return _error("Runtime.ExitError", f"RequestId: {request} Error: {why}")

    def end(self) -> None:
        """Kills the process and waits until its words are in the log."""
        self._child.signal(signal.SIGKILL)
        self._child.process.wait()
        self._children.forget(self._child)
        self._reader.join()
        self._shipper.close()
        self._api.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Functions:
    """Instances of every version of every function."""

    def __init__(self, children: Children, identities: Identities, work: Path) -> None:
        self._children = children
        self._identities = identities
        self._work = work / "functions"
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, ...], list[Instance]] = {}
        self.started = 0
        self.endpoint = ""

    def invoke(self, name: str, qualifier: str | None, kind: str, event: bytes, caller: Caller) -> tuple[int, dict[str, str], bytes]:
        """Answers the status, the headers and the body of an Invoke."""
        plain, qualifier = _address(name, qualifier)
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{plain}" + (f":{qualifier}" if qualifier else "")
        caller.require("lambda:InvokeFunction", arn)
        function = _find(plain, qualifier, arn)
        _check_event(event)
        if kind == "DryRun":
            return 204, {}, b""
        if kind == "Event":
            threading.Thread(target=self._run, args=(function, event, arn), daemon=True).start()
            return 202, {}, b""
        outcome = self._run(function, event, arn)
        headers = {"X-Amz-Executed-Version": str(function.version)}
        if outcome.failed:
            headers["X-Amz-Function-Error"] = "Unhandled"
        return 200, headers, outcome.body

    def _run(self, function: LambdaFunction, event: bytes, arn: str) -> Outcome:
        key = (function.function_arn, str(function.version), function.code_sha_256, json.dumps(function.environment_vars), function.role)
        with self._lock:
            idle = self._idle.setdefault(key, [])
            instance = next((idle.pop() for _ in list(idle) if idle[-1].alive), None)
        if instance is None:
            instance = self._new(function)
        outcome = instance.call(event, arn)
        if instance.alive:
            with self._lock:
                idle.append(instance)
        return outcome

    def _new(self, function: LambdaFunction) -> Instance:
        with self._lock:
            self.started += 1
            folder = self._work / str(self.started)
        return Instance(function, self._children, self._identities, folder, self.endpoint)


def _unpack(code: bytes, folder: Path) -> None:
    folder.mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        for member in archive.infolist():
            path = Path(archive.extract(member, folder))
            path.chmod((member.external_attr >> 16) & 0o777 or 0o644)


def _log_group(name: str) -> str:
    group = f"/aws/lambda/{name}"
    backend = logs_backends[ACCOUNT][REGION]
    if group not in backend.groups:
        backend.create_log_group(group, {})
    return group


def _address(name: str, qualifier: str | None) -> tuple[str, str | None]:
    """A function's name and qualifier, from a name, a partial ARN or a whole one."""
    parts = name.split(":")
    if parts[:2] == ["arn", "aws"]:
        if parts[3] != REGION:
            raise _not_found(f"Functions from '{parts[3]}' are not reachable in this region ('{REGION}')")
        parts = parts[4:]
    if len(parts) > 2:
        if parts[0] != ACCOUNT:
            raise _not_found(f"Function not found: {name}")
        parts = parts[2:]
    if len(parts) > 1 and qualifier not in (None, parts[1]):
        message = "The derived qualifier from the function name does not match the specified qualifier."
        raise AwsError("InvalidParameterValueException", message)
    return parts[0], parts[1] if len(parts) > 1 else qualifier


def _find(name: str, qualifier: str | None, arn: str) -> LambdaFunction:
    try:
        function: Any = lambda_backends[ACCOUNT][REGION].get_function(name, qualifier)
    except Exception as unknown:
        raise _not_found(f"Function not found: {arn}") from unknown
    return function


def _not_found(message: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message, 404)


def _check_event(event: bytes) -> None:
    if len(event) > REQUEST_BYTES:
        message = f"Request must be smaller than {REQUEST_BYTES} bytes for the InvokeFunction operation"
        raise AwsError("RequestTooLargeException", message, 413)
    try:
        json.loads(event or b"{}")
    except ValueError as error:
        raise AwsError("InvalidRequestContentException", f"Could not parse request body into json: {error}") from error


def _error(kind: str, message: str) -> Outcome:
    return Outcome(json.dumps({"errorType": kind, "errorMessage": message}).encode(), failed=True)
