"""A plan as people read it and as programs read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leastkey.cli.wrap import wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leastkey.cli.show import Show
    from leastkey.plan.plan import Change, Plan

__all__ = ["plan_document", "show_cautions", "show_plan"]

_NAME: Final = 26
"""A name longer than this does not widen the table for all others."""


def show_plan(show: Show, plan: Plan) -> None:
    """Print the changes, what they mean in plain words, and the cautions."""
    show.talk()
    for line in _rows(plan.changes):
        show.data(line)
    if plan.changes:
        show.data()
    _plain_words(show, plan)
    show_cautions(show, plan)


def show_cautions(show: Show, plan: Plan) -> None:
    """Print what the user shall know before saying yes."""
    for caution in plan.cautions:
        for head, text in (
            ("warning", f"{caution.place} {caution.what}"),
            ("", f"better: {caution.remedy}"),
        ):
            for line in wrapped(f"{head:<9}", text, columns=show.columns):
                show.data(line)
    if plan.cautions:
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
                "slug": caution.slug,
                "what": caution.what,
                "remedy": caution.remedy,
                "place": str(caution.place),
            }
            for caution in plan.cautions
        ],
    }


def _rows(changes: Sequence[Change]) -> list[str]:
    """Give the changes as a table, as narrow as its words allow."""
    noun = max((len(change.noun) for change in changes), default=0)
    name = max(
        (len(change.name) for change in changes if change.note and len(change.name) <= _NAME), default=0
    )
    return [
        f"  {change.step}  {change.sign} {change.noun:<{noun}}  {change.name:<{name}}  {change.note}".rstrip()
        for change in changes
    ]


def _plain_words(show: Show, plan: Plan) -> None:
    """Say what the identities with a change can do; a thousand others would bury them."""
    changed = {change.identity for change in plan.changes}
    several = len(plan.wanted.identities) > 1
    for identity in plan.wanted.identities:
        if identity.name not in changed:
            continue
        show.data(f"In plain words{f', {identity.name}' if several else ''}")
        for word, sentences in (("can", identity.can), ("cannot", identity.cannot)):
            for index, sentence in enumerate(sentences):
                head = f"  {word if index == 0 else '':<8}"
                for line in wrapped(head, sentence, columns=show.columns):
                    show.data(line)
        show.data()
