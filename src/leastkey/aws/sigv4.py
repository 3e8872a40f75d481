"""AWS Signature Version 4, with the standard library only: one home for signing (helper) and verifying (sandbox).

Source: AWS General Reference, "Create a signed AWS API request"; S3 API Reference, "Authenticating Requests".
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from leastkey.secret import Secret

__all__ = [
    "ALGORITHM",
    "EMPTY_SHA256",
    "UNSIGNED_PAYLOAD",
    "canonical_query",
    "canonical_request",
    "sha256_hex",
    "signature",
    "signing_key",
    "string_to_sign",
]

ALGORITHM: Final = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD: Final = "UNSIGNED-PAYLOAD"
EMPTY_SHA256: Final = hashlib.sha256(b"").hexdigest()


def sha256_hex(data: bytes) -> str:
    """Give the SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def signing_key(secret: Secret, date: str, region: str, service: str) -> bytes:
    """Derive the key that signs for one day (`YYYYMMDD`), region and service."""
    key = hmac.new(("AWS4" + secret.reveal()).encode(), date.encode(), hashlib.sha256).digest()
    for part in (region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Give decoded name-value pairs as the canonical query: encoded, then sorted."""
    from urllib.parse import quote  # the credential helper signs without a query, and does without it

    encoded = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def canonical_request(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    signed: Iterable[str],
    payload_hash: str,
) -> str:
    """Put a request into canonical form.

    `path` is already canonical: as sent for S3, encoded once more for every other service. `query` comes from
    `canonical_query`. `headers` is keyed by lower-case names; `signed` names the signed ones, lower-case and sorted.
    """
    names = tuple(signed)
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in names)
    return "\n".join((method, path or "/", query, lines, ";".join(names), payload_hash))


def string_to_sign(amz_date: str, scope: str, canonical: str) -> str:
    """Give the string that is signed; `amz_date` is `YYYYMMDDTHHMMSSZ`, `scope` `DATE/REGION/SERVICE/aws4_request`."""
    return "\n".join((ALGORITHM, amz_date, scope, sha256_hex(canonical.encode())))


def signature(key: bytes, to_sign: str) -> str:
    """Sign with a key from `signing_key`; lower-case hexadecimal."""
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
