"""The error an answer carries, read back from the service's wire format."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING, Final

from leastkey.sandbox.request import Refusal

if TYPE_CHECKING:
    from leastkey.sandbox.request import Response

__all__ = ["refusal_in"]

_CODE: Final = re.compile(r"<Code>([^<]{1,200})</Code>")
_MESSAGE: Final = re.compile(r"<Message>([^<]{0,4000})</Message>")
_BY_STATUS: Final = {304: "NotModified", 403: "AccessDenied", 404: "NoSuchKey", 412: "PreconditionFailed"}


def refusal_in(response: Response) -> Refusal:
    """Give status, code and message of an answer that says no. An answer without a body is named by its status."""
    body = response.body.decode("utf-8", "replace")
    if body.startswith("{"):
        return _of_json(response.status, body)
    code, message = _CODE.search(body), _MESSAGE.search(body)
    named = unescape(code[1]) if code else _BY_STATUS.get(response.status, f"{response.status}")
    return Refusal(response.status, named, unescape(message[1]) if message else "")


def _of_json(status: int, body: str) -> Refusal:
    try:
        found = json.loads(body)
    except ValueError:
        found = {}
    code = str(found.get("__type", status)).rpartition("#")[2]
    return Refusal(status, code, str(found.get("message", found.get("Message", ""))))
