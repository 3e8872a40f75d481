"""Pack statements into managed policies of at most 6,144 characters.

First fit over the documents' own order, a statement kept whole where a policy can hold it; only when that needs more
policies than the role may carry are statements cut to fill every policy to the brim. Cutting a list of actions or
resources keeps the meaning, for Allow and Deny alike.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from leastkey.compile.policy import sorted_statements
from leastkey.compile.rule import Placed
from leastkey.errors import LeastkeyError
from leastkey.iam.document import PolicyDocument
from leastkey.iam.limits import MANAGED_POLICY_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leastkey.iam.statement import Statement

__all__ = ["Pack", "pack"]

Pack = tuple[Placed, ...]
_List = Literal["actions", "resources"]

_FRAME: Final = PolicyDocument(()).characters()


def pack(placed: Iterable[Placed], most: int) -> tuple[Pack, ...]:
    """Give the statements of each policy. May give more than `most` policies where no packing needs fewer."""
    placed = tuple(placed)
    whole = _first_fit(placed, dense=False)
    if len(whole) <= most:
        return whole
    dense = _first_fit(placed, dense=True)
    return dense if len(dense) < len(whole) else whole


class _Bin:
    """One policy being filled."""

    def __init__(self) -> None:
        self.statements: list[Placed] = []
        self.room = MANAGED_POLICY_CHARACTERS - _FRAME

    @property
    def offer(self) -> int:
        """Characters that one more statement may have; a comma stands before all but the first."""
        return self.room - bool(self.statements)

    def add(self, one: Placed) -> None:
        self.room = self.offer - _characters(one.statement)
        self.statements.append(one)


def _first_fit(placed: tuple[Placed, ...], *, dense: bool) -> tuple[Pack, ...]:
    bins: list[_Bin] = []
    waiting = deque(placed)
    while waiting:
        one = waiting.popleft()
        size = _characters(one.statement)
        fitting = next((bin_ for bin_ in bins if size <= bin_.offer), None)
        if fitting is not None:
            fitting.add(one)
        elif size <= _Bin().offer and not dense:
            bins.append(_Bin())
            bins[-1].add(one)
        else:
            waiting.extendleft(reversed(_cut_to_fit(one, bins, dense=dense)))
    return tuple(sorted_statements(bin_.statements) for bin_ in bins)


def _cut_to_fit(one: Placed, bins: list[_Bin], *, dense: bool) -> list[Placed]:
    """Put as much of a statement as goes into one policy, an open one first when dense; give what is left."""
    for bin_ in (*(bins if dense else ()), _Bin()):
        is_new = bin_ not in bins
        is_whole = is_new and _characters(one.statement) <= bin_.offer
        parts = [one] if is_whole else _cut(one, bin_.offer)
        if parts:
            bin_.add(parts[0])
            if is_new:
                bins.append(bin_)
            return parts[1:]
    return _halved(one)


def _cut(one: Placed, room: int) -> list[Placed]:
    """Cut off the largest first part that fits, along the longer of the two lists, else along the other."""
    for name in _by_weight(one.statement):
        values = getattr(one.statement, name)
        count = _fitting(one.statement, name, room)
        if 0 < count < len(values):
            return [_with(one, name, values[:count]), _with(one, name, values[count:])]
    return []


def _halved(one: Placed) -> list[Placed]:
    """Halve a statement whose two lists are both too long for one policy."""
    name = _by_weight(one.statement)[0]
    values = getattr(one.statement, name)
    if len(values) < 2:
        raise LeastkeyError(
            "too-large",
            f"one statement has {_characters(one.statement) + _FRAME:,} characters, a policy holds {MANAGED_POLICY_CHARACTERS:,}",
            why="it names neither several actions nor several resources, so it cannot be divided",
            remedy="shorten its condition, or write it as several statements",
            place=str(min(one.places)),
        )
    middle = len(values) // 2
    return [_with(one, name, values[:middle]), _with(one, name, values[middle:])]


def _by_weight(statement: Statement) -> list[_List]:
    """Give the lists of a statement, the one with more characters first."""
    names: list[_List] = ["actions", "resources"]
    return sorted(names, key=lambda name: -sum(len(value) for value in getattr(statement, name)))


def _fitting(statement: Statement, name: _List, room: int) -> int:
    """Count how many values of a list fit, from the first."""
    values = getattr(statement, name)
    low, high = 0, len(values)
    while low < high:
        middle = (low + high + 1) // 2
        part = _replaced(statement, name, values[:middle])
        low, high = (middle, high) if _characters(part) <= room else (low, middle - 1)
    return low


def _with(one: Placed, name: _List, values: tuple[str, ...]) -> Placed:
    return Placed(_replaced(one.statement, name, values), one.places)


def _replaced(statement: Statement, name: _List, values: tuple[str, ...]) -> Statement:
    return replace(statement, actions=values) if name == "actions" else replace(statement, resources=values)


@lru_cache(maxsize=1024)
def _characters(statement: Statement) -> int:
    return PolicyDocument((statement,)).characters() - _FRAME
