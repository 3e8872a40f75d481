"""DeleteObjects: each object by itself. What is denied is listed as an error, and the rest is deleted.

Source: S3 API Reference, DeleteObjects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from leastkey.sandbox.authorize.decision import denial
from leastkey.sandbox.errors import refused
from leastkey.sandbox.request import Refusal, Response
from leastkey.sandbox.resolve.context import request_context
from leastkey.sandbox.resolve.resources_s3 import bypasses, delete_asks, deleted_keys, is_quiet
from leastkey.sandbox.resolve.s3_operation import target
from leastkey.sandbox.services import BY_SIGNING_NAME

if TYPE_CHECKING:
    from leastkey.sandbox.request import AwsRequest, Caller, Operation
    from leastkey.sandbox.state.world import World

__all__ = ["deleted", "is_split"]

_MOST: Final = 1_000
_ESCAPED: Final = {"\r": "&#13;", "\n": "&#10;"}


def is_split(request: AwsRequest, operation: Operation, world: World) -> bool:
    """Say whether a request is decided object by object, when it is carried out."""
    return (
        request.service == "s3"
        and operation.name == "DeleteObjects"
        and world.bucket(target(request).bucket) is not None
    )


def deleted(request: AwsRequest, caller: Caller, world: World) -> Response:
    """Delete what the caller may delete of what the request names."""
    keys = deleted_keys(request.body)
    if not keys or len(keys) > _MOST:
        words = "The XML you provided was not well-formed or did not validate against our published schema"
        return refused(Refusal(400, "MalformedXML", words), BY_SIGNING_NAME["s3"], request.request_id)
    name = target(request).bucket
    found = world.bucket(name)
    owner = "" if found is None else found[0]
    context = request_context(request, caller, world)
    rows: list[str] = []
    for key, version in keys:
        asks = delete_asks(request, name, owner, key, version, world)
        denials = (denial(request, each, caller, world, context) for each in asks)
        refusal = next((each.message for each in denials if each is not None), None)
        if refusal is None:
            refusal, row = _delete(world.backend("s3", owner), name, key, version, bypass=bypasses(request))
            rows += [] if is_quiet(request.body) or refusal else [row]
        if refusal is not None:
            rows.append(_error(key, version, refusal))
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{"".join(rows)}</DeleteResult>'
    )
    return Response(200, (("Content-Type", "application/xml"),), body.encode())


def _delete(s3: Any, bucket: str, key: str, version: str, *, bypass: bool) -> tuple[str | None, str]:
    from moto.s3.exceptions import AccessDeniedByLock

    try:
        _, said = s3.delete_object(bucket, key, version_id=version or None, bypass=bypass)
    except AccessDeniedByLock:
        return "Access Denied because object protected by object lock.", ""
    marks = bool(said.get("delete-marker"))
    made = str(said.get("version-id", "")) if marks else ""
    fields = {
        "Key": key,
        "VersionId": version,
        "DeleteMarker": "true" if marks else "",
        "DeleteMarkerVersionId": made,
    }
    return None, f"<Deleted>{_fields(fields)}</Deleted>"


def _error(key: str, version: str, words: str) -> str:
    fields = {"Key": key, "VersionId": version, "Code": "AccessDenied", "Message": words}
    return f"<Error>{_fields(fields)}</Error>"


def _fields(fields: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(text, _ESCAPED)}</{name}>" for name, text in fields.items() if text)
