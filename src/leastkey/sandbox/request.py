"""The request as the gate passes it on, who makes it, and the answers the sandbox's parts give to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from leastkey.evaluate.request import NamedDocument, Principal

__all__ = [
    "AwsRequest",
    "Caller",
    "Delivery",
    "Denial",
    "Operation",
    "Protocol",
    "Refusal",
    "Response",
    "is_form",
]

Protocol = Literal["query", "ec2", "json", "rest-json", "rest-xml"]
"""How a service speaks; `rest-xml` is S3's too."""

Delivery = Literal["", "reset", "lost", "cut"]
"""What becomes of an answer: "" arrives, `reset` is a connection reset, `lost` a closed one, `cut` half the body."""


@dataclass(frozen=True, slots=True)
class AwsRequest:
    """One request after its framing was checked and its signature verified.

    `raw_path` and `raw_query` are as sent. `headers` is keyed by lower-case names. `body` is the payload without
    `aws-chunked` framing. `service` is botocore's service name, `signing_name` what the credential scope says.
    `form` holds the parameters of the query and ec2 protocols. `account` is the caller's, "" for an anonymous one.
    `bucket_host` is the bucket of a virtual-hosted S3 address (`BUCKET.localhost`, `BUCKET.s3.localhost`).
    """

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes
    source_ip: str
    secure: bool
    service: str
    signing_name: str
    region: str
    request_id: str
    form: Mapping[str, list[str]]
    account: str
    now: datetime
    bucket_host: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes the request: the verified owner of the credentials, with the facts conditions may ask for.

    For a session, `role_name` names the role behind it, `issued_at` and `expires` its life; `mfa` is None for
    long-lived keys, where AWS leaves `aws:MultiFactorAuthPresent` out. `user_id` is AWS's unique id
    (`AIDA...`, `AROA...:session`).
    """

    principal: Principal
    account: str
    key_id: str = ""
    user_name: str = ""
    role_name: str = ""
    user_id: str = ""
    mfa: bool | None = None
    issued_at: datetime | None = None
    expires: datetime | None = None
    session_policies: tuple[NamedDocument, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    """Session tags. Tags of the user or role itself are read from the world."""
    source_identity: str = ""
    transitive: tuple[str, ...] = ()
    """Keys of the session tags that the next session of a chain inherits."""
    provider: str = ""
    """The identity provider that vouched for the session."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What a request asks for: botocore's operation name (`DescribeRegions`) and the protocol it came by."""

    name: str
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class Denial:
    """A refused authorization: AWS's wording and what was asked."""

    message: str
    action: str
    resource: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal with AWS's own status, code and message; the gate writes it in the service's wire format."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: status, headers and body; and what is done to it on purpose on its way to the client."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delivery: Delivery = ""
    seconds: float = 0
    """How long it is held back."""


_FORM: Final = "application/x-www-form-urlencoded"


def is_form(headers: Mapping[str, str]) -> bool:
    """Say whether the body holds form fields, as the query and ec2 protocols send them."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM
