"""The gate before apply: a plan that removes much of a project wants a word.

A removal counts when an entity goes (user, role, policy, instance profile, identity provider), not when a tie or a key does. Up to five are
let through, and so is up to a third of what the project has: a spec that lost one identity passes, a spec that
lost most of its lines does not. `destroy` is not gated: there removing everything is what was asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError
from leastkey.plan.operation import (
    DeleteInstanceProfile,
    DeletePolicy,
    DeleteProvider,
    DeleteRole,
    DeleteUser,
)

if TYPE_CHECKING:
    from leastkey.plan.plan import Plan

__all__ = ["FREE_REMOVALS", "guard"]

FREE_REMOVALS: Final = 5
_SHARE: Final = 3


def guard(plan: Plan, *, allow_removals: bool) -> None:
    """Refuse a plan that removes more than the threshold, unless it was allowed."""
    removed = sum(
        isinstance(
            change.operation, DeleteUser | DeleteRole | DeletePolicy | DeleteProvider | DeleteInstanceProfile
        )
        for change in plan.changes
    )
    if allow_removals or removed <= FREE_REMOVALS or removed * _SHARE <= plan.entities:
        return
    raise LeastkeyError(
        "unsafe-plan",
        f"the plan removes {removed} of the {plan.entities} IAM entities of `{plan.project}`",
        why=f"up to {FREE_REMOVALS}, or a third of the project, go without a word",
        remedy=("meant so? add `--allow-removals`", "everything? `leastkey destroy`"),
    )
