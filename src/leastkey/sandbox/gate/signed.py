"""What a request says about its signature, from the header or the query, before any of it is believed.

Source: IAM User Guide, "AWS Signature Version 4 for API requests"; S3 API Reference, "Authenticating Requests".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from leastkey.aws.sigv4 import ALGORITHM
from leastkey.sandbox.gate.faults import Fault

if TYPE_CHECKING:
    from leastkey.sandbox.gate.wire import RawRequest

__all__ = ["Claim", "ClaimError", "canonical_paths", "claim_of", "pairs_of", "parse_date"]

_CREDENTIAL: Final = re.compile(
    r"(?P<key>[A-Za-z0-9_]{16,128})/(?P<date>[0-9]{8})/(?P<region>[a-z0-9-]{1,32})/(?P<service>[a-z0-9.-]{1,64})/aws4_request",
    re.ASCII,
)
_SIGNED: Final = re.compile(r"[a-z0-9_.-]+(?:;[a-z0-9_.-]+)*", re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z", re.ASCII)
_EXPIRES_MAX: Final = 604_800


class ClaimError(Exception):
    """A signature that is not given as AWS wants it: the fault, and words for the client."""

    def __init__(self, fault: Fault, words: str = "") -> None:
        super().__init__(words)
        self.fault = fault
        self.words = words


@dataclass(frozen=True, slots=True)
class Claim:
    """The parts of a signature as given. `expires` is a presigned URL's life in seconds, None for a header."""

    key_id: str
    date: str
    region: str
    service: str
    amz_date: str
    signed: tuple[str, ...]
    signature: str
    token: str | None
    expires: int | None = None

    @property
    def scope(self) -> str:
        """The credential scope."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def pairs_of(query: str) -> list[tuple[str, str]]:
    """Split a raw query into decoded pairs; `+` stays a plus, as in a signature. Raises ClaimError."""
    pairs: list[tuple[str, str]] = []
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        try:
            pairs.append((unquote(name, errors="strict"), unquote(value, errors="strict")))
        except UnicodeDecodeError:
            raise ClaimError(Fault.MALFORMED, "The query is not UTF-8.") from None
    return pairs


def claim_of(raw: RawRequest, pairs: list[tuple[str, str]]) -> Claim | None:
    """Read the claim, None for an unsigned request. Raises ClaimError."""
    header = raw.headers.get("authorization")
    in_query = [
        (name, value) for name, value in pairs if name.lower().startswith("x-amz-") and _is_auth(name)
    ]
    is_old = any(name in ("AWSAccessKeyId", "Signature") for name, _ in pairs)
    if header is not None and (in_query or is_old):
        raise ClaimError(Fault.MALFORMED, "Only one authentication mechanism is allowed.")
    if header is not None:
        return _from_header(header, raw)
    # Both versions give the session token by this name in a URL.
    if in_query and not (is_old and [name for name, _ in in_query] == ["x-amz-security-token"]):
        return _from_query(in_query)
    return None


def _is_auth(name: str) -> bool:
    return name.lower() in _QUERY_NAMES


_QUERY_NAMES: Final = frozenset(
    {
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-signedheaders",
        "x-amz-signature",
        "x-amz-security-token",
    }
)


def _from_header(header: str, raw: RawRequest) -> Claim:
    algorithm, _, rest = header.partition(" ")
    if algorithm == "AWS":
        raise ClaimError(Fault.VERSION)
    if algorithm != ALGORITHM:
        raise ClaimError(Fault.MALFORMED, "Only AWS4-HMAC-SHA256 is supported.")
    fields: dict[str, str] = {}
    for part in rest.split(","):
        name, equals, value = part.strip().partition("=")
        if not equals or name in fields:
            raise ClaimError(Fault.MALFORMED)
        fields[name] = value
    if set(fields) != {"Credential", "SignedHeaders", "Signature"}:
        raise ClaimError(Fault.MALFORMED)
    amz_date = raw.headers.get("x-amz-date", "")
    return _claim(fields, amz_date, raw.headers.get("x-amz-security-token"), None)


def _from_query(found: list[tuple[str, str]]) -> Claim:
    fields: dict[str, str] = {}
    for name, value in found:
        if name.lower() in (known.lower() for known in fields):
            raise ClaimError(Fault.MALFORMED, f"The parameter {name} is given twice.")
        fields[name] = value
    if fields.get("X-Amz-Algorithm") != ALGORITHM:
        raise ClaimError(Fault.MALFORMED, "Only AWS4-HMAC-SHA256 is supported.")
    expires = fields.get("X-Amz-Expires", "")
    if (
        not (expires.isascii() and expires.isdigit())
        or len(expires) > 6
        or not 1 <= int(expires) <= _EXPIRES_MAX
    ):
        raise ClaimError(Fault.MALFORMED, "X-Amz-Expires is between 1 and 604800 seconds.")
    parts = {
        "Credential": fields.get("X-Amz-Credential", ""),
        "SignedHeaders": fields.get("X-Amz-SignedHeaders", ""),
        "Signature": fields.get("X-Amz-Signature", ""),
    }
    return _claim(parts, fields.get("X-Amz-Date", ""), fields.get("X-Amz-Security-Token"), int(expires))


def _claim(fields: dict[str, str], amz_date: str, token: str | None, expires: int | None) -> Claim:
    credential = _CREDENTIAL.fullmatch(fields["Credential"])
    if credential is None or not _SIGNATURE.fullmatch(fields["Signature"]):
        raise ClaimError(Fault.MALFORMED)
    if not _SIGNED.fullmatch(fields["SignedHeaders"]):
        raise ClaimError(Fault.MALFORMED)
    signed = tuple(fields["SignedHeaders"].split(";"))
    if list(signed) != sorted(set(signed)) or "host" not in signed:
        raise ClaimError(Fault.MALFORMED, "SignedHeaders is sorted, names each header once, and holds host.")
    if not _DATE.fullmatch(amz_date) or not amz_date.startswith(credential["date"]):
        raise ClaimError(
            Fault.SCOPE, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date."
        )
    return Claim(
        key_id=credential["key"],
        date=credential["date"],
        region=credential["region"],
        service=credential["service"],
        amz_date=amz_date,
        signed=signed,
        signature=fields["Signature"],
        token=token,
        expires=expires,
    )


def parse_date(amz_date: str) -> datetime:
    """Read `YYYYMMDDTHHMMSSZ`. Raises ClaimError for a date there is not."""
    try:
        return datetime.strptime(amz_date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise ClaimError(Fault.MALFORMED, "The date of the signature does not exist.") from None


def canonical_paths(path: str, *, is_s3: bool) -> tuple[str, ...]:
    """Give the canonical forms a path may be signed in: for S3 as sent or encoded anew, for others encoded twice."""
    if is_s3:
        encoded = quote(unquote(path, errors="surrogateescape"), safe="/-_.~", errors="surrogateescape")
        return (path,) if encoded == path else (path, encoded)
    return (quote(_normalized(path), safe="/-_.~"),)


def _normalized(path: str) -> str:
    """Drop empty and dot segments (RFC 3986, section 5.2.4, and doubled slashes)."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    tail = "/" if kept and path.endswith(("/", "/.", "/..")) else ""
    return "/" + "/".join(kept) + tail
