"""What `valueFrom` of a task definition's secrets stands for: Secrets Manager and Parameter Store, through moto."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

RETRIED = "service call has been retried 1 time(s)"


class SecretMissing(Exception):
    """The message of the ResourceInitializationError that ECS ends the task with."""


def resolve(clients: Any, secrets: list[dict[str, str]]) -> dict[str, str]:
    """Names and values of a container's secrets."""
    return {secret["name"]: _value(clients, secret["valueFrom"]) for secret in secrets}


def _value(clients: Any, source: str) -> str:
    if source.startswith("arn:aws:secretsmanager:"):
        return _from_secrets_manager(clients, source)
    return _from_parameter_store(clients, source)


def _from_secrets_manager(clients: Any, source: str) -> str:
    """`arn:…:secret:NAME[:JSON-KEY:VERSION-STAGE:VERSION-ID]`."""
    parts = source.split(":")
    arn, key = ":".join(parts[:7]), parts[7] if len(parts) > 7 else ""
    try:
        text = clients("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    except ClientError as error:
        raise SecretMissing(
            "unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: "
            f"{RETRIED}: failed to fetch secret {source} from secrets manager: {_wording(error, 'Secrets Manager')}"
        ) from error
    return str(json.loads(text)[key] if key else text)


def _from_parameter_store(clients: Any, source: str) -> str:
    name = source.split(":parameter", 1)[-1]
    try:
        return str(clients("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    except ClientError as error:
        raise SecretMissing(
            "unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: "
            f"{RETRIED}: invalid ssm parameters: {name.lstrip('/') if name == source else name}"
        ) from error


def _wording(error: ClientError, service: str) -> str:
    answer = error.response
    return (
        f"operation error {service}: {error.operation_name}, https response error StatusCode: "
        f"400, RequestID: {answer['ResponseMetadata'].get('RequestId', '-')}, "
        f"{answer['Error']['Code']}: {answer['Error']['Message']}"
    )
