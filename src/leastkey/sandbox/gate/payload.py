"""Bodies in `aws-chunked` framing, signed chunk by chunk or not, and the digests S3 clients send along.

Source: S3 API Reference, "Signature Calculations: Transferring Payload in Multiple Chunks", "... with trailing headers".
"""

from __future__ import annotations

import hashlib
import hmac
import re
import zlib
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from leastkey.aws.sigv4 import EMPTY_SHA256, sha256_hex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "SIGNED",
    "SIGNED_TRAILER",
    "STREAMING",
    "UNSIGNED_TRAILER",
    "ChunkKey",
    "PayloadError",
    "check_digests",
    "unchunk",
]

SIGNED: Final = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER: Final = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER: Final = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
STREAMING: Final = frozenset({SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER})

_HEAD: Final = re.compile(rb"(?P<size>[0-9a-fA-F]{1,8})(?:;chunk-signature=(?P<signature>[0-9a-f]{64}))?")
_TRAILER: Final = re.compile(rb"(?P<name>[a-z0-9-]{1,64}):[ \t]*(?P<value>[\x21-\x7e]{1,512})[ \t]*")
_LINE: Final = b"\r\n"


class PayloadError(Exception):
    """A body that is not what its headers say: framed wrongly, signed wrongly, or damaged."""

    def __init__(self, kind: Literal["framing", "signature", "digest"], text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text


@dataclass(slots=True)
class ChunkKey:
    """What chunk signatures hang on; `previous` starts as the request's own signature and moves along."""

    key: bytes
    amz_date: str
    scope: str
    previous: str

    def verify(self, kind: str, middle: tuple[str, ...], signature: str) -> None:
        """Check the next signature of the chain. Raises PayloadError."""
        to_sign = "\n".join((f"AWS4-HMAC-SHA256-{kind}", self.amz_date, self.scope, self.previous, *middle))
        expected = hmac.new(self.key, to_sign.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, signature):
            raise PayloadError("signature", "a chunk is not signed by the key")
        self.previous = signature


def unchunk(mode: str, body: bytes, length: str, key: ChunkKey) -> tuple[bytes, dict[str, str]]:
    """Take the framing off a body and give it with its trailers. `length` is what the header promises."""
    signed = mode != UNSIGNED_TRAILER
    parts: list[bytes] = []
    at = 0
    while True:
        end = body.find(_LINE, at)
        found = _HEAD.fullmatch(body, at, end) if end >= 0 else None
        if found is None or (found["signature"] is not None) is not signed:
            raise PayloadError("framing", "a chunk does not begin with its size")
        size, start = int(found["size"], 16), end + 2
        data = body[start : start + size]
        if signed:
            key.verify("PAYLOAD", (EMPTY_SHA256, sha256_hex(data)), found["signature"].decode())
        if size == 0:
            at = start
            break
        at = start + size + 2
        if len(data) != size or body[at - 2 : at] != _LINE:
            raise PayloadError("framing", "a chunk is shorter or longer than it says")
        parts.append(data)
    whole = b"".join(parts)
    if length != str(len(whole)):
        raise PayloadError("framing", "x-amz-decoded-content-length is not the length of the data")
    return whole, _trailers(mode, body[at:], key)


def _trailers(mode: str, rest: bytes, key: ChunkKey) -> dict[str, str]:
    lines = [line for line in rest.split(_LINE) if line]
    if mode == SIGNED:
        if lines:
            raise PayloadError("framing", "data follows the last chunk")
        return {}
    trailers: dict[str, str] = {}
    for line in lines:
        found = _TRAILER.fullmatch(line)
        if found is None or found["name"].decode() in trailers:
            raise PayloadError("framing", "malformed trailer")
        trailers[found["name"].decode()] = found["value"].decode()
    if mode == SIGNED_TRAILER:
        signature = trailers.pop("x-amz-trailer-signature", "")
        text = "".join(f"{name}:{value}\n" for name, value in sorted(trailers.items()))
        key.verify("TRAILER", (sha256_hex(text.encode()),), signature)
    return trailers


def _crc32(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big")


_DIGESTS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "content-md5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    "x-amz-checksum-crc32": _crc32,
    "x-amz-checksum-sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "x-amz-checksum-sha256": lambda data: hashlib.sha256(data).digest(),
}
"""CRC32C and CRC64NVME, which the standard library does not have, are stored as given and not checked."""


def check_digests(headers: Mapping[str, str], body: bytes) -> None:
    """Compare the digests a client sends with the body. Raises PayloadError."""
    for name, digest in _DIGESTS.items():
        given = headers.get(name)
        if given is None:
            continue
        try:
            b64decode(given, validate=True)
        except (Base64Error, ValueError):
            raise PayloadError("digest", f"{name} is not base64") from None
        if not hmac.compare_digest(b64encode(digest(body)).decode(), given):
            raise PayloadError("digest", f"{name} is not the digest of the body")
