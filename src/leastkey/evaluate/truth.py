"""Three-valued truth: yes, no, or resting on semantics that AWS does not document or states in two ways.

A contested truth is the set of slugs of the questions it rests on. `Reading` settles it: an Allow takes the
narrower reading, a Deny the wider, unless a question is flipped to learn whether the answer depends on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leastkey.iam.statement import Effect

__all__ = ["Reading", "Slugs", "Truth", "all_of", "any_of", "contested", "either", "negated"]

Slugs: TypeAlias = frozenset[str]
Truth: TypeAlias = bool | Slugs

_MATCHES_EITHER_WAY: Final = frozenset({"all-buckets", "short-arn-pattern", "wildcard-resource-type"})
"""Questions where both effects take the pattern as a plain glob; elsewhere an Allow misses and a Deny matches."""


def contested(slug: str) -> Slugs:
    """Give the truth that rests on one open question."""
    return frozenset({slug})


def negated(truth: Truth) -> Truth:
    """Give the opposite; what is contested stays so."""
    return not truth if isinstance(truth, bool) else truth


def any_of(truths: Iterable[Truth]) -> Truth:
    """Say whether one of them is true; a certain yes wins over a contested one."""
    doubts: Slugs = frozenset()
    for truth in truths:
        if truth is True:
            return True
        if truth is not False:
            doubts |= truth
    return doubts or False


def all_of(truths: Iterable[Truth]) -> Truth:
    """Say whether all of them are true; a certain no wins over a contested one."""
    doubts: Slugs = frozenset()
    for truth in truths:
        if truth is False:
            return False
        if truth is not True:
            doubts |= truth
    return doubts or True


def either(one: Truth, other: Truth, slug: str) -> Truth:
    """Give what two readings of one question agree on, else that it is contested."""
    return one if one == other else contested(slug)


class Reading:
    """Settles contested truths and remembers which questions came up."""

    __slots__ = ("_flipped", "met")

    def __init__(self, flipped: Slugs = frozenset()) -> None:
        self._flipped = flipped
        self.met: set[str] = set()

    def settle(self, truth: Truth, effect: Effect) -> bool:
        """Say whether a statement of this effect matches."""
        if isinstance(truth, bool):
            return truth
        self.met |= truth
        usual = effect == "Deny" or truth <= _MATCHES_EITHER_WAY
        return usual is not bool(truth & self._flipped)
