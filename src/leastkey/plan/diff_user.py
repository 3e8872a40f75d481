"""Step 3: the user. It may do one thing, so whatever else it was given is taken away again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.iam.canonical import same_meaning
from leastkey.plan.operation import (
    CreateUser,
    DeleteUserPolicy,
    DetachUserPolicy,
    PutUserPolicy,
    RemoveUserFromGroup,
    SetTags,
)
from leastkey.plan.revoked import is_deny_of_revoke
from leastkey.plan.tags import differing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.compile.wanted import WantedUser
    from leastkey.plan.changes import Lines
    from leastkey.plan.plan import Change
    from leastkey.plan.seen import SeenUser

__all__ = ["user_changes"]


def user_changes(wanted: WantedUser, seen: SeenUser | None, lines: Lines) -> Iterator[Change]:
    """Compare one user."""
    if seen is None:
        yield lines.add("user", wanted.name, "may do one thing: wear the role", CreateUser(wanted))
        return
    tags = differing(wanted.tags, seen.tags)
    if tags:
        yield lines.alter("user", wanted.name, "its tags", SetTags("user", wanted.name, tags))
    yield from _inline(wanted, seen, lines)
    for policy in seen.attached:
        yield lines.remove(
            "attachment",
            f"{policy.name} -> {wanted.name}",
            "not in the spec: the user shall only wear the role",
            DetachUserPolicy(wanted.name, policy),
        )
    for group in seen.groups:
        yield lines.remove(
            "attachment",
            f"{wanted.name} in group {group}",
            "not in the spec: the user shall only wear the role",
            RemoveUserFromGroup(wanted.name, group),
        )


def _inline(wanted: WantedUser, seen: SeenUser, lines: Lines) -> Iterator[Change]:
    there = {policy.name: policy.document for policy in seen.inline if not is_deny_of_revoke(policy)}
    document = there.get(wanted.inline_name)
    if document is None or not same_meaning(document, wanted.inline):
        yield lines.alter(
            "user",
            wanted.name,
            "may do one thing again: wear the role",
            PutUserPolicy(wanted.name, wanted.inline_name, wanted.inline),
        )
    for name in there:
        if name != wanted.inline_name:
            yield lines.alter(
                "user",
                wanted.name,
                f"loses the inline policy `{name}`, which is not in the spec",
                DeleteUserPolicy(wanted.name, name),
            )
