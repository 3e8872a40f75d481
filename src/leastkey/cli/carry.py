"""Ask, carry a plan out, remember the vault: what `apply` and `up` have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leastkey.apply.run import apply_plan
from leastkey.cli.ask import TerminalPrompter
from leastkey.cli.planning import known_here, look
from leastkey.errors import LeastkeyError
from leastkey.plan.diff import make_plan
from leastkey.plan.operation import EnsureKey
from leastkey.plan.safety import guard

if TYPE_CHECKING:
    from leastkey.cli.wiring import Project
    from leastkey.plan.plan import Plan

__all__ = ["carry_out", "refuse_changed"]


def carry_out(project: Project, plan: Plan, *, allow_removals: bool, question: bool) -> dict[str, Any]:
    """Guard, ask, apply; give what was done for `--json`. An empty plan still finishes key operations left open."""
    options, show = project.options, project.options.show
    guard(plan, allow_removals=allow_removals)
    if question and not plan.is_empty:
        asked = f"Apply {len(plan.changes)} changes to account {project.caller.account}?"
        if not TerminalPrompter(show, yes=options.yes).confirm(asked, flag="--yes"):
            raise LeastkeyError(
                "declined", "declined", remedy=f"leastkey apply {plan.id}{options.again('apply')}"
            )
        if not options.yes:
            refuse_changed(plan, make_plan(project.wanted, look(project), known_here(project)))
    applied = apply_plan(
        plan,
        project.connect,
        project.local,
        project.progress,
        helper=project.machine.helper,
        endpoint=project.endpoint_key,
        endpoint_url=project.endpoint_url,
    )
    if options.vault is not None and any(isinstance(change.operation, EnsureKey) for change in plan.changes):
        # Only a vault that has taken a secret is one to come back to.
        project.machine.settings.remember_vault(project.spec.target, options.vault)
    if not plan.is_empty:
        show.talk(
            f"Done in {applied.seconds:.1f} s: {plan.adds} added, {plan.changes_count} changed, {plan.removes} removed."
        )
    return {"changed": applied.changed}


def refuse_changed(shown: Plan, now: Plan) -> None:
    """Refuse what changed while the question stood there: a person may take an hour over it, and IAM goes by names."""
    if now.id != shown.id:
        raise LeastkeyError(
            "plan-outdated",
            "the account or this computer's state has changed since the question was asked",
            why=f"now it is {now.adds} to add, {now.changes_count} to change, {now.removes} to remove",
            remedy="look again: `leastkey plan`",
        )
