"""What CloudWatch Logs says of a stream that is not there. moto says that the group is missing, whichever it is."""

from __future__ import annotations

import json

from moto.logs.models import logs_backends

from .errors import AwsError
from .settings import ACCOUNT, REGION


def refuse_unknown_stream(body: bytes) -> None:
    """Refuses GetLogEvents of a stream that does not exist in a group that does."""
    asked = json.loads(body or b"{}")
    group = logs_backends[ACCOUNT][REGION].groups.get(asked.get("logGroupName"))
    if group is not None and asked.get("logStreamName") not in group.streams:
        raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
