"""`leastkey up`: plan, ask, apply, verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from leastkey.cli.options import project_options

if TYPE_CHECKING:
    from leastkey.cli.options import Options

__all__ = ["command"]


@click.command("up", epilog="Example: leastkey up --yes --vault age-file")
@click.option("--allow-removals", is_flag=True, help="Let a plan pass that removes much of the project.")
@project_options
def command(options: Options, *, allow_removals: bool) -> int:
    """Do all seven steps: plan, ask, apply, and prove what is allowed and what is denied."""
    from leastkey.cli.applying import make_so
    from leastkey.cli.plan_view import plan_document, show_plan
    from leastkey.cli.planning import planned
    from leastkey.cli.proof import first_run, outcome, prove, show_reports
    from leastkey.cli.wiring import build

    project = build(options)
    plan, seen = planned(project)
    show = options.show
    if not plan.is_empty:
        show_plan(show, plan)
        show.data(f"{plan.counts}.")
    applied = make_so(project, plan, allow_removals=allow_removals, question=True)
    reports = prove(project, seen, None, settling=not plan.is_empty)
    show.document(
        "up",
        {
            **plan_document(plan),
            "changed": applied.changed,
            "verify": [report.to_json() for report in reports],
        },
    )
    if plan.is_empty:
        show.data(f"Already as described: {plan.counts}.")
    show_reports(show, reports, verbose=options.verbose)
    code = outcome(project, seen, reports)
    if reports:
        show.data(f"Each of them: leastkey verify{options.again('verify')}")
    if code == 0:
        show.data(f"Next: {first_run(project)}")
    return code
