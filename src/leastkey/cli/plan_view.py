"""A plan as people read it and as programs read it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leastkey.cli.show import Show
    from leastkey.plan.plan import Change, Plan

__all__ = ["plan_document", "show_plan", "summary"]


def summary(plan: Plan) -> str:
    """Give the counts as a sentence."""
    return f"{plan.adds} to add, {plan.changes_count} to change, {plan.removes} to remove."


def show_plan(show: Show, plan: Plan) -> None:
    """Print the changes, what they mean in plain words, and the warnings."""
    for change in plan.changes:
        show.data(_line(change))
    if plan.changes:
        show.data()
    _plain_words(show, plan)
    for warning in plan.warnings:
        show.data(f"warning  {warning.place} {warning.what}")
        show.data(f"         to tighten it: {warning.remedy}")
    if plan.warnings:
        show.data()


def plan_document(plan: Plan) -> dict[str, Any]:
    """Give the plan for `--json`."""
    return {
        "plan": plan.id,
        "account": plan.account,
        "project": plan.project,
        "changes": [
            {
                "step": change.step,
                "sign": change.sign,
                "noun": change.noun,
                "name": change.name,
                "note": change.note,
                "identity": change.identity,
            }
            for change in plan.changes
        ],
        "add": plan.adds,
        "change": plan.changes_count,
        "remove": plan.removes,
        "identities": [
            {"name": identity.name, "can": list(identity.can), "cannot": list(identity.cannot)}
            for identity in plan.wanted.identities
        ],
        "warnings": [
            {
                "slug": warning.slug,
                "what": warning.what,
                "remedy": warning.remedy,
                "place": str(warning.place),
            }
            for warning in plan.warnings
        ],
    }


def _line(change: Change) -> str:
    return f"  {change.step}  {change.sign} {change.noun:<17}{change.name:<26} {change.note}".rstrip()


def _plain_words(show: Show, plan: Plan) -> None:
    several = len(plan.wanted.identities) > 1
    for identity in plan.wanted.identities:
        show.data(f"In plain words{f', {identity.name}' if several else ''}")
        for word, sentences in (("can", identity.can), ("cannot", identity.cannot)):
            for index, sentence in enumerate(sentences):
                head = f"  {word if index == 0 else '':<8}"
                for line in textwrap.wrap(sentence, 80, initial_indent=head, subsequent_indent=" " * 10) or [
                    head
                ]:
                    show.data(line)
        show.data()
