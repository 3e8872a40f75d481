"""People as the flows see them: somebody who watches progress. Questions are asked before a flow begins."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "Silent"]


class Progress(Protocol):
    """Told of what happens, as it happens. A line is one finished thing."""

    def say(self, text: str) -> None:
        """Tell one line."""
        ...

    def done(self, noun: str, name: str, seconds: float, note: str = "") -> None:
        """Tell that one change is made."""
        ...

    def failed(self, noun: str, name: str) -> None:
        """Tell that one change was refused."""
        ...


class Silent:
    """Progress for nobody."""

    def say(self, text: str) -> None:
        """Tell nobody."""

    def done(self, noun: str, name: str, seconds: float, note: str = "") -> None:
        """Tell nobody."""

    def failed(self, noun: str, name: str) -> None:
        """Tell nobody."""
