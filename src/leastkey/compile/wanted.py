"""What shall exist, as values: the compiler's result and the plan's input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leastkey.iam.arn import AccountId, Arn
    from leastkey.iam.document import PolicyDocument
    from leastkey.spec.model import Grant, Identity, Place, Target

__all__ = [
    "Caution",
    "Origin",
    "Tags",
    "Wanted",
    "WantedIdentity",
    "WantedInstanceProfile",
    "WantedPolicy",
    "WantedProfile",
    "WantedProvider",
    "WantedRole",
    "WantedUser",
]

Tags = tuple[tuple[str, str], ...]
"""Tag keys and values, sorted by key."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which grant of the spec a compiled statement comes from."""

    policy: str
    statement: int
    place: Place


@dataclass(frozen=True, slots=True)
class Caution:
    """Something the user shall know before saying yes: what, and what would tighten it."""

    slug: str
    what: str
    remedy: str
    place: Place


@dataclass(frozen=True, slots=True)
class WantedPolicy:
    """A customer managed policy. Its description is fixed for ever, so it never speaks of the content."""

    arn: Arn
    path: str
    name: str
    document: PolicyDocument
    description: str
    tags: Tags


@dataclass(frozen=True, slots=True)
class WantedRole:
    """A role with its trust policy and the policies attached to it (ours and AWS's)."""

    arn: Arn
    path: str
    name: str
    trust: PolicyDocument
    description: str
    max_session_seconds: int
    attached: tuple[Arn, ...]
    boundary: Arn | None
    tags: Tags


@dataclass(frozen=True, slots=True)
class WantedUser:
    """A user whose one inline policy allows one thing: to assume its role."""

    arn: Arn
    path: str
    name: str
    inline_name: str
    inline: PolicyDocument
    tags: Tags


@dataclass(frozen=True, slots=True)
class WantedInstanceProfile:
    """An instance profile with the role in it, for EC2."""

    arn: Arn
    path: str
    name: str
    role: str
    tags: Tags


@dataclass(frozen=True, slots=True)
class WantedProfile:
    """A section of the AWS config file: everything but the command, which only the rim knows."""

    name: str
    region: str
    output: str


@dataclass(frozen=True, slots=True)
class WantedProvider:
    """The account's provider for an OpenID Connect issuer. An account has one at most, so several projects may share it.

    `identity` is the first that needs it, `place` where that stands.
    """

    arn: Arn
    issuer: str
    audiences: tuple[str, ...]
    tags: Tags
    identity: str
    place: Place


@dataclass(frozen=True, slots=True)
class WantedIdentity:
    """Everything one identity of the spec needs. `user` and `profile` are None where no key is needed."""

    name: str
    spec: Identity
    role: WantedRole
    policies: tuple[WantedPolicy, ...]
    boundary: WantedPolicy | None
    user: WantedUser | None
    instance_profile: WantedInstanceProfile | None
    profile: WantedProfile | None
    session_seconds: int
    origins: tuple[Origin, ...]
    can: tuple[str, ...]
    cannot: tuple[str, ...]
    cautions: tuple[Caution, ...]

    @property
    def grants(self) -> tuple[Grant, ...]:
        """The grants of the spec, in its order."""
        return self.spec.allow


@dataclass(frozen=True, slots=True)
class Wanted:
    """The whole project: what shall exist in one account."""

    project: str
    path: str
    account: AccountId
    partition: str
    region: str
    target: Target
    identities: tuple[WantedIdentity, ...]
    providers: tuple[WantedProvider, ...] = ()
