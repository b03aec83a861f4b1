"""The one loopback port: our own operations first, moto for everything else.

Responsible for who may call what, and for the record of every request. Never listens on anything but the loopback address.
"""

from __future__ import annotations

import io
import json
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from .ecs_api import EcsApi
from .errors import AwsError
from .functions import Functions
from .identity import Caller, Identities, service_of
from .log_api import refuse_unknown_stream
from .settings import ACCOUNT, REGION
from .tasks import Tasks

FUNCTIONS = "/2015-03-31/functions/"
FORM = "application/x-www-form-urlencoded"
SERVICES_WITH_BODY = ("ecs", "lambda", "logs")
OBJECT_ACTIONS = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
BUCKET_ACTIONS = {"GET": "ListBucket", "HEAD": "ListBucket"}
WHAT_LISTING_SAYS = {"list-type", "prefix", "delimiter", "max-keys", "encoding-type", "marker", "start-after", "continuation-token"}
WHAT_AN_OBJECT_IS_CALLED_WITH = {"x-id", "partNumber", "versionId"}


class _QuietHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """The record of requests is kept by the server itself."""


class Server:
    """Everything behind one port."""

    def __init__(self, identities: Identities, tasks: Tasks, ecs: EcsApi, functions: Functions) -> None:
        self._identities = identities
        self._tasks = tasks
        self._ecs = ecs
        self._functions = functions
        self._moto = DomainDispatcherApplication(create_backend_app)
        self.requests: list[dict[str, Any]] = []
        self._http: BaseWSGIServer = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=_QuietHandler)
        self._http.daemon_threads = True  # type: ignore[attr-defined]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def start(self) -> None:
        """Begins to answer."""
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Answers nothing any more."""
        self._http.shutdown()
        self._http.server_close()

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        if request.path.startswith("/_ground/"):
            return self._about_a_task(request)(environ, start_response)
        noted = {"at": time.time(), "service": "", "action": "", "caller": "", "error": None}
        self.requests.append(noted)
        try:
            call = Call.read(request)
            noted["service"], noted["action"] = call.service, call.action
            caller = self._identities.caller(request, call.body)
            noted["caller"] = caller.arn
            answer = self._own(call, caller)
            if answer is None:
                caller.require(f"{call.service}:{call.action}", call.resource())
                if (call.service, call.action) == ("logs", "GetLogEvents"):
                    refuse_unknown_stream(call.body)
                return self._moto(call.again(), start_response)
        except AwsError as refusal:
            noted["error"] = refusal.code
            answer = refusal.answer(noted["service"])
        return answer(environ, start_response)

    def _own(self, call: Call, caller: Caller) -> Response | None:
        if call.service == "ecs" and self._ecs.answers(call.action):
            answer = self._ecs.call(call.action, call.body, caller)
            return Response(json.dumps(answer), content_type="application/x-amz-json-1.1")
        if call.service == "lambda" and call.action == "InvokeFunction":
            request = call.request
            name = urllib.parse.unquote(request.path.removeprefix(FUNCTIONS).removesuffix("/invocations"))
            kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
            status, headers, body = self._functions.invoke(name, request.args.get("Qualifier"), kind, call.body, caller)
            return Response(body, status, headers, content_type="application/json")
        return None

    def _about_a_task(self, request: Request) -> Response:
        """What a task may ask for from inside: its metadata and the keys of its role."""
        words = request.path.split("/")[3:]
        task = self._tasks.by_id.get(words[0])
        if task is None:
            return Response("no such task", 404)
        if words[1:] == ["credentials"] and task.task_role is not None:
            return Response(json.dumps(self._identities.session(task.task_role, task.id).document()), content_type="application/json")
        return Response(json.dumps(task.document(with_tags=False)), content_type="application/json")


@dataclass(frozen=True)
class Call:
    """A request, and what it asks for."""

    request: Request
    service: str
    action: str
    body: bytes

    @classmethod
    def read(cls, request: Request) -> Call:
        """Bodies of other services, which may be large, stay unread."""
        service = service_of(request)
        form = (request.content_type or "").startswith(FORM)
        body = request.get_data() if form or service in SERVICES_WITH_BODY else b""
        action = _action_of_s3(request) if service == "s3" else None
        return cls(request, service, action or _action(request, body.decode() if form else ""), body)

    def again(self) -> dict[str, Any]:
        """The request for another reader."""
        environ: dict[str, Any] = self.request.environ
        if self.body:
            environ["wsgi.input"] = io.BytesIO(self.body)
        return environ

    def resource(self) -> str:
        """The resource that a policy must allow. Those of the log store and of S3 are known; elsewhere a policy must allow `*`."""
        if self.service == "s3" and self.action in {*OBJECT_ACTIONS.values(), *BUCKET_ACTIONS.values()}:
            return f"arn:aws:s3:::{urllib.parse.unquote(self.request.path).strip('/')}"
        asked = json.loads(self.body or b"{}") if self.service == "logs" else {}
        group = asked.get("logGroupName")
        if group is None:
            return "*"
        stream = asked.get("logStreamName")
        return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:" + (f"log-stream:{stream}" if stream else "*")


def _action_of_s3(request: Request) -> str | None:
    """The permission that a plain operation on an object or a bucket needs. Paths are `/BUCKET` and `/BUCKET/KEY`."""
    bucket, _slash, key = request.path.strip("/").partition("/")
    asked = set(request.args)
    if key and asked <= WHAT_AN_OBJECT_IS_CALLED_WITH:
        return OBJECT_ACTIONS.get(request.method)
    if bucket and not key and asked <= WHAT_LISTING_SAYS:
        return BUCKET_ACTIONS.get(request.method)
    return None


def _action(request: Request, form: str) -> str:
    """The name of the operation, as far as the request tells."""
    target = request.headers.get("X-Amz-Target")
    if target:
        return str(target.rpartition(".")[2])
    if request.path.startswith(FUNCTIONS) and request.path.endswith("/invocations"):
        return "InvokeFunction"
    if form:
        return urllib.parse.parse_qs(form).get("Action", [""])[0]
    return f"{request.method} {request.path}"
