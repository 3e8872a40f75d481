"""The key protocol as one table: the phases of an open operation, and where each may lead.

An intent is written, moved and closed only along this table, and docs/explain/keys.md draws it. What a phase says is
already true on the disk when the next request is made, so whoever finds the intent knows what may have happened.
Source: IAM User Guide, "Update access keys" (a second key, then the first inactive, then deleted).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from leastkey.errors import LeastkeyError
from leastkey.ports.local import IntentPhase

if TYPE_CHECKING:
    from leastkey.keys.work import UserKeys
    from leastkey.ports.local import Intent

__all__ = ["PHASES", "STEPS", "Step", "advance", "begin", "close"]

Place = IntentPhase | Literal["start", "done"]


@dataclass(frozen=True, slots=True)
class Step:
    """One way an operation may go, and when it goes there."""

    source: Place
    target: Place
    when: str


PHASES: Final[dict[IntentPhase, tuple[str, str]]] = {
    "claiming": (
        "the user is about to be marked as ours to work on; no key can have been made",
        "closes it: nothing was made",
    ),
    "creating": (
        "a key may be made now; the profile uses what it used",
        "looks whether a key was made; one whose secret nobody stored is deleted if it is provably ours, else named",
    ),
    "stored": (
        "the new key's secret lies in the vault; the profile may use either key, both are active",
        "asks AWS with the new key, moves the profile to it, goes on",
    ),
    "grace": (
        "the profile uses the new key; the old one is off or about to be, its secret is kept",
        "switches the old key off if that is not done, and deletes it once its grace is over and nobody used it",
    ),
    "undo": (
        "the old key is to be used again: switched on, tried, then the profile goes back to it",
        "goes on with that; where the old key is gone the profile stays with the new one",
    ),
    "retire": (
        "a key of ours that the profile does not use is to go: switched off, deleted, its secret forgotten",
        "does so again, which is harmless, until AWS's list shows the key no more",
    ),
}
"""What is true in each phase, and what the next command does that finds an operation in it."""

STEPS: Final = (
    Step("start", "claiming", "the vault has taken a test entry and the user's keys are listed"),
    Step("start", "creating", "the same, where this run made the user and its mark"),
    Step("start", "retire", "a key of ours lies about that nothing uses"),
    Step("claiming", "creating", "the user carries our mark, and its keys are listed again"),
    Step("claiming", "done", "the run was cut off here"),
    Step("creating", "creating", "the new key's id is known"),
    Step("creating", "stored", "the secret lies in the vault and was read back"),
    Step("creating", "retire", "the key's secret was not stored: the key goes again"),
    Step("creating", "done", "AWS made no key"),
    Step("stored", "done", "the key works and replaces none"),
    Step("stored", "grace", "rotation: the new key works and the profile uses it"),
    Step("stored", "retire", "the replaced key was of no use, or the new one came to nothing: it goes"),
    Step("stored", "undo", "`--undo` after the profile had moved"),
    Step("grace", "grace", "the old key is switched off, and AWS's clock says when"),
    Step("grace", "retire", "the grace is over and nobody used the old key, or its place is needed"),
    Step("grace", "undo", "`--undo`"),
    Step("retire", "undo", "`--undo` while AWS still lists the old key"),
    Step(
        "undo",
        "retire",
        "the profile uses the old key, which works: the new one goes; or the old one is gone",
    ),
    Step("retire", "done", "AWS lists the key no more"),
)
_ALLOWED: Final = frozenset((step.source, step.target) for step in STEPS)


def begin(work: UserKeys, intent: Intent) -> Intent:
    """Write a new intent."""
    _check("start", intent.phase)
    work.local.intents.create(intent)
    return intent


def advance(work: UserKeys, intent: Intent, changed: Intent) -> Intent:
    """Move an open operation on; what it says is on the disk when this returns."""
    _check(intent.phase, changed.phase)
    work.local.intents.update(changed)
    return changed


def close(work: UserKeys, intent: Intent) -> None:
    """End an operation."""
    _check(intent.phase, "done")
    work.local.intents.close(intent.operation)


def _check(source: Place, target: Place) -> None:
    if (source, target) not in _ALLOWED:
        raise LeastkeyError("internal", f"a key operation cannot go from `{source}` to `{target}`")
