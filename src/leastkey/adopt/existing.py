"""What was read of one user or role that somebody made by hand, and which names the account has taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from leastkey.iam.arn import AccountId, Arn
    from leastkey.iam.document import PolicyDocument

__all__ = ["Existing", "ExistingKey", "ExistingPolicy", "Kind", "Taken"]

Kind = Literal["user", "role"]


@dataclass(frozen=True, slots=True)
class ExistingPolicy:
    """One policy that bears on the user or role. AWS's own policies have no document: they are attached as they are."""

    name: str
    kind: Literal["aws", "customer", "inline"]
    document: PolicyDocument | None = None
    arn: Arn | None = None
    group: str | None = None

    @property
    def label(self) -> str:
        """The policy in words, with the group it came through."""
        words = {
            "aws": f"AWS's own policy {self.name}",
            "customer": f"policy {self.name}",
            "inline": f"inline policy {self.name}",
        }[self.kind]
        return words if self.group is None else f"{words} of group {self.group}"


@dataclass(frozen=True, slots=True)
class ExistingKey:
    """A user's access key: never its secret, and of its id the last four characters."""

    last_four: str
    is_active: bool
    created: datetime
    last_used: datetime | None = None
    service: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Existing:
    """A user or role with everything that says what it may do and who may be it.

    `read_at` is AWS's time, None for a role, which has no keys. `worn_by_others` names the roles whose trust policy
    names this user or role.
    """

    kind: Kind
    arn: Arn
    account: AccountId
    unique_id: str
    policies: tuple[ExistingPolicy, ...]
    boundary: ExistingPolicy | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    keys: tuple[ExistingKey, ...] = ()
    has_password: bool | None = None
    read_at: datetime | None = None
    trust: PolicyDocument | None = None
    max_session_seconds: int | None = None
    instance_profiles: tuple[str, ...] = ()
    worn_by_others: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name without its path."""
        return self.arn.name


@dataclass(frozen=True, slots=True)
class Taken:
    """The account's names in lower case (names are unique ignoring case), and the projects that are there."""

    users: frozenset[str]
    roles: frozenset[str]
    policies: frozenset[str]
    instance_profiles: frozenset[str]
    projects: frozenset[str]
