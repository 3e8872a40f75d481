"""What is asked (Request) and under which policies (Policies); the answer is a Decision.

The shapes follow the neutral case format of `cases/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal

from leastkey.iam.arn import ACCOUNT

if TYPE_CHECKING:
    from leastkey.iam.document import PolicyDocument

__all__ = [
    "ALLOWS",
    "EXPLICIT_DENY",
    "IMPLICIT_DENY",
    "Context",
    "Decision",
    "Failing",
    "LayerName",
    "LayerResult",
    "NamedDocument",
    "NearMiss",
    "Policies",
    "Principal",
    "PrincipalType",
    "Reason",
    "Request",
    "Verdict",
]

Context = Mapping[str, str | tuple[str, ...]]
"""Condition keys with their values; a tuple is a multi-valued key. A key that is not here is absent."""

PrincipalType = Literal["user", "role", "session", "feduser", "service", "anonymous", "root", "federated"]
"""`federated` is an identity provider's caller before it has a session (`arn` = the provider), seen by trust policies only."""

LayerName = Literal["identity", "resource", "boundary", "session", "scps", "rcps", "endpoint"]

Failing = Literal["principal", "action", "resource", "condition"]
"""The element of a statement that does not match."""


class Verdict(StrEnum):
    """The three answers AWS gives."""

    ALLOWED = "Allowed"
    IMPLICITLY_DENIED = "ImplicitlyDenied"
    EXPLICITLY_DENIED = "ExplicitlyDenied"


class LayerResult(StrEnum):
    """What one layer says; `not applicable` differs from `allows`."""

    ALLOWS = "allows"
    IMPLICIT_DENY = "implicit deny"
    EXPLICIT_DENY = "explicit deny"
    NOT_APPLICABLE = "not applicable"


EXPLICIT_DENY: Final = LayerResult.EXPLICIT_DENY
IMPLICIT_DENY: Final = LayerResult.IMPLICIT_DENY
ALLOWS: Final = LayerResult.ALLOWS
"""The results by themselves, for the engine: to read one from its class costs a call in Python 3.11."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `arn` is the service principal for a service and "" for anonymous; `account` "" where there is none.

    For a session, `role_arn` is the ARN (with path) of the role behind it where it is known; for a federated user,
    the ARN of the user behind it.
    """

    type: PrincipalType
    arn: str
    account: str
    role_arn: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `service:Action`, the resource's ARN (or `*`), the account that owns it, who asks, and the context."""

    action: str
    resource: str
    principal: Principal
    resource_account: str = ""
    context: Context = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """The account that owns the resource: as stated, else as its ARN names it, else ""."""
        if self.resource_account:
            return self.resource_account
        parts = self.resource.split(":", 5)
        return parts[4] if len(parts) == 6 and ACCOUNT.fullmatch(parts[4]) else ""


@dataclass(frozen=True, slots=True)
class NamedDocument:
    """A policy with the name by which an explanation calls it."""

    name: str
    document: PolicyDocument


@dataclass(frozen=True, slots=True)
class Policies:
    """Every policy that bears on a request. `scps` and `rcps` are levels, outermost first."""

    identity: tuple[NamedDocument, ...] = ()
    resource: NamedDocument | None = None
    boundaries: tuple[NamedDocument, ...] = ()
    sessions: tuple[NamedDocument, ...] = ()
    scps: tuple[tuple[NamedDocument, ...], ...] = ()
    rcps: tuple[tuple[NamedDocument, ...], ...] = ()
    endpoints: tuple[NamedDocument, ...] = ()

    def by_layer(self) -> Iterator[tuple[LayerName, NamedDocument]]:
        """Give every policy with its layer, in the order in which AWS names the layer that denied."""
        layers: tuple[tuple[LayerName, tuple[NamedDocument, ...]], ...] = (
            *(("rcps", level) for level in self.rcps),
            *(("scps", level) for level in self.scps),
            ("endpoint", self.endpoints),
            ("resource", () if self.resource is None else (self.resource,)),
            ("identity", self.identity),
            ("boundary", self.boundaries),
            ("session", self.sessions),
        )
        return ((layer, document) for layer, documents in layers for document in documents)


@dataclass(frozen=True, slots=True)
class Reason:
    """A statement that decided: its layer, policy name, index and Sid."""

    layer: LayerName
    policy: str
    statement: int
    sid: str | None
    effect: Literal["Allow", "Deny"]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A statement that did not match: the first element that failed, what was asked and the pattern."""

    layer: LayerName
    policy: str
    statement: int
    sid: str | None
    effect: Literal["Allow", "Deny"]
    element: Failing
    asked: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer: verdict, the layer that decided, each layer's own result, the deciding statements, near misses.

    `undocumented` names the contested semantics the answer rests on.
    """

    verdict: Verdict
    decided_by: LayerName
    layers: Mapping[LayerName, LayerResult]
    because: tuple[Reason, ...]
    near_misses: tuple[NearMiss, ...] = ()
    undocumented: tuple[str, ...] = ()

    @property
    def is_allowed(self) -> bool:
        """Say whether the request goes through."""
        return self.verdict is Verdict.ALLOWED
