"""One HTTP request as bytes, read strictly: what a reader in front of us could take for another request is refused.

Nothing is repaired: lines end with CRLF, no line is folded, each header stands once, and a body is announced by one
Content-Length or not at all.
Source: RFC 9112, sections 2.2, 3, 5 and 6; RFC 9110, section 5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BODY_LIMIT", "HEADER_LIMIT", "Malformed", "Request", "read_request"]

HEADER_LIMIT: Final = 8_192
"""Bytes of request line and headers."""
BODY_LIMIT: Final = 65_536

_END: Final = b"\r\n\r\n"
_NEVER: Final = re.compile(rb"[^\t\r\n\x20-\x7e]|(?<!\r)\n|\r(?!\n|\Z)")
"""What no request of an SDK holds: control characters, bytes beyond ASCII, a line end of one character."""
_LINE: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) (/[!-~]*) HTTP/1\.1")
_HEADER: Final = re.compile(r"([!#$%&'*+.^`|~0-9A-Za-z-]+):([\t -~]*)")
"""No underscore in a name: some programs read it as a hyphen."""
_LENGTH: Final = re.compile(r"[0-9]{1,15}")


class Malformed(Exception):  # noqa: N818  # it is no error of ours
    """A request that is refused for its form, with the status to answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """Request line and headers by lower-case name; `target` is the path with its query, `length` that of the body."""

    method: str
    target: str
    headers: Mapping[str, str]
    length: int


def read_request(received: bytes) -> Request | None:
    """Read a request once its headers are complete; None until then. Raises Malformed as soon as it cannot become one."""
    head, found, _ = received.partition(_END)
    if len(head) + len(_END) > HEADER_LIMIT or (not found and len(received) >= HEADER_LIMIT):
        raise Malformed(431)
    if _NEVER.search(head if found else received):
        raise Malformed(400)
    if not found:
        if received.startswith(b"\r\n"):
            raise Malformed(400)
        return None
    first, *lines = head.decode("ascii").split("\r\n")
    line = _LINE.fullmatch(first)
    if line is None:
        raise Malformed(400)
    headers = _headers(lines)
    return Request(line[1], line[2], headers, _length(headers))


def _headers(lines: list[str]) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for each in lines:
        header = _HEADER.fullmatch(each)
        name = "" if header is None else header[1].lower()
        if header is None or name in headers:
            raise Malformed(400)
        headers[name] = header[2].strip(" \t")
    return headers


def _length(headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise Malformed(400)
    length = headers.get("content-length", "0")
    if not _LENGTH.fullmatch(length):
        raise Malformed(400)
    if int(length) > BODY_LIMIT:
        raise Malformed(413)
    return int(length)
