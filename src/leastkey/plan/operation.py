"""The operations of a plan: each is one IAM write, or one entity with the writes that cannot stand alone.

They are values; `apply` carries them out. Removals hold the dependants that IAM wants gone first.
Source: IAM API Reference, "Actions"; IAM User Guide, "Delete roles or instance profiles", "Delete an IAM user".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from leastkey.compile.wanted import (
        Tags,
        WantedInstanceProfile,
        WantedPolicy,
        WantedProfile,
        WantedProvider,
        WantedRole,
        WantedUser,
    )
    from leastkey.iam.arn import Arn
    from leastkey.iam.document import PolicyDocument

__all__ = [
    "AddAudience",
    "AddRoleToInstanceProfile",
    "AttachRolePolicy",
    "CreateInstanceProfile",
    "CreatePolicy",
    "CreatePolicyVersion",
    "CreateProvider",
    "CreateRole",
    "CreateUser",
    "DeleteInstanceProfile",
    "DeletePolicy",
    "DeleteProvider",
    "DeleteRole",
    "DeleteRolePolicy",
    "DeleteUser",
    "DeleteUserPolicy",
    "DetachRolePolicy",
    "DetachUserPolicy",
    "EnsureKey",
    "Operation",
    "PutUserPolicy",
    "RemoveBoundary",
    "RemoveKeys",
    "RemoveProfile",
    "RemoveUserFromGroup",
    "SetBoundary",
    "SetTags",
    "UpdateRole",
    "UpdateTrust",
    "WriteProfile",
]


@dataclass(frozen=True, slots=True)
class CreateUser:
    """Create the user with its tags, then its one inline policy."""

    user: WantedUser


@dataclass(frozen=True, slots=True)
class PutUserPolicy:
    """Set the user's inline policy."""

    user: str
    name: str
    document: PolicyDocument


@dataclass(frozen=True, slots=True)
class DeleteUserPolicy:
    """Delete an inline policy of the user."""

    user: str
    name: str


@dataclass(frozen=True, slots=True)
class DetachUserPolicy:
    """Detach a managed policy from the user."""

    user: str
    policy: Arn


@dataclass(frozen=True, slots=True)
class RemoveUserFromGroup:
    """Take the user out of a group."""

    user: str
    group: str


@dataclass(frozen=True, slots=True)
class SetTags:
    """Set tags of a user or role."""

    kind: Literal["user", "role"]
    name: str
    tags: Tags


@dataclass(frozen=True, slots=True)
class CreateRole:
    """Create the role with trust, boundary and tags."""

    role: WantedRole


@dataclass(frozen=True, slots=True)
class UpdateTrust:
    """Replace the role's trust policy."""

    role: str
    trust: PolicyDocument


@dataclass(frozen=True, slots=True)
class UpdateRole:
    """Set description and longest session, then the tags that stand for both."""

    role: WantedRole


@dataclass(frozen=True, slots=True)
class SetBoundary:
    """Set the role's permissions boundary."""

    role: str
    boundary: Arn


@dataclass(frozen=True, slots=True)
class RemoveBoundary:
    """Remove the role's permissions boundary."""

    role: str


@dataclass(frozen=True, slots=True)
class DeleteRolePolicy:
    """Delete an inline policy of the role."""

    role: str
    name: str


@dataclass(frozen=True, slots=True)
class AttachRolePolicy:
    """Attach a managed policy to the role."""

    role: str
    policy: Arn


@dataclass(frozen=True, slots=True)
class DetachRolePolicy:
    """Detach a managed policy: first to make room, after the new ones are attached, or because the role goes."""

    role: str
    policy: Arn
    when: Literal["first", "after", "removal"] = "after"


@dataclass(frozen=True, slots=True)
class CreatePolicy:
    """Create a customer managed policy."""

    policy: WantedPolicy


@dataclass(frozen=True, slots=True)
class CreatePolicyVersion:
    """Add a version and make it the default; `drop` is deleted first where five are there."""

    policy: Arn
    document: PolicyDocument
    drop: str | None


@dataclass(frozen=True, slots=True)
class CreateInstanceProfile:
    """Create an instance profile and put the role into it."""

    profile: WantedInstanceProfile


@dataclass(frozen=True, slots=True)
class AddRoleToInstanceProfile:
    """Put the role into the instance profile; `instead_of` is taken out first."""

    profile: str
    role: str
    instead_of: str | None


@dataclass(frozen=True, slots=True)
class CreateProvider:
    """Create the account's OpenID Connect provider for an issuer."""

    provider: WantedProvider


@dataclass(frozen=True, slots=True)
class AddAudience:
    """Let a provider of ours take tokens that are made for one more audience."""

    provider: Arn
    audience: str


@dataclass(frozen=True, slots=True)
class DeleteProvider:
    """Delete a provider of ours that no role trusts any more."""

    provider: Arn


@dataclass(frozen=True, slots=True)
class EnsureKey:
    """Make the user's key, or finish an operation that was cut off."""

    user: str


@dataclass(frozen=True, slots=True)
class WriteProfile:
    """Write the section of the AWS config file; `previous` is a section of ours under an older name."""

    profile: WantedProfile
    previous: str | None


@dataclass(frozen=True, slots=True)
class RemoveKeys:
    """Delete every key of a user of ours, and their secrets here."""

    user: str


@dataclass(frozen=True, slots=True)
class RemoveProfile:
    """Forget the identity on this computer: profile, backup, session, binding."""

    profile: str | None


@dataclass(frozen=True, slots=True)
class DeleteUser:
    """Delete the user after its inline policies, attachments and memberships."""

    user: str
    inline: tuple[str, ...]
    attached: tuple[Arn, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeleteRole:
    """Delete the role after its inline policies; only then its boundary is free."""

    role: str
    inline: tuple[str, ...]
    boundary: Arn | None


@dataclass(frozen=True, slots=True)
class DeletePolicy:
    """Delete the policy after its non-default versions."""

    policy: Arn
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeleteInstanceProfile:
    """Delete the instance profile after taking its role out."""

    profile: str
    role: str


Operation = (
    CreateUser
    | PutUserPolicy
    | DeleteUserPolicy
    | DetachUserPolicy
    | RemoveUserFromGroup
    | SetTags
    | CreateRole
    | UpdateTrust
    | UpdateRole
    | SetBoundary
    | RemoveBoundary
    | DeleteRolePolicy
    | AttachRolePolicy
    | DetachRolePolicy
    | CreatePolicy
    | CreatePolicyVersion
    | CreateInstanceProfile
    | AddRoleToInstanceProfile
    | CreateProvider
    | AddAudience
    | DeleteProvider
    | EnsureKey
    | WriteProfile
    | RemoveKeys
    | RemoveProfile
    | DeleteUser
    | DeleteRole
    | DeletePolicy
    | DeleteInstanceProfile
)
