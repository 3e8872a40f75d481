"""Finish key operations that an earlier run left open beside a key in use: no line of a plan speaks of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.apply.access_key import key_work
from leastkey.keys.grace import is_resting
from leastkey.keys.recover import recover
from leastkey.plan.operation import EnsureKey

if TYPE_CHECKING:
    from leastkey.apply.work import Work
    from leastkey.plan.plan import Plan
    from leastkey.ports.local import Local, ProjectKey

__all__ = ["finish_open_operations", "has_open_operations"]


def has_open_operations(project: ProjectKey, local: Local) -> bool:
    """Say whether there is something to do about a key operation of the project that is open on this computer."""
    now = local.clock.now()
    return any(project.holds(intent.key) and not is_resting(intent, now) for intent in local.intents.open())


def finish_open_operations(work: Work, plan: Plan) -> None:
    """Finish open operations of users whose key the plan leaves alone. Raises AwsError, LeastkeyError."""
    if not has_open_operations(work.project, work.local):
        return
    planned = {change.operation.user for change in plan.changes if isinstance(change.operation, EnsureKey)}
    for identity in plan.wanted.identities:
        user = identity.user
        if user is not None and user.name not in planned:
            recover(key_work(work, identity, user.name))
