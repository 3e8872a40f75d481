"""`leastkey apply`: make the account as the plan says, and only as the approved plan says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from leastkey.cli.options import project_options
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from leastkey.cli.options import Options
    from leastkey.plan.plan import Plan

__all__ = ["command"]


@click.command("apply", epilog="Example: leastkey apply 7f3a91c2")
@click.argument("plan_id", metavar="[PLAN-ID]", required=False)
@click.option("--allow-removals", is_flag=True, help="Let a plan pass that removes much of the project.")
@project_options
def command(options: Options, plan_id: str | None, *, allow_removals: bool) -> None:
    """Carry a plan out. With PLAN-ID, refuse when spec or account have changed since; without, plan first and ask."""
    from leastkey.cli.applying import make_so
    from leastkey.cli.plan_view import plan_document, show_plan
    from leastkey.cli.planning import planned
    from leastkey.cli.wiring import build

    project = build(options)
    plan, _ = planned(project)
    show = options.show
    if plan_id is not None and not plan.is_named(plan_id):
        raise _outdated(plan_id, plan)
    show_plan(show, plan)
    if plan.is_empty:
        show.data(f"Already as described: {plan.counts}.")
    applied = make_so(project, plan, allow_removals=allow_removals, question=plan_id is None)
    show.document("apply", {**plan_document(plan), "changed": applied.changed})
    if not plan.is_empty:
        show.data(f"Next: leastkey verify{options.again('verify')}")


def _outdated(plan_id: str, plan: Plan) -> LeastkeyError:
    return LeastkeyError(
        "plan-outdated",
        f"`{plan_id}` is not the plan for the spec and the account as they are now",
        why=(
            f"now it is {plan.id}: {plan.counts}",
            "either the spec, the account or this computer's state has changed, or the id is mistyped",
        ),
        remedy="look again: `leastkey plan`",
    )
