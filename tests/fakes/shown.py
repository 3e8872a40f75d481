"""Entities of the fake account as AWS shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.plan.seen import (
    InlinePolicy,
    KeyReport,
    SeenGroup,
    SeenInstanceProfile,
    SeenPolicy,
    SeenPolicyVersion,
    SeenRole,
    SeenUser,
)

if TYPE_CHECKING:
    from tests.fakes.account import Account, Group, InstanceProfile, Policy, Role, User

    from leastkey.iam.arn import Arn
    from leastkey.iam.document import PolicyDocument


def user(account: Account, user: User, *, bare: bool = False) -> SeenUser:
    """Give a user as the dump shows it; `bare`: as GetUser does, without policies."""
    return SeenUser(
        arn=account.arn(f"user{user.path}{user.name}"),
        path=user.path,
        name=user.name,
        user_id=user.id,
        created=user.created,
        inline=() if bare else _inline(user.inline),
        attached=() if bare else tuple(user.attached),
        groups=() if bare else tuple(user.groups),
        boundary=user.boundary,
        tags=dict(user.tags),
    )


def role(account: Account, role: Role, *, bare: bool = False) -> SeenRole:
    """Give a role as the dump shows it; `bare`: as GetRole does, without policies."""
    return SeenRole(
        arn=account.arn(f"role{role.path}{role.name}"),
        path=role.path,
        name=role.name,
        role_id=role.id,
        created=role.created,
        trust=role.trust,
        inline=() if bare else _inline(role.inline),
        attached=() if bare else tuple(role.attached),
        boundary=role.boundary,
        tags=dict(role.tags),
        instance_profiles=tuple(
            instance_profile(account, each) for each in account.profiles.values() if each.role == role.name
        ),
        max_session_seconds=role.max_session_seconds if bare else None,
    )


def group(group: Group) -> SeenGroup:
    """Give a group as the dump shows it."""
    return SeenGroup(group.name, _inline(group.inline), tuple(group.attached))


def instance_profile(account: Account, profile: InstanceProfile) -> SeenInstanceProfile:
    """Give an instance profile."""
    arn = account.arn(f"instance-profile{profile.path}{profile.name}")
    return SeenInstanceProfile(arn, profile.path, profile.name, profile.role)


def policy(account: Account, policy: Policy) -> SeenPolicy:
    """Give a policy with all its versions."""
    arn = account.arn(f"policy{policy.path}{policy.name}")
    return SeenPolicy(
        arn=arn,
        path=policy.path,
        name=policy.name,
        versions=tuple(
            SeenPolicyVersion(each.id, each.id == policy.default, each.created, each.document)
            for each in policy.versions
        ),
        attachments=holders(account, arn),
    )


def holders(account: Account, arn: Arn) -> int:
    """Count who has a policy attached."""
    users = sum(arn in each.attached for each in account.users.values())
    return users + sum(arn in each.attached for each in account.roles.values())


def key_reports(account: Account, user: User) -> tuple[KeyReport, ...]:
    """Give a user's keys as the credential report shows them."""
    return tuple(KeyReport(key.status == "Active") for key in account.keys.values() if key.user == user.name)


def _inline(policies: dict[str, PolicyDocument]) -> tuple[InlinePolicy, ...]:
    return tuple(InlinePolicy(name, document) for name, document in policies.items())
