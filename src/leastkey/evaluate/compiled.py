"""Documents compiled once: which statements speak of an action is found at a glance, and remembered by action.

Nothing of a statement is compiled before a request gets as far as it. What is remembered is bounded and follows from the
document alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.evaluate.near import Near
from leastkey.evaluate.resources import fixed_starts
from leastkey.evaluate.statement import CompiledStatement, speaks_of
from leastkey.iam.columns import columns_of, joined, patterns_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leastkey.evaluate.asked import Asked
    from leastkey.iam.document import PolicyDocument

__all__ = ["CompiledDocument", "compiled"]

_ACTIONS: Final = 1_024
_MANY: Final = 4
"""So many more patterns are left to the statement, which looks at them in the same way and remembers what it saw."""
_OPEN_SERVICE: Final = re.compile(r"\0[^:*?\0]*+[*?]")
"""A pattern of joined ones with a wildcard before its first colon."""


class CompiledDocument:
    """A policy document, ready to be asked."""

    __slots__ = ("_actions", "_by_action", "_entries", "_is_open", "_made", "_resources", "_version")

    def __init__(self, document: PolicyDocument) -> None:
        # Not the document itself, which keeps this: the two would hold each other in memory.
        self._version = document.version
        self._entries, self._actions, self._resources = document.columns or columns_of(
            [statement.to_json() for statement in document.statements]
        )
        self._is_open: bool | None = None
        self._made: dict[int, CompiledStatement] = {}
        self._by_action: dict[str, Near[CompiledStatement] | None] = {}

    @property
    def statements(self) -> tuple[CompiledStatement, ...]:
        """Every statement, in the document's order."""
        return tuple(map(self._statement, range(len(self._entries))))

    def speaking_of(self, action: str) -> tuple[CompiledStatement, ...]:
        """Give the statements whose Action or NotAction element matches an action (lower case)."""
        return self._near(action).items

    def concerning(self, asked: Asked) -> Sequence[CompiledStatement]:
        """Give the statements that speak of the action and can concern the resource."""
        action = asked.action
        if action in self._by_action:
            return self._near(action).to(asked)
        # A lookup pays from the second question on.
        self._remember(action, None)
        matching = self._matching(action)
        return list(map(self._statement, self._in_reach(matching, asked)))

    def _near(self, action: str) -> Near[CompiledStatement]:
        near = self._by_action.get(action)
        if near is None:
            found = tuple(map(self._statement, self._matching(action)))
            near = Near(found, [statement.resource_patterns for statement in found])
            self._remember(action, near)
        return near

    def _remember(self, action: str, near: Near[CompiledStatement] | None) -> None:
        if action not in self._by_action and len(self._by_action) >= _ACTIONS:
            self._by_action.clear()
        self._by_action[action] = near

    def _matching(self, action: str) -> list[int]:
        entries = self._entries
        if "\0" in action:
            # The texts of the patterns are joined by it.
            return [index for index, entry in enumerate(entries) if speaks_of(entry, action)]
        # A pattern that matches is the action itself or has a wildcard in it, as a rule behind the service's name.
        service = "" if self._has_open_service() else action[: action.find(":") + 1]
        return [
            index
            for index, text in enumerate(self._actions)
            if (action in text and (text == action or action in patterns_in(text)))
            or (service in text and ("*" in text or "?" in text) and speaks_of(entries[index], action))
        ]

    def _has_open_service(self) -> bool:
        """Say whether a pattern has a wildcard in its service, as that of a NotAction has here."""
        if self._is_open is None:
            self._is_open = _OPEN_SERVICE.search(joined(self._actions)) is not None
        return self._is_open

    def _in_reach(self, indexes: list[int], asked: Asked) -> list[int]:
        """Give the statements whose resource can be the one asked: it begins as a pattern does, letter case aside."""
        resource = asked.folded_resource
        if resource is None:
            return indexes
        texts, stem = self._resources, _stem(asked, resource)
        return [index for index in indexes if _begins(texts[index], resource, stem)]

    def _statement(self, index: int) -> CompiledStatement:
        made = self._made.get(index)
        if made is None:
            made = self._made.setdefault(index, CompiledStatement(self._entries[index], index, self._version))
        return made


def compiled(document: PolicyDocument) -> CompiledDocument:
    """Give the compiled form of a document, which is kept with it."""
    kept = document.kept
    if not isinstance(kept, CompiledDocument):
        kept = CompiledDocument(document)
        document.keep(kept)
    return kept


def _stem(asked: Asked, resource: str) -> str:
    """Give the resource up to the end of its first name; nothing where that holds a slash."""
    stem = resource[: len(resource) - len(asked.tail) + len(asked.names[0])]
    return "" if "/" in stem else stem


def _begins(text: str, resource: str, stem: str) -> bool:
    """Say whether the resource begins as one of the patterns does before its first wildcard or variable."""
    if stem not in text and "?" not in text and "$" not in text and text.count("*") == text.count("/*"):
        # Each pattern is fixed to a slash at least, and none has the resource's first name.
        return False
    return text.count("\0") >= _MANY or resource.startswith(fixed_starts(text))
