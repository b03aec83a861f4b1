"""Who calls, and what their policies let them do.

Responsible for checking signatures, for sessions of roles, and for the one question *may this principal do this to that?*,
answered by moto's policy evaluator over the users, roles and policies that were made through the IAM API.
Never grants anything by default; conditions in a policy of a role or user are not supported and deny.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.iam.access_control import IAMPolicy, IAMUserAccessKey, PermissionResult
from moto.iam.models import iam_backends
from werkzeug.wrappers import Request

from .errors import AwsError
from .settings import ACCOUNT

SESSION_LIFETIME = timedelta(hours=1)
ALWAYS_ALLOWED = {"sts:GetCallerIdentity"}


@dataclass(frozen=True)
class Session:
    """Short-lived keys of a role."""

    role: str
    name: str
    access_key: str
    secret_key: str
    token: str

    @property
    def arn(self) -> str:
        return f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.role}/{self.name}"

    def document(self) -> dict[str, str]:
        """As the container credentials endpoint answers."""
        expires = datetime.now(UTC) + SESSION_LIFETIME
        return {
            "AccessKeyId": self.access_key,
            "SecretAccessKey": self.secret_key,
            "Token": self.token,
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{self.role}",
        }


@dataclass(frozen=True)
class Caller:
    """Whoever signed a request."""

    arn: str
    policies: tuple[IAMPolicy, ...] | None
    """`None`: the ground itself, which may do everything."""

    def require(self, action: str, resource: str) -> None:
        """Refuses what no policy allows, in the words of AWS."""
        if self.policies is None or action in ALWAYS_ALLOWED:
            return
        verdicts = [policy.is_action_permitted(action, resource) for policy in self.policies]
        if PermissionResult.DENIED in verdicts:
            raise AwsError(
                "AccessDeniedException",
                f"User: {self.arn} is not authorized to perform: {action} on resource: {resource} "
                "with an explicit deny in an identity-based policy",
                403 if action.startswith("lambda:") else 400,
            )
        if PermissionResult.PERMITTED not in verdicts:
            raise AwsError(
                "AccessDeniedException",
                f"User: {self.arn} is not authorized to perform: {action} on resource: {resource} "
                f"because no identity-based policy allows the {action} action",
                403 if action.startswith("lambda:") else 400,
            )


class Identities:
    """Keys, and whose they are."""

    def __init__(self) -> None:
        self.own = Credentials("AKIAGROUND0000000000", secrets.token_hex(20))
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}

    def session(self, role_arn: str, name: str) -> Session:
        """New keys of a role that exists."""
        role = role_arn.split("/")[-1]
        session = Session(
            role, name, "ASIA" + secrets.token_hex(8).upper(), secrets.token_hex(20), secrets.token_urlsafe(60)
        )
        with self._lock:
            self._sessions[session.access_key] = session
        return session

    def caller(self, request: Request, body: bytes) -> Caller:
        """Who signed the request; refuses a signature that is wrong."""
        scope = _credential_scope(request)
        key, _day, region, service = scope[:4]
        keys, caller = self._known(key, request)
        if request.headers.get("X-Amz-Security-Token") != keys.token:
            raise AwsError("UnrecognizedClientException", "The security token included in the request is invalid.", 403)
        if service in ("lambda", "ecs", "logs", "s3"):
            _check_signature(request, body, keys, service, region)
        return caller

    def _known(self, key: str, request: Request) -> tuple[Credentials, Caller]:
        if key == self.own.access_key:
            return self.own, Caller(f"arn:aws:iam::{ACCOUNT}:root", None)
        with self._lock:
            session = self._sessions.get(key)
        if session is not None:
            keys = Credentials(session.access_key, session.secret_key, session.token)
            return keys, Caller(session.arn, tuple(_policies_of_role(session.role)))
        try:
            user = IAMUserAccessKey(ACCOUNT, "aws", key, {})
        except Exception as unknown:
            message = "The security token included in the request is invalid."
            raise AwsError("UnrecognizedClientException", message, 403) from unknown
        return user.create_credentials(), Caller(user.arn, tuple(map(IAMPolicy, user.collect_policies())))


def service_of(request: Request) -> str:
    """The service that the request was signed for."""
    return _credential_scope(request)[3]


def _credential_scope(request: Request) -> list[str]:
    header = request.headers.get("Authorization", "")
    scope = header.partition("Credential=")[2].partition(",")[0].split("/")
    if len(scope) != 5:
        raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
    return scope


def _policies_of_role(role: str) -> list[IAMPolicy]:
    backend: Any = iam_backends[ACCOUNT]["aws"]
    inline = [backend.get_role_policy(role, name)[1] for name in backend.list_role_policies(role)]
    attached, _marker = backend.list_attached_role_policies(role)
    return [IAMPolicy(policy) for policy in [*inline, *attached]]


def _check_signature(request: Request, body: bytes, keys: Credentials, service: str, region: str) -> None:
    header = request.headers["Authorization"]
    signed = header.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    headers = {name: request.headers[name] for name in signed if name in request.headers}
    uri = request.environ.get("RAW_URI") or request.environ["REQUEST_URI"]
    copy = AWSRequest(request.method, f"http://{request.host}{uri}", data=body, headers=headers)
    copy.context["timestamp"] = request.headers.get("X-Amz-Date", "")
    auth = (S3SigV4Auth if service == "s3" else SigV4Auth)(keys, service, region)
    expected = auth.signature(auth.string_to_sign(copy, auth.canonical_request(copy)), copy)
    if header.partition("Signature=")[2].strip() != expected:
        raise AwsError(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method.",
            403,
        )
