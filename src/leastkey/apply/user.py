"""Step 3, carried out: the user and its one inline policy."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from leastkey.apply.conflict import delete_when_clear
from leastkey.apply.create import create_or_read
from leastkey.iam.marks import OPERATION_TAG
from leastkey.plan.ownership import entity_exists, own_users, owns
from leastkey.plan.tags import differing

if TYPE_CHECKING:
    from leastkey.apply.work import Work
    from leastkey.compile.wanted import WantedUser
    from leastkey.iam.arn import Arn
    from leastkey.iam.document import PolicyDocument
    from leastkey.plan.operation import DeleteUser
    from leastkey.plan.seen import Seen
    from leastkey.spec.model import Place

__all__ = ["create_user", "delete_inline", "delete_user", "detach", "leave_group", "put_inline"]


def create_user(work: Work, user: WantedUser, place: Place) -> None:
    """Create the user, marked with this run's id, then give it its one permission."""
    tags = {**dict(user.tags), OPERATION_TAG: work.run}
    created, found = create_or_read(
        work,
        "iam:CreateUser",
        user.name,
        partial(work.iam.create_user, user.name, user.path, tags),
        partial(work.iam.get_user, user.name),
    )
    ours = created if found is None or found.tags.get(OPERATION_TAG) != work.run else found
    if ours is not None:
        work.made(f"user {user.name.lower()}")
        work.made_user(user.name, ours.created)
    elif found is not None:
        if found.name != user.name or not owns(work.wanted.project, found.path, found.tags):
            raise entity_exists("user", found.arn, f"{user.name}-2", place)
        if missing := differing(user.tags, found.tags):
            work.set_tags("user", user.name, dict(missing))
    put_inline(work, user.name, user.inline_name, user.inline)


def put_inline(work: Work, user: str, name: str, document: PolicyDocument) -> None:
    """Give the user its one permission."""
    work.write(
        "iam:PutUserPolicy",
        f"{user} {name}",
        partial(work.iam.put_user_policy, user, name, document),
        names=(f"user {user.lower()}",),
    )


def delete_inline(work: Work, user: str, name: str) -> None:
    """Take an inline policy away."""
    work.remove("iam:DeleteUserPolicy", f"{user} {name}", partial(work.iam.delete_user_policy, user, name))


def detach(work: Work, user: str, policy: Arn) -> None:
    """Take an attached policy away."""
    work.remove(
        "iam:DetachUserPolicy", f"{user} {policy}", partial(work.iam.detach_user_policy, user, policy)
    )


def leave_group(work: Work, user: str, group: str) -> None:
    """Take the user out of a group."""
    send = partial(work.iam.remove_user_from_group, user, group)
    work.remove("iam:RemoveUserFromGroup", f"{user} {group}", send)


def delete_user(work: Work, operation: DeleteUser) -> None:
    """Take away what the user has, then the user."""
    name = operation.user
    _clear(work, name, operation.inline, operation.attached, operation.groups)

    def clear_again(seen: Seen) -> None:
        for user in own_users(work.wanted.project, seen):
            if user.name == name:
                inline = tuple(policy.name for policy in user.inline)
                _clear(work, name, inline, user.attached, user.groups)

    delete_when_clear(work, "iam:DeleteUser", name, partial(work.iam.delete_user, name), clear_again)


def _clear(
    work: Work, user: str, inline: tuple[str, ...], attached: tuple[Arn, ...], groups: tuple[str, ...]
) -> None:
    for name in inline:
        delete_inline(work, user, name)
    for policy in attached:
        detach(work, user, policy)
    for group in groups:
        leave_group(work, user, group)
