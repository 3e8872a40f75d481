"""Presigned URLs of Signature Version 2, which the AWS CLI and boto3 still make for S3 in some regions.

It signs a few sub-resources of the query only. Whatever else stands there may be changed by whoever holds the URL, so that
nothing is taken which could turn the request into another one.
Source: Amazon S3 User Guide, "Signing and authenticating REST requests (AWS signature version 2)", "Query string request
authentication alternative".
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from leastkey.sandbox.gate.faults import Fault
from leastkey.sandbox.gate.signed import ClaimError
from leastkey.sandbox.gate.wire import bucket_of

if TYPE_CHECKING:
    from leastkey.sandbox.gate.wire import RawRequest
    from leastkey.secret import Secret

__all__ = ["OldClaim", "old_claim_of", "old_signatures"]

_OWN: Final = frozenset({"AWSAccessKeyId", "Expires", "Signature"})
_AS_HEADERS: Final = frozenset({"content-md5", "content-type", "x-amz-security-token"})
"""Parameters that a URL carries in place of headers."""
_SIGNED: Final = frozenset(
    {
        *(
            "acl",
            "cors",
            "delete",
            "lifecycle",
            "location",
            "logging",
            "notification",
            "partNumber",
            "policy",
        ),
        *("replication", "requestPayment", "restore", "tagging", "torrent", "uploadId", "uploads"),
        *("versionId", "versioning", "versions", "website"),
        *("response-cache-control", "response-content-disposition", "response-content-encoding"),
        *("response-content-language", "response-content-type", "response-expires"),
    }
)
"""Sub-resources and overrides that are part of what is signed."""
_FREE: Final = frozenset(
    {
        *(
            "continuation-token",
            "delimiter",
            "encoding-type",
            "fetch-owner",
            "key-marker",
            "list-type",
            "marker",
        ),
        *("max-keys", "max-parts", "max-uploads", "part-number-marker", "prefix", "start-after"),
        *("upload-id-marker", "version-id-marker", "x-id"),
    }
)
"""Parameters that are not signed and only say which part of a listing is wanted."""
_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class OldClaim:
    """What such a URL says: whose key, until when, and how it is signed."""

    key_id: str
    expires: datetime
    signature: str
    token: str | None


def old_claim_of(pairs: list[tuple[str, str]]) -> OldClaim | None:
    """Read the claim of a presigned URL, None where there is none. Raises ClaimError."""
    if not any(name in ("AWSAccessKeyId", "Signature") for name, _ in pairs):
        return None
    given = dict(pairs)
    if len(given) != len(pairs):
        raise ClaimError(Fault.MALFORMED, "A parameter is given twice.")
    if not given.keys() >= _OWN:
        raise ClaimError(
            Fault.UNSIGNED,
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
        )
    strange = sorted(given.keys() - _OWN - _AS_HEADERS - _SIGNED - _FREE)
    if strange:
        raise ClaimError(Fault.VERSION)
    expires = given["Expires"]
    if not (expires.isascii() and expires.isdigit()) or len(expires) > _DIGITS:
        raise ClaimError(Fault.MALFORMED, "Invalid date (should be seconds since epoch)")
    try:
        until = datetime.fromtimestamp(int(expires), UTC)
    except (OverflowError, ValueError):
        raise ClaimError(Fault.MALFORMED, "Invalid date (should be seconds since epoch)") from None
    return OldClaim(given["AWSAccessKeyId"], until, given["Signature"], given.get("x-amz-security-token"))


def old_signatures(raw: RawRequest, pairs: list[tuple[str, str]], secret: Secret) -> list[bytes]:
    """Sign a request as such a URL may be signed, base64: clients end the path of a bucket with a slash, sent or not."""
    given = dict(pairs)
    carried = {**{name: value for name, value in given.items() if name in _AS_HEADERS}, **raw.headers}
    amz = sorted((name, value) for name, value in carried.items() if name.startswith("x-amz-"))
    named = sorted((name, value) for name, value in pairs if name in _SIGNED)
    query = "&".join(f"{name}={value}" if value else name for name, value in named)
    bucket = bucket_of(raw.headers.get("host", ""))
    paths = [f"/{bucket}{raw.path}"] if bucket else [raw.path]
    if paths[0].count("/") == 1:
        paths.append(f"{paths[0]}/")
    head = "\n".join(
        (
            raw.method,
            carried.get("content-md5", ""),
            carried.get("content-type", ""),
            given["Expires"],
            *(f"{name}:{' '.join(value.split())}" for name, value in amz),
            "",
        )
    )
    ends = [f"{path}?{query}" if query else path for path in paths]
    return [b64encode(hmac.digest(secret.reveal().encode(), f"{head}{end}".encode(), "sha1")) for end in ends]
