"""Ask and carry a plan out: what `apply`, `up` and `destroy` have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.apply.run import apply_plan
from leastkey.cli.ask import TerminalPrompter
from leastkey.cli.planning import look_and_plan
from leastkey.cli.wrap import counted
from leastkey.errors import LeastkeyError
from leastkey.plan.operation import EnsureKey
from leastkey.plan.safety import guard

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.apply.run import Applied
    from leastkey.cli.wiring import Project
    from leastkey.plan.plan import Plan

__all__ = ["agree", "carry_out", "make_so"]


def make_so(project: Project, plan: Plan, *, allow_removals: bool, question: bool) -> Applied:
    """Guard, ask, carry out, remember the vault. An empty plan still finishes key operations left open."""
    options = project.options
    guard(plan, allow_removals=allow_removals)
    if question and not plan.is_empty:
        agree(
            project,
            plan,
            f"Apply {counted(len(plan.changes), 'change')} to account {project.caller.account}?",
            flag="--yes",
            declined=f"leastkey apply {plan.id}{options.again('apply')}",
            again=lambda: look_and_plan(project)[0],
        )
    applied = carry_out(project, plan)
    if options.vault is not None and any(isinstance(change.operation, EnsureKey) for change in plan.changes):
        # Only a vault that has taken a secret is one to come back to.
        project.machine.settings.remember_vault(project.spec.target, options.vault)
    if not plan.is_empty:
        options.show.talk(
            f"Done in {applied.seconds:.1f} s: {plan.adds} added, {plan.changes_count} changed, {plan.removes} removed."
        )
    return applied


def agree(
    project: Project, plan: Plan, question: str, *, flag: str, declined: str, again: Callable[[], Plan]
) -> None:
    """Ask whether the plan shall be carried out; `declined` is the hint where not.

    A person may take an hour over the question, and IAM goes by names: what has changed meanwhile is refused.
    """
    options = project.options
    if not TerminalPrompter(options.show, yes=options.yes).confirm(question, flag=flag):
        raise LeastkeyError("declined", "declined", remedy=declined)
    if options.yes:
        return
    now = again()
    if now.id != plan.id:
        raise LeastkeyError(
            "plan-outdated",
            "the account or this computer's state has changed since the question was asked",
            why=f"now it is {now.counts}",
            remedy="look again: `leastkey plan`",
        )


def carry_out(project: Project, plan: Plan) -> Applied:
    """Carry a plan out, whatever it says."""
    return apply_plan(
        plan,
        project.connect,
        project.local,
        project.progress,
    )
