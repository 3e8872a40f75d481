"""Whose an entity is: ours lies under the project's path and, where AWS shows tags in bulk, carries the project's tag.

Whatever else has a wanted name is `entity-exists`, with free names offered. Names are unique per account ignoring case.
Source: IAM User Guide, "IAM identifiers" (paths are no part of a name's uniqueness).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from leastkey.errors import LeastkeyError
from leastkey.iam.marks import PROJECT_TAG, path_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from leastkey.compile.wanted import Wanted, WantedIdentity
    from leastkey.iam.arn import Arn
    from leastkey.plan.seen import Seen, SeenInstanceProfile, SeenPolicy, SeenRole, SeenUser
    from leastkey.spec.model import Place

__all__ = [
    "entity_exists",
    "own_instance_profiles",
    "own_policies",
    "own_roles",
    "own_users",
    "owns",
    "refuse_strangers",
]


EntityKind = Literal["user", "role", "policy", "instance profile"]
_SETTINGS: Final[dict[EntityKind, str]] = {
    "user": "used-by: [{{user: {}}}]",
    "role": "names: {{role: {}}}",
    "policy": "names: {{policy: {}}}",
    "instance profile": "names: {{role: {}}}",
}
"""The line of the spec that names an entity; an instance profile is named as its role."""


def owns(project: str, path: str, tags: Mapping[str, str]) -> bool:
    """Say whether a user or role is the project's: by path and by tag."""
    return path == path_of(project) and tags.get(PROJECT_TAG) == project


def own_users(project: str, seen: Seen) -> tuple[SeenUser, ...]:
    """Give the project's users, sorted by name."""
    return tuple(user for _, user in sorted(seen.users.items()) if owns(project, user.path, user.tags))


def own_roles(project: str, seen: Seen) -> tuple[SeenRole, ...]:
    """Give the project's roles, sorted by name."""
    return tuple(role for _, role in sorted(seen.roles.items()) if owns(project, role.path, role.tags))


def own_policies(project: str, seen: Seen) -> tuple[SeenPolicy, ...]:
    """Give the project's policies, sorted by name. The dump shows no tags of policies: the path decides."""
    path = path_of(project)
    return tuple(policy for _, policy in sorted(seen.policies.items()) if policy.path == path)


def own_instance_profiles(project: str, seen: Seen) -> tuple[SeenInstanceProfile, ...]:
    """Give the project's instance profiles, sorted by name."""
    path = path_of(project)
    return tuple(profile for _, profile in sorted(seen.instance_profiles.items()) if profile.path == path)


def refuse_strangers(wanted: Wanted, seen: Seen) -> None:
    """Refuse a plan that would meet an entity of another owner under a wanted name."""
    for identity in wanted.identities:
        _refuse_user(wanted.project, identity, seen)
        _refuse_role(wanted.project, identity, seen)
        _refuse_policies(wanted, identity, seen)
        _refuse_instance_profile(wanted, identity, seen)


def _refuse_user(project: str, identity: WantedIdentity, seen: Seen) -> None:
    if identity.user is None or (found := seen.users.get(identity.user.name.lower())) is None:
        return
    use = identity.spec.user
    place = identity.spec.place if use is None else use.place
    ours = owns(project, found.path, found.tags)
    if not ours or found.name != identity.user.name:
        free = _free(identity.user.name, seen.users, 1)
        raise entity_exists("user", found.arn, free, place, ours=ours)


def _refuse_role(project: str, identity: WantedIdentity, seen: Seen) -> None:
    found = seen.roles.get(identity.role.name.lower())
    if found is None:
        return
    ours = owns(project, found.path, found.tags)
    if not ours or found.name != identity.role.name:
        free = _free(identity.role.name, seen.roles, 1)
        raise entity_exists("role", found.arn, free, identity.spec.place, ours=ours)


def _refuse_policies(wanted: Wanted, identity: WantedIdentity, seen: Seen) -> None:
    boundary = () if identity.boundary is None else (identity.boundary,)
    for policy in (*identity.policies, *boundary):
        found = seen.policies.get(policy.name.lower())
        if found is None:
            continue
        ours = found.path == wanted.path
        if not ours or found.name != policy.name:
            base = identity.policies[0].name if identity.policies else policy.name
            free = _free(base, seen.policies, len(identity.policies))
            raise entity_exists("policy", found.arn, free, identity.spec.place, ours=ours)


def _refuse_instance_profile(wanted: Wanted, identity: WantedIdentity, seen: Seen) -> None:
    profile = identity.instance_profile
    if profile is None or (found := seen.instance_profiles.get(profile.name.lower())) is None:
        return
    ours = found.path == wanted.path
    if not ours or found.name != profile.name:
        free = _free(identity.role.name, {**seen.roles, **seen.instance_profiles}, 1)
        raise entity_exists("instance profile", found.arn, free, identity.spec.place, ours=ours)


def entity_exists(
    kind: EntityKind, arn: Arn, free: str, place: Place, *, ours: bool = False
) -> LeastkeyError:
    """Give the error for a name that is taken, with the line of the spec that would choose a free one."""
    if ours:
        what = f"the {kind} `{arn.name}` is ours under another spelling, and leastkey renames nothing"
        why = (f"there      {arn}", "IAM       tells no names apart that differ only in case")
    else:
        what = f"a {kind} named `{arn.name}` exists and is not ours"
        why = (f"there      {arn}", "ours       only what lies under the project's path and carries its tag")
    return LeastkeyError(
        "entity-exists",
        what,
        why=why,
        remedy=f"a free name, for the identity in {place.file}: `{_SETTINGS[kind].format(free)}`",
        place=str(place),
    )


def _free(name: str, taken: Collection[str], pieces: int) -> str:
    """Give NAME-2, NAME-3, ... such that it and the numbered pieces after it are free."""
    number = 2
    while True:
        free = f"{name}-{number}"
        names = [free, *(f"{free}-{piece}" for piece in range(2, pieces + 1))]
        if not any(candidate.lower() in taken for candidate in names):
            return free
        number += 1
