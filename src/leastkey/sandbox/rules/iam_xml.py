"""Answers of IAM in its wire format, written from plain values.

Source: IAM API Reference; the query protocol's lists are `member` elements, its maps `entry` elements.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from leastkey.sandbox.request import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.sandbox.request import AwsRequest, Operation

__all__ = ["NAMESPACE", "Entries", "answer", "element", "time_text"]

NAMESPACE: Final = "https://iam.amazonaws.com/doc/2010-05-08/"


class Entries(dict[str, str]):
    """A map of the wire format: `entry` elements of key and value, where an object has named fields."""


def answer(request: AwsRequest, operation: Operation, result: Mapping[str, Any] | None = None) -> Response:
    """Give an answer; operations that only act have no result element."""
    name = operation.name
    body = "" if result is None else f"<{name}Result>{_fields(result)}</{name}Result>"
    text = (
        f'<{name}Response xmlns="{NAMESPACE}">{body}'
        f"<ResponseMetadata><RequestId>{request.request_id}</RequestId></ResponseMetadata></{name}Response>"
    )
    return Response(200, (("Content-Type", "text/xml"),), text.encode())


def element(name: str, value: Any) -> str:
    """Give one field; None is left out, a list becomes members."""
    match value:
        case None:
            return ""
        case bool():
            return f"<{name}>{'true' if value else 'false'}</{name}>"
        case datetime():
            return f"<{name}>{time_text(value)}</{name}>"
        case Entries():
            pairs = (_fields({"key": key, "value": each}) for key, each in value.items())
            return f"<{name}>{''.join(f'<entry>{pair}</entry>' for pair in pairs)}</{name}>"
        case dict():
            return f"<{name}>{_fields(value)}</{name}>"
        case list() | tuple():
            return f"<{name}>{''.join(element('member', each) for each in value)}</{name}>"
        case _:
            return f"<{name}>{escape(str(value))}</{name}>"


def time_text(at: datetime) -> str:
    """Give a time as IAM writes it: whole seconds, UTC."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _fields(value: Mapping[str, Any]) -> str:
    return "".join(element(name, each) for name, each in value.items())
