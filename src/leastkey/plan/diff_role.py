"""Steps 1 and 4: the role, who may wear it, and what is attached to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.iam.canonical import same_meaning
from leastkey.iam.marks import SETTINGS_TAG
from leastkey.plan.notes import duration, role_note
from leastkey.plan.operation import (
    AddRoleToInstanceProfile,
    AttachRolePolicy,
    CreateInstanceProfile,
    CreateRole,
    DeleteRolePolicy,
    DetachRolePolicy,
    RemoveBoundary,
    SetBoundary,
    SetTags,
    UpdateRole,
    UpdateTrust,
)
from leastkey.plan.revoked import is_deny_of_revoke
from leastkey.plan.tags import differing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.compile.wanted import WantedIdentity, WantedInstanceProfile
    from leastkey.iam.arn import Arn
    from leastkey.plan.changes import Lines
    from leastkey.plan.plan import Change
    from leastkey.plan.seen import SeenInstanceProfile, SeenRole

__all__ = ["attachment_changes", "attachment_name", "instance_profile_changes", "role_changes"]


def role_changes(wanted: WantedIdentity, seen: SeenRole | None, lines: Lines) -> Iterator[Change]:
    """Compare the role itself: trust, settings, boundary, tags, inline policies."""
    role = wanted.role
    if seen is None:
        yield lines.add("role", role.name, role_note(wanted), CreateRole(role))
        return
    if seen.trust is None or not same_meaning(seen.trust, role.trust):
        yield lines.alter(
            "role", role.name, f"trust: {role_note(wanted)}", UpdateTrust(role.name, role.trust)
        )
    tags = differing(role.tags, seen.tags)
    if any(key == SETTINGS_TAG for key, _ in tags):
        note = f"description, longest session {duration(role.max_session_seconds)}"
        yield lines.alter("role", role.name, note, UpdateRole(role))
    elif tags:
        yield lines.alter("role", role.name, "its tags", SetTags("role", role.name, tags))
    yield from _boundary(wanted, seen, lines)
    for policy in seen.inline:
        if is_deny_of_revoke(policy):
            continue
        note = f"loses the inline policy `{policy.name}`, which is not in the spec"
        yield lines.alter("role", role.name, note, DeleteRolePolicy(role.name, policy.name))


def _boundary(wanted: WantedIdentity, seen: SeenRole, lines: Lines) -> Iterator[Change]:
    role = wanted.role
    if role.boundary == seen.boundary:
        return
    if role.boundary is None:
        yield lines.alter("role", role.name, "no permissions boundary", RemoveBoundary(role.name))
    else:
        note = f"permissions boundary {role.boundary.name}"
        yield lines.alter("role", role.name, note, SetBoundary(role.name, role.boundary))


def attachment_changes(
    wanted: WantedIdentity, seen: SeenRole | None, lines: Lines, *, quota: int, alone: bool
) -> Iterator[Change]:
    """Compare what is attached. New ones come first, so that nothing is missing meanwhile, unless the quota forbids it."""
    role = wanted.role
    there = () if seen is None else seen.attached
    missing = tuple(policy for policy in role.attached if policy not in there)
    surplus = tuple(policy for policy in there if policy not in role.attached)
    for policy in missing:
        name = attachment_name(wanted, policy, alone=alone)
        yield lines.add("attachment", name, _origin(policy), AttachRolePolicy(role.name, policy))
    for policy in surplus:
        yield lines.remove(
            "attachment",
            f"{policy.name} -> {role.name}",
            "not in the spec",
            DetachRolePolicy(role.name, policy, "first" if len(there) + len(missing) > quota else "after"),
        )


def attachment_name(wanted: WantedIdentity, policy: Arn, *, alone: bool) -> str:
    """Give an attachment's name: `policy -> role` where only one can be meant."""
    if alone and len(wanted.role.attached) == 1:
        return "policy -> role"
    return f"{policy.name} -> {wanted.role.name}"


def _origin(policy: Arn) -> str:
    return "AWS's own policy" if policy.account == "aws" else ""


def instance_profile_changes(
    wanted: WantedInstanceProfile, seen: SeenInstanceProfile | None, lines: Lines
) -> Iterator[Change]:
    """Compare the instance profile, which holds one role."""
    if seen is None:
        note = "lets EC2 instances wear the role"
        yield lines.add("instance profile", wanted.name, note, CreateInstanceProfile(wanted))
    elif seen.role != wanted.role:
        yield lines.alter(
            "instance profile",
            wanted.name,
            f"holds {wanted.role}" if not seen.role else f"holds {wanted.role} instead of {seen.role}",
            AddRoleToInstanceProfile(wanted.name, wanted.role, seen.role or None),
        )
