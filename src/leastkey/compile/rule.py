"""What a grant means before statements are merged: actions on one resource under one set of conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leastkey.compile.wanted import Caution
    from leastkey.iam.statement import Condition, Effect, Statement
    from leastkey.spec.model import Level, Place

__all__ = ["Meaning", "Placed", "Rule", "ordered"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Actions on one resource. `levelled` come from access levels and may be folded into wildcards; `written` stay as the user wrote them."""

    effect: Effect
    resource: str
    conditions: tuple[Condition, ...]
    levelled: frozenset[str]
    written: frozenset[str]
    place: Place


@dataclass(frozen=True, slots=True)
class Placed:
    """A statement and the grants it comes from."""

    statement: Statement
    places: frozenset[Place]


@dataclass(frozen=True, slots=True)
class Meaning:
    """One grant, compiled: its rules, the raw statements it takes over, cautions, and the levels that found an action."""

    rules: tuple[Rule, ...] = ()
    taken: tuple[Placed, ...] = ()
    cautions: tuple[Caution, ...] = ()
    levels: tuple[Level, ...] = ()


def ordered(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Give conditions in a fixed order, so that equal ones compare equal."""
    return tuple(
        sorted(conditions, key=lambda condition: (condition.operator, condition.key, condition.values))
    )
