"""AWS as the flows see it. Every method is one request unless it says otherwise and raises AwsError.

Throttling is the adapter's business (it waits and asks again); every other refusal reaches the flow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.iam.arn import Arn
    from leastkey.iam.credentials import AccessKey, AccessKeyId, SessionCredentials
    from leastkey.iam.document import PolicyDocument
    from leastkey.plan.seen import (
        Caller,
        KeyReport,
        SeenAccessKey,
        SeenGroup,
        SeenInstanceProfile,
        SeenPolicy,
        SeenProvider,
        SeenRole,
        SeenUser,
    )
    from leastkey.ports.trail import Trail

__all__ = [
    "AccessKeys",
    "AdminSts",
    "Answer",
    "Calls",
    "Connect",
    "CredentialReport",
    "Details",
    "Iam",
    "KeyList",
    "KeyUse",
    "Sts",
    "TagMap",
    "Untold",
    "UserReport",
]

TagMap = Mapping[str, str]
Untold = Literal["policy", "instance profile"]
"""Kinds of entities whose tags the dump leaves out."""


@dataclass(frozen=True, slots=True)
class Details:
    """The account dump, all pages together."""

    users: tuple[SeenUser, ...]
    roles: tuple[SeenRole, ...]
    policies: tuple[SeenPolicy, ...]
    pages: int
    groups: tuple[SeenGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class UserReport:
    """One user's row of the credential report."""

    keys: tuple[KeyReport, ...]
    has_password: bool


@dataclass(frozen=True, slots=True)
class CredentialReport:
    """The credential report: when AWS made it, and the rows by lower-case user name."""

    generated: datetime
    rows: Mapping[str, UserReport]


@dataclass(frozen=True, slots=True)
class KeyList:
    """A user's keys, and AWS's own time when it answered."""

    keys: tuple[SeenAccessKey, ...]
    server_time: datetime


@dataclass(frozen=True, slots=True)
class KeyUse:
    """When and where a key last signed a call; None: never."""

    last_used: datetime | None
    service: str | None
    region: str | None = None


class AccessKeys(Protocol):
    """The part of IAM that the life of a key needs."""

    def get_user(self, name: str) -> SeenUser:
        """Read a user with its tags, without policies and keys."""
        ...

    def tag(self, kind: Literal["user", "role", "policy"], name_or_arn: str, tags: TagMap) -> None:
        """Set tags. Idempotent."""
        ...

    def list_access_keys(self, user: str) -> KeyList:
        """List a user's keys."""
        ...

    def access_key_last_used(self, key: AccessKeyId) -> KeyUse:
        """Say when a key was last used."""
        ...

    def create_access_key(self, user: str) -> AccessKey:
        """Create a key: exactly one attempt, never repeated. AwsError.outcome says whether one may exist."""
        ...

    def update_access_key(self, user: str, key: AccessKeyId, status: Literal["Active", "Inactive"]) -> None:
        """Switch a key on or off. Idempotent."""
        ...

    def delete_access_key(self, user: str, key: AccessKeyId) -> None:
        """Delete a key, for ever."""
        ...


