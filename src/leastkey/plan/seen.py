"""What is there, as values: one account as GetAccountAuthorizationDetails, the credential report and the summary show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from leastkey.iam.limits import POLICY_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from leastkey.iam.arn import AccountId, Arn
    from leastkey.iam.credentials import AccessKeyId
    from leastkey.iam.document import PolicyDocument

__all__ = [
    "Caller",
    "InlinePolicy",
    "KeyReport",
    "Seen",
    "SeenAccessKey",
    "SeenGroup",
    "SeenInstanceProfile",
    "SeenPolicy",
    "SeenPolicyVersion",
    "SeenProvider",
    "SeenRole",
    "SeenUser",
]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking (sts:GetCallerIdentity), and the account's alias where it has one."""

    arn: Arn
    account: AccountId
    user_id: str
    alias: str | None = None

    @property
    def is_root(self) -> bool:
        """Say whether the caller is the account's root user."""
        return self.arn.resource == "root"


@dataclass(frozen=True, slots=True)
class InlinePolicy:
    """An inline policy: its name and document (None where AWS gave one that cannot be parsed)."""

    name: str
    document: PolicyDocument | None


@dataclass(frozen=True, slots=True)
class KeyReport:
    """One key slot of a user in the credential report. The report gives no key ids."""

    active: bool


@dataclass(frozen=True, slots=True)
class SeenAccessKey:
    """A key as ListAccessKeys gives it."""

    id: AccessKeyId
    status: Literal["Active", "Inactive"]
    created: datetime


@dataclass(frozen=True, slots=True)
class SeenUser:
    """A user of the account.

    `keys` is empty where the report has no row for it or the row is too old. `listed` holds the keys by id where
    they were asked for (ListAccessKeys), which is done only where report and local state differ.
    """

    arn: Arn
    path: str
    name: str
    user_id: str
    created: datetime
    inline: tuple[InlinePolicy, ...]
    attached: tuple[Arn, ...]
    groups: tuple[str, ...]
    boundary: Arn | None
    tags: Mapping[str, str]
    keys: tuple[KeyReport, ...] = ()
    has_password: bool = False
    listed: tuple[SeenAccessKey, ...] | None = None


@dataclass(frozen=True, slots=True)
class SeenGroup:
    """A group of the account: what its users get beside their own policies."""

    name: str
    inline: tuple[InlinePolicy, ...]
    attached: tuple[Arn, ...]


@dataclass(frozen=True, slots=True)
class SeenInstanceProfile:
    """An instance profile, as the dump lists it below its role."""

    arn: Arn
    path: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class SeenProvider:
    """An OpenID Connect provider, as GetOpenIDConnectProvider shows it."""

    arn: Arn
    audiences: tuple[str, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SeenRole:
    """A role of the account. The dump gives neither MaxSessionDuration nor Description: a tag of ours stands for both.

    `max_session_seconds` is None where it was not given.
    """

    arn: Arn
    path: str
    name: str
    role_id: str
    created: datetime
    trust: PolicyDocument | None
    inline: tuple[InlinePolicy, ...]
    attached: tuple[Arn, ...]
    boundary: Arn | None
    tags: Mapping[str, str]
    instance_profiles: tuple[SeenInstanceProfile, ...] = ()
    max_session_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class SeenPolicyVersion:
    """One version of a managed policy."""

    id: str
    is_default: bool
    created: datetime
    document: PolicyDocument | None


@dataclass(frozen=True, slots=True)
class SeenPolicy:
    """A customer managed policy with all its versions. The dump gives no tags: the path says whose it is."""

    arn: Arn
    path: str
    name: str
    versions: tuple[SeenPolicyVersion, ...]
    attachments: int

    @property
    def document(self) -> PolicyDocument | None:
        """The document in force."""
        return next((version.document for version in self.versions if version.is_default), None)

    @property
    def makes_room(self) -> str | None:
        """The version that goes before another can be made: the oldest not in force, None while there is room."""
        spare = [version for version in self.versions if not version.is_default]
        if len(self.versions) < POLICY_VERSIONS or not spare:
            return None
        return min(spare, key=lambda version: (version.created, len(version.id), version.id)).id


@dataclass(frozen=True, slots=True)
class Seen:
    """One account at one moment. Names are unique ignoring case, so the mappings are keyed by lower-case names.

    `providers` holds, by ARN, those that the project needs or that a role of it trusts: others are not read.
    """

    caller: Caller
    users: Mapping[str, SeenUser]
    roles: Mapping[str, SeenRole]
    policies: Mapping[str, SeenPolicy]
    quotas: Mapping[str, int] = field(default_factory=dict)
    managed: Mapping[str, PolicyDocument] = field(default_factory=dict)
    instance_profiles: Mapping[str, SeenInstanceProfile] = field(default_factory=dict)
    providers: Mapping[str, SeenProvider] = field(default_factory=dict)
