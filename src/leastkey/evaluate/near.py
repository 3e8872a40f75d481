"""Statements that speak of one action, found by the resource they name.

Many statements of a policy allow the same action, each on a bucket or a table of its own; which of them a request can
concern is looked up by the first parts of the resource's name, so that it costs the same for ten as for a thousand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from leastkey.evaluate.asked import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leastkey.evaluate.asked import Asked

__all__ = ["Near"]

_T = TypeVar("_T")

_FEW: Final = 6
"""So many statements are sooner asked than looked up."""
_OPEN: Final = re.compile(r"[*?$]")


class Near(Generic[_T]):
    """Items that speak of one action, each of which stands for a statement with its Resource patterns."""

    __slots__ = ("_index", "items")

    def __init__(self, items: tuple[_T, ...], patterns: Sequence[tuple[str, ...]]) -> None:
        """Take the items and, beside each, its patterns; a statement without any concerns every resource."""
        self.items = items
        self._index = _Index(patterns) if len(items) > _FEW else None

    def to(self, asked: Asked) -> Sequence[_T]:
        """Give the items that can concern the request's resource, in their order."""
        if self._index is None:
            return self.items
        items = self.items
        return [items[place] for place in self._index.places(asked)]


class _Index:
    """Where each statement is found: by the first name of its resource, by the first two, or always."""

    __slots__ = ("_always", "_by_name", "_crossing")

    def __init__(self, patterns: Sequence[tuple[str, ...]]) -> None:
        self._always: list[int] = []
        self._crossing: list[int] = []
        self._by_name: dict[str, list[int]] = {}
        for place, each in enumerate(patterns):
            names = set(_names(each)) or {None}
            if None in names:
                self._always.append(place)
                continue
            if any("*" in _head(pattern) for pattern in each):
                self._crossing.append(place)
            for name in names:
                self._by_name.setdefault(name or "", []).append(place)

    def places(self, asked: Asked) -> Sequence[int]:
        """Give the places of the statements that can concern the request's resource."""
        one, two = asked.names
        by_name = self._by_name
        lists = [self._always] if self._always else []
        if two in by_name:
            lists.append(by_name[two])
        if one != two and one in by_name:
            lists.append(by_name[one])
        # A star among the first five parts may cross a colon, in a reading that a Deny takes.
        if self._crossing and ":" in asked.tail:
            lists.append(self._crossing)
        if len(lists) == 1:
            return lists[0]
        return sorted({place for each in lists for place in each}) if lists else ()


def _names(patterns: Sequence[str]) -> Iterator[str | None]:
    """Give for each pattern the longest name it can be found by; None where the first is open already."""
    for pattern in patterns:
        head = _head(pattern)
        if not head or "$" in head:
            yield None
            continue
        one, two = names_of(pattern[len(head) :])
        if not _OPEN.search(two):
            yield two
        elif not _OPEN.search(one):
            yield one
        else:
            yield None


def _head(pattern: str) -> str:
    """Give the first five parts of an ARN pattern with their colons; nothing when there are fewer."""
    end = -1
    for _ in range(5):
        end = pattern.find(":", end + 1)
        if end < 0:
            return ""
    return pattern[: end + 1]