class Iam(AccessKeys, Protocol):
    """The IAM calls of one administrator, in one account."""

    def account_authorization_details(self) -> Details:
        """Read users, groups, roles and customer policies: one request a page of 1,000 entities."""
        ...

    def account_alias(self) -> str | None:
        """Give the account's alias."""
        ...

    def account_summary(self) -> Mapping[str, int]:
        """Give usage and quotas by AWS's own names."""
        ...

    def credential_report(self) -> CredentialReport:
        """Have the report made and read it: two requests, more while AWS is still making it."""
        ...

    def managed_policy(self, arn: Arn) -> PolicyDocument:
        """Read the document in force of a managed policy: two requests."""
        ...

    def get_role(self, name: str) -> SeenRole:
        """Read a role with its trust and tags, without policies."""
        ...

    def get_policy(self, arn: Arn) -> tuple[SeenPolicy, TagMap]:
        """Read a customer policy with its document in force and its tags: two requests."""
        ...

    def tags_of(self, kind: Untold, name_or_arn: str) -> TagMap:
        """Give the tags that neither the dump nor a list shows: one request."""
        ...

    def list_instance_profiles(self, path: str) -> tuple[SeenInstanceProfile, ...]:
        """List the instance profiles below a path, those without a role too (`role` is then empty)."""
        ...

    def list_oidc_providers(self) -> tuple[Arn, ...]:
        """List the account's OpenID Connect providers."""
        ...

    def get_oidc_provider(self, arn: Arn) -> SeenProvider:
        """Read a provider with its audiences and tags."""
        ...

    def create_user(self, name: str, path: str, tags: TagMap) -> SeenUser:
        """Create a user with its tags."""
        ...

    def create_role(
        self,
        name: str,
        path: str,
        trust: PolicyDocument,
        *,
        description: str,
        max_session_seconds: int,
        boundary: Arn | None,
        tags: TagMap,
    ) -> SeenRole:
        """Create a role with its trust policy, boundary and tags."""
        ...

    def create_policy(
        self, name: str, path: str, document: PolicyDocument, *, description: str, tags: TagMap
    ) -> Arn:
        """Create a customer managed policy."""
        ...

    def create_policy_version(self, arn: Arn, document: PolicyDocument) -> str:
        """Add a version and make it the default; gives its id. Not idempotent: compare documents first."""
        ...

    def delete_policy_version(self, arn: Arn, version: str) -> None:
        """Delete a version that is not the default."""
        ...

    def delete_policy(self, arn: Arn) -> None:
        """Delete a policy that is attached nowhere and has one version."""
        ...

    def update_assume_role_policy(self, role: str, trust: PolicyDocument) -> None:
        """Replace a role's trust policy."""
        ...

    def update_role(self, role: str, *, description: str, max_session_seconds: int) -> None:
        """Set a role's description and longest session."""
        ...

    def put_role_permissions_boundary(self, role: str, boundary: Arn) -> None:
        """Set a role's permissions boundary."""
        ...

    def delete_role_permissions_boundary(self, role: str) -> None:
        """Remove a role's permissions boundary."""
        ...

    def attach_role_policy(self, role: str, policy: Arn) -> None:
        """Attach a managed policy. Idempotent."""
        ...

    def detach_role_policy(self, role: str, policy: Arn) -> None:
        """Detach a managed policy."""
        ...

    def put_role_policy(self, role: str, name: str, document: PolicyDocument) -> None:
        """Set an inline policy of a role. Idempotent."""
        ...

    def delete_role_policy(self, role: str, name: str) -> None:
        """Delete an inline policy of a role."""
        ...

    def delete_role(self, role: str) -> None:
        """Delete a role that has nothing attached."""
        ...

    def put_user_policy(self, user: str, name: str, document: PolicyDocument) -> None:
        """Set an inline policy of a user. Idempotent."""
        ...

    def delete_user_policy(self, user: str, name: str) -> None:
        """Delete an inline policy of a user."""
        ...

    def detach_user_policy(self, user: str, policy: Arn) -> None:
        """Detach a managed policy from a user."""
        ...

    def remove_user_from_group(self, user: str, group: str) -> None:
        """Take a user out of a group."""
        ...

    def delete_user(self, user: str) -> None:
        """Delete a user that has nothing left."""
        ...

    def create_instance_profile(self, name: str, path: str, tags: TagMap) -> None:
        """Create an instance profile without a role."""
        ...

    def add_role_to_instance_profile(self, profile: str, role: str) -> None:
        """Put the role into the instance profile. LimitExceeded when one is in it already."""
        ...

    def remove_role_from_instance_profile(self, profile: str, role: str) -> None:
        """Take the role out of the instance profile."""
        ...

    def delete_instance_profile(self, profile: str) -> None:
        """Delete an instance profile without a role."""
        ...

    def create_oidc_provider(self, issuer: str, audiences: tuple[str, ...], tags: TagMap) -> Arn:
        """Create the account's provider for an issuer."""
        ...

    def add_oidc_audience(self, arn: Arn, audience: str) -> None:
        """Let a provider take tokens made for one more audience. Idempotent."""
        ...

    def delete_oidc_provider(self, arn: Arn) -> None:
        """Delete a provider, whatever trusts it. Idempotent."""
        ...


class Sts(Protocol):
    """STS, as one set of credentials."""

    def caller(self) -> Caller:
        """Say who these credentials are (GetCallerIdentity), without the alias."""
        ...

    def assume_role(
        self, role: Arn, session_name: str, *, seconds: int, external_id: str | None = None
    ) -> SessionCredentials:
        """Assume a role."""
        ...


class AdminSts(Sts, Protocol):
    """STS as the administrator."""

    def server_time(self) -> datetime:
        """Give AWS's own time, by the answer to GetCallerIdentity, which needs no permission."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What AWS said to a call: HTTP status, AWS's error code (`""` when it was carried out) and its scrubbed words."""

    status: int
    code: str
    message: str


class Calls(Protocol):
    """Any AWS operation by name, for proofs. Never retried except for throttling; refusals are answers, not errors."""

    def call(self, service: str, operation: str, parameters: Mapping[str, object]) -> Answer:
        """Make one call, with botocore's service and operation names. Raises AwsError when no answer came."""
        ...


class Connect(Protocol):
    """Makes clients for given credentials, at the endpoint and region this was built for."""

    @property
    def endpoint_url(self) -> str | None:
        """Where AWS is asked, None for AWS's own endpoint."""
        ...

    def iam(self) -> Iam:
        """Give IAM as the administrator."""
        ...

    def admin_sts(self) -> AdminSts:
        """Give STS as the administrator."""
        ...

    def trail(self, region: str) -> Trail:
        """Give CloudTrail's event history of a region, as the administrator."""
        ...

    def sts(self, credentials: AccessKey | SessionCredentials) -> Sts:
        """Give STS as the owner of these credentials."""
        ...

    def calls(self, credentials: AccessKey | SessionCredentials) -> Calls:
        """Give arbitrary calls as the owner of these credentials."""
        ...
