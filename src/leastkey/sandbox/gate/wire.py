"""HTTP as it arrives: what is refused before any work, and the request as bytes and texts.

Web pages can reach a loopback port, so names, forwarding headers and doubled headers are checked first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "BODY_LIMIT",
    "HEADER_LIMIT",
    "TOO_LARGE",
    "BadRequest",
    "RawRequest",
    "body_limit",
    "bucket_of",
    "check",
    "read_headers",
]

BODY_LIMIT: Final = 256 * 1024 * 1024
"""Bytes of one body. Larger objects go up in parts, as the AWS CLI and boto3 do by themselves."""
TOO_LARGE: Final = f"a body is at most {BODY_LIMIT} bytes, far fewer unsigned; upload larger objects in parts"
UNSIGNED_LIMIT: Final = 1024 * 1024
"""Bytes of the body of a request that does not even claim a signature."""
HEADER_LIMIT: Final = 16 * 1024
"""Bytes of request line and headers; session tokens and S3 metadata fit."""

_NAME: Final = re.compile(r"[!#$%&'*+.^`|~0-9A-Za-z-]+", re.ASCII)
_METADATA: Final = re.compile(r"x-amz-meta-[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII | re.IGNORECASE)
_VALUE: Final = re.compile(r"[\t\x20-\x7e]*", re.ASCII)
_TARGET: Final = re.compile(r"/[\x21-\x7e]*", re.ASCII)
_HOST: Final = re.compile(r"(?P<name>\[::1\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_BUCKET: Final = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])", re.ASCII)
_FORWARDED: Final = (
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "forwarded",
    "via",
)
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_METHODS: Final = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"})


class BadRequest(Exception):  # noqa: N818  # it is the name HTTP gives it
    """A request that is refused before any work, with its status and a fixed line."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class RawRequest:
    """One HTTP request. `headers` is keyed by lower-case names; `spelling` holds metadata names as sent."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    source_ip: str
    spelling: Mapping[str, str]


def read_headers(lines: Iterable[tuple[bytes, bytes]]) -> tuple[dict[str, str], dict[str, str]]:
    """Give headers by lower-case name, and the spelling of each. Raises BadRequest.

    A name may stand once. Underscores stand in S3 metadata only, and there a name that differs from another by
    `-` and `_` alone is refused: moto's own headers would fold the two.
    """
    headers: dict[str, str] = {}
    spelling: dict[str, str] = {}
    folded: set[str] = set()
    for raw_name, raw_value in lines:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1").strip(" \t")
        if not (_NAME.fullmatch(name) or _METADATA.fullmatch(name)):
            raise BadRequest(400, "malformed header name")
        if not _VALUE.fullmatch(value):
            raise BadRequest(400, "malformed header value")
        key = name.lower()
        if key.replace("_", "-") in folded:
            raise BadRequest(400, "a header stands twice")
        folded.add(key.replace("_", "-"))
        headers[key] = value
        spelling[key] = name
    return headers, spelling


def check(method: str, target: str, headers: Mapping[str, str]) -> None:
    """Check framing, host and forwarding before any work. Raises BadRequest."""
    if not _TARGET.fullmatch(target) or "#" in target:
        raise BadRequest(400, "malformed request target")
    if "transfer-encoding" in headers and "content-length" in headers:
        raise BadRequest(400, "Content-Length and Transfer-Encoding exclude each other")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or len(length) > 15:
        raise BadRequest(400, "malformed Content-Length")
    if int(length) > body_limit(target, headers):
        raise BadRequest(413, TOO_LARGE)
    if headers.get("transfer-encoding", "chunked").lower() != "chunked":
        raise BadRequest(400, "Transfer-Encoding is not chunked")
    _check_host(headers.get("host", ""))
    if any(name in headers for name in _FORWARDED):
        raise BadRequest(403, "forwarded requests are not served")
    if method not in _METHODS:
        raise BadRequest(405, "method not allowed")


def body_limit(target: str, headers: Mapping[str, str]) -> int:
    """Give how many bytes the body of a request may have."""
    claims = "authorization" in headers or "Signature=" in target
    return BODY_LIMIT if claims else UNSIGNED_LIMIT


def _check_host(host: str) -> None:
    if not host:
        raise BadRequest(400, "Host is missing")
    found = _HOST.fullmatch(host)
    if found is None:
        raise BadRequest(403, "unknown host")
    name = found["name"].lower()
    if name not in _LOOPBACK and not (name.endswith(".localhost") and ".." not in name):
        raise BadRequest(403, "unknown host")
    if name != found["name"] or int(found["port"] or 0) > 65535:
        raise BadRequest(403, "unknown host")


def bucket_of(host: str) -> str:
    """Give the bucket of a virtual-hosted S3 address (`BUCKET.localhost`, `BUCKET.s3.localhost`), else ""."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if not name.endswith(".localhost"):
        return ""
    head = name.removesuffix(".localhost")
    labels = head.split(".")
    for cut in (1, 2):  # `s3`, or `s3.REGION`
        if len(labels) >= cut and labels[-cut] == "s3":
            head = ".".join(labels[:-cut])
            break
    return head if _BUCKET.fullmatch(head) else ""
