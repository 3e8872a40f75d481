"""What goes: entities of the project that nothing wants any more, and what only this computer still remembers.

Nothing of another owner is touched: a policy of ours that somebody attached to something else stops the plan.
Source: IAM User Guide, "Delete an IAM user", "Delete roles or instance profiles", "Delete IAM policies".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.errors import LeastkeyError
from leastkey.iam.marks import IDENTITY_TAG
from leastkey.plan.changes import Lines
from leastkey.plan.operation import (
    DeleteInstanceProfile,
    DeletePolicy,
    DeleteRole,
    DeleteUser,
    DetachRolePolicy,
    RemoveKeys,
    RemoveProfile,
)
from leastkey.plan.ownership import own_instance_profiles, own_policies, own_roles, own_users

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.compile.wanted import Wanted
    from leastkey.plan.plan import Change
    from leastkey.plan.seen import Seen, SeenPolicy, SeenRole, SeenUser
    from leastkey.plan.seen_local import SeenLocal

__all__ = ["removals"]


def removals(wanted: Wanted, seen: Seen, local: SeenLocal) -> Iterator[Change]:
    """Give every removal, in the order it is carried out: keys, profiles, then IAM from the ties to the policies."""
    users, roles, policies, profiles = _wanted_names(wanted)
    goners = [user for user in own_users(wanted.project, seen) if user.name.lower() not in users]
    going_roles = [role for role in own_roles(wanted.project, seen) if role.name.lower() not in roles]
    going_policies = [
        policy for policy in own_policies(wanted.project, seen) if policy.name.lower() not in policies
    ]
    for policy in going_policies:
        _refuse_in_use(policy, wanted.project, seen)
    for role in going_roles:
        _refuse_worn(role, wanted)
    yield from _keys(wanted, goners, seen, local)
    yield from _profiles(wanted, local)
    yield from _ties(going_roles)
    for profile in own_instance_profiles(wanted.project, seen):
        if profile.name.lower() not in profiles:
            operation = DeleteInstanceProfile(profile.name, profile.role)
            yield Lines(_identity_of(seen.roles.get(profile.role.lower()))).remove(
                "instance profile", profile.name, "", operation
            )
    for user in goners:
        removal = DeleteUser(
            user.name, tuple(policy.name for policy in user.inline), user.attached, user.groups
        )
        yield Lines(_identity_of(user)).remove("user", user.name, "", removal)
    for role in going_roles:
        inline = tuple(policy.name for policy in role.inline)
        yield Lines(_identity_of(role)).remove(
            "role", role.name, "", DeleteRole(role.name, inline, role.boundary)
        )
    for policy in going_policies:
        versions = tuple(version.id for version in policy.versions if not version.is_default)
        yield Lines(_policy_identity(policy, seen)).remove(
            "policy", policy.name, "", DeletePolicy(policy.arn, versions)
        )


def _wanted_names(wanted: Wanted) -> tuple[set[str], set[str], set[str], set[str]]:
    users: set[str] = set()
    roles: set[str] = set()
    policies: set[str] = set()
    profiles: set[str] = set()
    for identity in wanted.identities:
        roles.add(identity.role.name.lower())
        policies.update(policy.name.lower() for policy in identity.policies)
        if identity.boundary is not None:
            policies.add(identity.boundary.name.lower())
        if identity.user is not None:
            users.add(identity.user.name.lower())
        if identity.instance_profile is not None:
            profiles.add(identity.instance_profile.name.lower())
    return users, roles, policies, profiles


def _keys(wanted: Wanted, goners: list[SeenUser], seen: Seen, local: SeenLocal) -> Iterator[Change]:
    """Keys of users that go; and of users only this computer still remembers, unless the name is a stranger's now."""
    kept = {identity.user.name.lower() for identity in wanted.identities if identity.user is not None}
    gone: dict[str, tuple[str, str]] = {user.name.lower(): (user.name, _identity_of(user)) for user in goners}
    for name, here in sorted(local.identities.items()):
        if here.user is not None and here.user.lower() not in kept | seen.users.keys():
            gone.setdefault(here.user.lower(), (here.user, name))
    for user, identity in gone.values():
        yield Lines(identity).remove(
            "access key", f"of {user}", "and its secret in the vault", RemoveKeys(user)
        )


def _profiles(wanted: Wanted, local: SeenLocal) -> Iterator[Change]:
    keyed = {identity.name for identity in wanted.identities if identity.user is not None}
    for name, here in sorted(local.identities.items()):
        if name not in keyed and (
            here.user is not None or here.bound_profile is not None or here.open_operations
        ):
            shown = f"`{here.bound_profile}`" if here.bound_profile is not None else f"of {name}"
            note = f"from {local.config_file}, with its session"
            yield Lines(name).remove("profile", shown, note, RemoveProfile(here.bound_profile))


def _ties(roles: list[SeenRole]) -> Iterator[Change]:
    for role in roles:
        for policy in role.attached:
            yield Lines(_identity_of(role)).remove(
                "attachment",
                f"{policy.name} -> {role.name}",
                "",
                DetachRolePolicy(role.name, policy, "removal"),
            )


def _identity_of(entity: SeenUser | SeenRole | None) -> str:
    return "" if entity is None else entity.tags.get(IDENTITY_TAG, "")


def _policy_identity(policy: SeenPolicy, seen: Seen) -> str:
    wearers = (role for role in seen.roles.values() if policy.arn in role.attached)
    return _identity_of(next(wearers, None))


def _refuse_worn(role: SeenRole, wanted: Wanted) -> None:
    """Refuse to delete a role that stands in somebody else's instance profile."""
    strangers = [profile for profile in role.instance_profiles if profile.path != wanted.path]
    if strangers:
        command = "aws iam remove-role-from-instance-profile --instance-profile-name"
        raise LeastkeyError(
            "in-use",
            f"the role `{role.name}` is used by something that is not ours",
            why=tuple(f"used by    {profile.arn}" for profile in strangers),
            remedy=f"take it out there first: `{command} {strangers[0].name} --role-name {role.name}`",
        )


def _refuse_in_use(policy: SeenPolicy, project: str, seen: Seen) -> None:
    """Refuse to delete a policy that something of another owner has, attached or as its boundary."""
    own = {str(user.arn) for user in own_users(project, seen)}
    own.update(str(role.arn) for role in own_roles(project, seen))
    everyone: tuple[SeenUser | SeenRole, ...] = (*seen.users.values(), *seen.roles.values())
    holders = [entity for entity in everyone if policy.arn in entity.attached]
    limited = [entity for entity in everyone if policy.arn == entity.boundary]
    strangers = [str(entity.arn) for entity in (*holders, *limited) if str(entity.arn) not in own]
    if policy.attachments > len(holders):
        strangers.append("a group, or something this administrator cannot see")
    if strangers:
        raise LeastkeyError(
            "in-use",
            f"the policy `{policy.name}` is used by something that is not ours",
            why=tuple(f"used by    {name}" for name in strangers),
            remedy=f"detach it there first: `aws iam list-entities-for-policy --policy-arn {policy.arn}`",
        )
