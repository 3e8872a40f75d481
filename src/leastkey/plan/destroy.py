"""The plan that takes everything of a project down: what IAM has under its path, and what this computer knows of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from leastkey.plan.diff import count_entities
from leastkey.plan.fingerprint import fingerprint
from leastkey.plan.plan import Plan
from leastkey.plan.providers import kept_providers, provider_removals
from leastkey.plan.removals import removals

if TYPE_CHECKING:
    from leastkey.compile.wanted import Wanted
    from leastkey.plan.seen import Seen
    from leastkey.plan.seen_local import SeenLocal

__all__ = ["make_destroy_plan"]


def make_destroy_plan(wanted: Wanted, seen: Seen, local: SeenLocal) -> Plan:
    """Give the plan that wants nothing of the project: keys first, then profiles, then IAM."""
    nothing = replace(wanted, identities=(), providers=())
    changes = (*provider_removals(nothing, seen), *removals(nothing, seen, local))
    return Plan(
        fingerprint(nothing, seen, changes),
        nothing.account,
        nothing.project,
        changes,
        nothing,
        kept_providers(nothing, seen, wanted),
        entities=count_entities(nothing.project, seen),
    )
