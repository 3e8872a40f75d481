"""Who holds temporary credentials: a session of a role, a user or root with a shorter key, or a federated user.

Source: IAM User Guide, "Compare AWS STS credentials"; "Disabling permissions for temporary security credentials".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leastkey.evaluate.request import Principal
from leastkey.iam.arn import AccountId, root_arn, session_arn
from leastkey.sandbox.request import Caller
from leastkey.sandbox.state.world import PARTITION

if TYPE_CHECKING:
    from leastkey.sandbox.state.sessions import Session
    from leastkey.sandbox.state.world import World

__all__ = ["caller_of", "federated_arn"]


def caller_of(session: Session, world: World) -> Caller | None:
    """Give the holder of a session; None when the role or user behind it is gone, or is another of the same name."""
    account = AccountId(session.account)
    behind = _behind(session, world)
    if session.role_name and (behind is None or behind.id != session.role_id):
        return None
    principal, user_id = _principal(session, account, behind)
    return Caller(
        principal,
        account,
        key_id=session.key_id,
        user_name=behind.name if session.kind != "role" and behind is not None else "",
        role_name=behind.name if session.kind == "role" and behind is not None else "",
        user_id=user_id,
        mfa=session.mfa,
        issued_at=session.issued_at,
        expires=session.expires,
        session_policies=session.policies,
        tags=dict(session.tags),
        source_identity=session.source_identity,
        transitive=session.transitive,
        provider=session.provider,
    )


def federated_arn(account: str, name: str) -> str:
    """Give the ARN of a federated user."""
    return f"arn:{PARTITION}:sts::{account}:federated-user/{name}"


def _behind(session: Session, world: World) -> Any | None:
    if not session.role_name:
        return None
    find = world.role if session.kind == "role" else world.user
    return find(session.account, session.role_name)


def _principal(session: Session, account: AccountId, behind: Any) -> tuple[Principal, str]:
    root = str(root_arn(PARTITION, account))
    match session.kind:
        case "role":
            arn = str(session_arn(PARTITION, account, behind.name, session.name))
            return Principal("session", arn, account, behind.arn), f"{behind.id}:{session.name}"
        case "user":
            return Principal("user", behind.arn, account), behind.id
        case "root":
            return Principal("root", root, account), account
        case "feduser":
            arn = federated_arn(account, session.name)
            maker = root if behind is None else behind.arn
            return Principal("feduser", arn, account, maker), f"{account}:{session.name}"
