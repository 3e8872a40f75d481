"""The plan that takes everything of a project down: what IAM has under its path, and what this computer knows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.compile.wanted import Wanted
from leastkey.iam.marks import path_of
from leastkey.plan.diff import count_entities
from leastkey.plan.fingerprint import fingerprint
from leastkey.plan.plan import Plan
from leastkey.plan.removals import removals

if TYPE_CHECKING:
    from leastkey.plan.seen import Seen
    from leastkey.plan.seen_local import SeenLocal

__all__ = ["make_destroy_plan"]


def make_destroy_plan(project: str, seen: Seen, local: SeenLocal) -> Plan:
    """Give the plan that wants nothing of the project: keys first, then profiles, then IAM."""
    caller = seen.caller
    nothing = Wanted(
        project=project,
        path=path_of(project),
        account=caller.account,
        partition=caller.arn.partition,
        region="",
        target="aws",
        identities=(),
    )
    changes = tuple(removals(nothing, seen, local))
    return Plan(
        fingerprint(nothing, seen, changes),
        caller.account,
        project,
        changes,
        nothing,
        entities=count_entities(project, seen),
    )
