"""Refusals in the words of AWS, and how each protocol writes them."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response


OF_S3 = {"InvalidSignatureException": "SignatureDoesNotMatch", "UnrecognizedClientException": "InvalidAccessKeyId"}
"""S3 has words of its own."""


class AwsError(Exception):
    """A refusal: the type and the message that AWS answers with."""

    def __init__(self, code: str, message: str, status: int = 400, **fields: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields

    def answer(self, service: str) -> Response:
        """The refusal as the protocol of this service writes it."""
        headers = {"x-amzn-errortype": self.code}
        if service == "s3":
            code = OF_S3.get(self.code, self.code.removesuffix("Exception"))
            body = f"<Error><Code>{escape(code)}</Code><Message>{escape(self.message)}</Message></Error>"
            return Response(body, 403, headers, content_type="application/xml")
        if service in ("iam", "sts", "ec2"):
            body = (
                f"<ErrorResponse><Error><Code>{escape(self.code)}</Code>"
                f"<Message>{escape(self.message)}</Message></Error></ErrorResponse>"
            )
            return Response(body, self.status, headers, content_type="text/xml")
        fields = {"__type": self.code, "message": self.message, **self.fields}
        if service == "lambda":
            fields = {"Type": "User", "Message": self.message, **self.fields}
        return Response(json.dumps(fields), self.status, headers, content_type="application/x-amz-json-1.1")
