"""`leastkey apply`: make the account as the plan says, and only as the approved plan says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from leastkey.cli.options import project_options
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from leastkey.cli.options import Options
    from leastkey.plan.plan import Plan

__all__ = ["command"]

SHORTEST_ID: Final = 8
"""Digits of a plan id that must at least be given; how many to compare is the choice of who approves."""


@click.command("apply", epilog="Example: leastkey apply 7f3a91c2")
@click.argument("plan_id", metavar="[PLAN-ID]", required=False)
@click.option("--allow-removals", is_flag=True, help="Let a plan pass that removes much of the project.")
@project_options
def command(options: Options, plan_id: str | None, *, allow_removals: bool) -> None:
    """Carry a plan out. With PLAN-ID, refuse when spec or account have changed since; without, plan first and ask."""
    from leastkey.cli.carry import carry_out
    from leastkey.cli.plan_view import plan_document, show_plan, summary
    from leastkey.cli.planning import planned
    from leastkey.cli.wiring import build

    project = build(options)
    plan, _ = planned(project)
    show = options.show
    if plan_id is not None and not _names(plan_id, plan):
        raise _outdated(plan_id, plan)
    show_plan(show, plan)
    if plan.is_empty:
        show.data(f"Already as described: {summary(plan)}")
    done = carry_out(project, plan, allow_removals=allow_removals, question=plan_id is None)
    show.document("apply", {**plan_document(plan), **done})
    if not plan.is_empty:
        show.data(f"Next: leastkey verify{options.again('verify')}")


def _names(plan_id: str, plan: Plan) -> bool:
    """Say whether an id, or the beginning of one, is this plan's."""
    return len(plan_id) >= SHORTEST_ID and plan.id.startswith(plan_id.lower())


def _outdated(plan_id: str, plan: Plan) -> LeastkeyError:
    return LeastkeyError(
        "plan-outdated",
        f"`{plan_id}` is not the plan for the spec and the account as they are now",
        why=(
            f"now it is {plan.id}: {plan.adds} to add, {plan.changes_count} to change, {plan.removes} to remove",
            "either the spec, the account or this computer's state has changed, or the id is mistyped",
        ),
        remedy="look again: `leastkey plan`",
    )
