"""Steps 1 and 4, carried out: the role, its settings, and what is attached to it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from leastkey.apply.conflict import delete_when_clear
from leastkey.apply.create import create_or_read
from leastkey.iam.canonical import same_meaning
from leastkey.iam.marks import OPERATION_TAG, SETTINGS_TAG
from leastkey.plan.ownership import entity_exists, own_roles, owns
from leastkey.plan.tags import differing

if TYPE_CHECKING:
    from leastkey.apply.work import Work
    from leastkey.compile.wanted import WantedRole
    from leastkey.iam.arn import Arn
    from leastkey.iam.document import PolicyDocument
    from leastkey.plan.operation import DeleteRole
    from leastkey.plan.seen import Seen, SeenRole
    from leastkey.spec.model import Place

__all__ = [
    "attach",
    "create_role",
    "delete_inline",
    "delete_role",
    "detach",
    "remove_boundary",
    "set_boundary",
    "update_role",
    "update_trust",
]


def create_role(work: Work, role: WantedRole, place: Place) -> None:
    """Create the role with trust, boundary and tags in one call."""
    tags = {**dict(role.tags), OPERATION_TAG: work.run}
    _, found = create_or_read(
        work,
        "iam:CreateRole",
        role.name,
        lambda: work.iam.create_role(
            role.name,
            role.path,
            role.trust,
            description=role.description,
            max_session_seconds=role.max_session_seconds,
            boundary=role.boundary,
            tags=tags,
        ),
        partial(work.iam.get_role, role.name),
        names=_named(role),
    )
    if found is None or found.tags.get(OPERATION_TAG) == work.run:
        work.made(_entity(role.name))
        return
    if found.name != role.name or not owns(work.wanted.project, found.path, found.tags):
        raise entity_exists("role", found.arn, f"{role.name}-2", place)
    _make_alike(work, role, found)


def _named(role: WantedRole) -> tuple[str, ...]:
    """Give the entities a new role names: its boundary, and users or roles in its trust policy."""
    named = [] if role.boundary is None else [f"policy {role.boundary}"]
    for statement in role.trust.statements:
        for text in () if statement.principal is None else statement.principal.aws:
            kind, _, rest = text.rpartition(":")[2].partition("/")
            named.append(f"{kind} {rest.rpartition('/')[2].lower()}")
    return tuple(named)


def _make_alike(work: Work, role: WantedRole, found: SeenRole) -> None:
    """Bring a role of ours that appeared meanwhile to what the spec says."""
    if found.trust is None or not same_meaning(found.trust, role.trust):
        update_trust(work, role.name, role.trust)
    missing = differing(role.tags, found.tags)
    if any(key == SETTINGS_TAG for key, _ in missing):
        update_role(work, role)
    elif missing:
        work.set_tags("role", role.name, dict(missing))
    if role.boundary != found.boundary:
        if role.boundary is None:
            remove_boundary(work, role.name)
        else:
            set_boundary(work, role.name, role.boundary)


def update_trust(work: Work, role: str, trust: PolicyDocument) -> None:
    """Replace the trust policy."""
    send = partial(work.iam.update_assume_role_policy, role, trust)
    work.write("iam:UpdateAssumeRolePolicy", role, send, names=(_entity(role),))


def update_role(work: Work, role: WantedRole) -> None:
    """Set description and longest session, then the tag that stands for both: cut off between, it is done again."""
    work.write(
        "iam:UpdateRole",
        role.name,
        lambda: work.iam.update_role(
            role.name, description=role.description, max_session_seconds=role.max_session_seconds
        ),
    )
    work.set_tags("role", role.name, dict(role.tags))


def set_boundary(work: Work, role: str, boundary: Arn) -> None:
    """Set the permissions boundary."""
    work.write(
        "iam:PutRolePermissionsBoundary",
        f"{role} {boundary}",
        partial(work.iam.put_role_permissions_boundary, role, boundary),
        names=(_entity(role), f"policy {boundary}"),
    )


def remove_boundary(work: Work, role: str) -> None:
    """Remove the permissions boundary."""
    send = partial(work.iam.delete_role_permissions_boundary, role)
    work.remove("iam:DeleteRolePermissionsBoundary", role, send)


def attach(work: Work, role: str, policy: Arn) -> None:
    """Tie a policy to the role."""
    work.write(
        "iam:AttachRolePolicy",
        f"{role} {policy}",
        partial(work.iam.attach_role_policy, role, policy),
        names=(_entity(role), f"policy {policy}"),
    )


def detach(work: Work, role: str, policy: Arn) -> None:
    """Untie a policy from the role."""
    work.remove(
        "iam:DetachRolePolicy", f"{role} {policy}", partial(work.iam.detach_role_policy, role, policy)
    )


def delete_inline(work: Work, role: str, name: str) -> None:
    """Take an inline policy away."""
    work.remove("iam:DeleteRolePolicy", f"{role} {name}", partial(work.iam.delete_role_policy, role, name))


def delete_role(work: Work, operation: DeleteRole) -> None:
    """Take away what the role still has, then the role."""
    name = operation.role
    for inline in operation.inline:
        delete_inline(work, name, inline)

    def clear_again(seen: Seen) -> None:
        for role in own_roles(work.wanted.project, seen):
            if role.name == name:
                for inline in role.inline:
                    delete_inline(work, name, inline.name)
                for policy in role.attached:
                    detach(work, name, policy)

    delete_when_clear(work, "iam:DeleteRole", name, partial(work.iam.delete_role, name), clear_again)


def _entity(role: str) -> str:
    return f"role {role.lower()}"
