"""`leastkey plan`: what would change. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from leastkey.cli.options import project_options
from leastkey.errors import Exit

if TYPE_CHECKING:
    from leastkey.cli.options import Options

__all__ = ["command"]

SHORT: Final = 34
"""A hint this long still has room for a remark within 80 columns."""


@click.command("plan", epilog="Example: leastkey plan --spec jobs/leastkey.yaml --exit-code")
@click.option("--exit-code", is_flag=True, help="Exit 10 when there are changes.")
@project_options
def command(options: Options, *, exit_code: bool) -> int:
    """Show what would change in the account, and the plan's id. Nothing is changed."""
    from leastkey.cli.plan_view import plan_document, show_plan
    from leastkey.cli.planning import planned
    from leastkey.cli.wiring import build

    plan, _ = planned(build(options))
    show = options.show
    show.document("plan", plan_document(plan))
    show_plan(show, plan)
    if plan.is_empty:
        show.data(f"Already as described: {plan.counts}.")
        show.data(f"Next: leastkey verify{options.again('verify')}")
        return int(Exit.OK)
    show.data(f"{plan.counts}.  Nothing was changed.")
    command = f"Next: leastkey apply {plan.id}{options.again('apply')}"
    show.data(
        f"{command}      (refuses if account or spec have drifted)" if len(command) < SHORT else command
    )
    return int(Exit.CHANGES if exit_code else Exit.OK)
