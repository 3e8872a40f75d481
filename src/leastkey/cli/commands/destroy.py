"""`leastkey destroy`: take everything of the project down again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from leastkey.cli.options import project_options

if TYPE_CHECKING:
    from leastkey.cli.options import Options
    from leastkey.cli.wiring import Project
    from leastkey.plan.plan import Plan

__all__ = ["command"]


@click.command("destroy", epilog="Example: leastkey destroy --yes")
@project_options
def command(options: Options) -> None:
    """Take everything of the project down: keys first, then profile, vault entries and caches, then IAM."""
    from leastkey.cli.applying import agree, carry_out
    from leastkey.cli.plan_view import plan_document, show_cautions, show_plan
    from leastkey.cli.planning import known_here, look, who_and_where
    from leastkey.cli.wiring import build
    from leastkey.cli.wrap import counted
    from leastkey.plan.destroy import make_destroy_plan

    project = build(options)
    show = options.show
    show.talk(who_and_where(project))

    def planned() -> Plan:
        seen = look(project, removing=True)
        return make_destroy_plan(project.wanted, seen, known_here(project))

    plan = planned()
    if plan.is_empty:
        show.document("destroy", {**plan_document(plan), "changed": 0})
        show_cautions(show, plan)
        show.data(f"Nothing of `{project.wanted.project}` is there: already gone.")
        _tell_sandbox(project)
        return
    show_plan(show, plan)
    agree(
        project,
        plan,
        f"Remove {counted(len(plan.changes), 'thing')} from account {project.caller.account}?",
        flag="leastkey destroy --yes",
        declined="leastkey plan",
        again=planned,
    )
    done = carry_out(project, plan)
    show.document("destroy", {**plan_document(plan), "changed": done.changed})
    left = "what was named above stays" if plan.cautions else "nothing is left behind"
    show.data(f"Gone in {done.seconds:.1f} s: {plan.removes} removed, {left}.")
    _tell_sandbox(project)


def _tell_sandbox(project: Project) -> None:
    if project.spec.target == "sandbox":
        project.options.show.data("The embedded AWS still runs: leastkey sandbox stop")
