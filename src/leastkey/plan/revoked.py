"""Identities that were revoked: what stays on a user or role although the spec does not speak of it.

The mark is the deny itself, in IAM, so that it holds for every computer. Only what denies is kept: a policy of the same
name that allows anything goes like any other that the spec lacks.
Source: IAM User Guide, "Revoke IAM role temporary security credentials".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.compile.wanted import Caution
from leastkey.errors import LeastkeyError
from leastkey.iam.document import PolicyDocument
from leastkey.iam.marks import IDENTITY_TAG, OLDER_SESSIONS_POLICY, REVOKED_POLICY
from leastkey.iam.statement import Condition, Statement
from leastkey.plan.ownership import own_roles, own_users

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from leastkey.compile.wanted import Wanted, WantedIdentity
    from leastkey.plan.seen import InlinePolicy, Seen, SeenRole, SeenUser

__all__ = [
    "denies_everything",
    "denies_older_sessions",
    "is_deny_of_revoke",
    "is_revoked",
    "refuse_forgotten",
    "restore_command",
    "revoked_caution",
    "revoked_identities",
]

_KEPT: Final = frozenset({REVOKED_POLICY, OLDER_SESSIONS_POLICY})


def denies_everything() -> PolicyDocument:
    """Give the document that stops a user or role, whoever wears it and since when."""
    return PolicyDocument((Statement("Deny", actions=("*",), resources=("*",)),))


def denies_older_sessions(moment: datetime) -> PolicyDocument:
    """Give the document that stops sessions given out before a moment, in the shape AWS's console writes."""
    before = Condition("DateLessThan", "aws:TokenIssueTime", (f"{moment:%Y-%m-%dT%H:%M:%SZ}",))
    return PolicyDocument((Statement("Deny", actions=("*",), resources=("*",), conditions=(before,)),))


def is_deny_of_revoke(policy: InlinePolicy) -> bool:
    """Say whether an inline policy is one that revoking puts there, and only denies."""
    return (
        policy.name in _KEPT
        and policy.document is not None
        and all(statement.effect == "Deny" for statement in policy.document.statements)
    )


def is_revoked(*entities: SeenUser | SeenRole | None) -> bool:
    """Say whether a user or role is revoked until somebody restores it."""
    return any(
        policy.name == REVOKED_POLICY and is_deny_of_revoke(policy)
        for entity in entities
        if entity is not None
        for policy in entity.inline
    )


def revoked_identities(wanted: Wanted, seen: Seen) -> frozenset[str]:
    """Give the identities of the spec that are revoked."""
    return frozenset(
        identity.name
        for identity in wanted.identities
        if is_revoked(
            None if identity.user is None else seen.users.get(identity.user.name.lower()),
            seen.roles.get(identity.role.name.lower()),
        )
    )


def revoked_caution(identity: WantedIdentity) -> Caution:
    """Give what a plan says of an identity that is revoked."""
    return Caution(
        "revoked",
        f"`{identity.name}` is revoked: it gets no key, and what it has is denied everything",
        restore_command(identity.name),
        identity.spec.place,
    )


def restore_command(identity: str) -> str:
    """Give the command that ends a revocation."""
    return f"leastkey revoke {identity} --restore"


def refuse_forgotten(wanted: Wanted, seen: Seen) -> None:
    """Refuse a plan that would take a revoked user or role of an identity away and make another under a new name."""
    roles = {identity.role.name.lower() for identity in wanted.identities}
    users = {identity.user.name.lower() for identity in wanted.identities if identity.user is not None}
    names = {identity.name for identity in wanted.identities}
    for entity in _going(wanted.project, seen, users, roles):
        identity = entity.tags.get(IDENTITY_TAG, "")
        if identity in names and is_revoked(entity):
            raise LeastkeyError(
                "revoked",
                f"`{identity}` is revoked, and the spec now gives it another name in IAM",
                why=f"revoked    {entity.arn}",
                remedy=(restore_command(identity), "or give it the name it had"),
            )


def _going(project: str, seen: Seen, users: set[str], roles: set[str]) -> Iterator[SeenUser | SeenRole]:
    yield from (user for user in own_users(project, seen) if user.name.lower() not in users)
    yield from (role for role in own_roles(project, seen) if role.name.lower() not in roles)
