"""Refusals in each service's own wire format.

Source: the API references' "Common Errors" of IAM, STS, EC2 and S3; botocore's parsers for the JSON protocols.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from leastkey.sandbox.request import Refusal, Response

if TYPE_CHECKING:
    from leastkey.sandbox.request import Denial
    from leastkey.sandbox.services import Service

__all__ = ["denied", "internal", "not_built", "plain", "refused"]

_NOT_ALLOWED: Final = {
    "ec2": ("UnauthorizedOperation", 403),
    "json": ("AccessDeniedException", 400),
    "rest-json": ("AccessDeniedException", 403),
    "sns": ("AuthorizationError", 403),
}


def refused(refusal: Refusal, service: Service | None, request_id: str, *, head: bool = False) -> Response:
    """Write a refusal as the service's clients read it; an answer to HEAD has no body."""
    headers: list[tuple[str, str]] = []
    if service is not None and service.protocol in ("json", "rest-json"):
        headers.append(("x-amzn-ErrorType", refusal.code))
        headers.append(("Content-Type", f"application/x-amz-json-{service.json_version}"))
        body = json.dumps({"__type": refusal.code, "message": refusal.message})
    else:
        kind = "application/xml" if service is not None and service.is_s3 else "text/xml"
        headers.append(("Content-Type", kind))
        body = _xml(refusal, service, request_id)
    return Response(refusal.status, tuple(headers), b"" if head else body.encode())


def plain(status: int, text: str) -> Response:
    """Give a fixed line for a request that is not even addressed to us."""
    return Response(status, (("Content-Type", "text/plain; charset=utf-8"),), f"{text}\n".encode())


def denied(denial: Denial, service: Service) -> Refusal:
    """Turn a denied authorization into the service's own refusal."""
    code, status = _NOT_ALLOWED.get(service.name) or _NOT_ALLOWED.get(service.protocol, ("AccessDenied", 403))
    return Refusal(status, code, denial.message)


def not_built(what: str) -> Refusal:
    """Refuse what AWS has and the sandbox does not."""
    return Refusal(501, "NotImplemented", f"{what} is not built into the leastkey sandbox.")


def internal(service: Service | None) -> Refusal:
    """Give the answer to a fault of ours: nothing was allowed."""
    code = (
        "InternalError"
        if service is not None and service.protocol in ("ec2", "rest-xml")
        else "InternalFailure"
    )
    return Refusal(500, code, "The sandbox met an error of its own; see its log for the request id.")


def _xml(refusal: Refusal, service: Service | None, request_id: str) -> str:
    code, message = escape(refusal.code), escape(_printable(refusal.message))
    if service is not None and service.is_s3:
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>'
            f"<RequestId>{request_id}</RequestId><HostId>{request_id}</HostId></Error>"
        )
    if service is not None and service.protocol == "ec2":
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{code}</Code>'
            f"<Message>{message}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>"
        )
    namespace = f' xmlns="{service.namespace}"' if service is not None and service.namespace else ""
    side = "Sender" if refusal.status < 500 else "Receiver"
    return (
        f"<ErrorResponse{namespace}><Error><Type>{side}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )


def _printable(text: str) -> str:
    """Replace what XML cannot hold."""
    return "".join(character if character.isprintable() or character in "\n\t" else "?" for character in text)
