"""Build the lines of a plan, one identity's after another's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.plan.plan import Change, Noun, Sign

if TYPE_CHECKING:
    from leastkey.plan.operation import Operation

__all__ = ["Lines"]


class Lines:
    """Makes the lines of one identity."""

    def __init__(self, identity: str) -> None:
        self.identity = identity

    def add(self, noun: Noun, name: str, note: str, operation: Operation) -> Change:
        """Give a line for something new."""
        return self._line("+", noun, name, note, operation)

    def alter(self, noun: Noun, name: str, note: str, operation: Operation) -> Change:
        """Give a line for something changed in place."""
        return self._line("~", noun, name, note, operation)

    def remove(self, noun: Noun, name: str, note: str, operation: Operation) -> Change:
        """Give a line for something removed."""
        return self._line("-", noun, name, note, operation)

    def _line(self, sign: Sign, noun: Noun, name: str, note: str, operation: Operation) -> Change:
        return Change(sign, noun, name, note, self.identity, operation)
