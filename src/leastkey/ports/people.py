"""People as the flows see them: somebody who watches progress and somebody who answers questions."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "Prompter", "Silent"]


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


class Prompter(Protocol):
    """Asks a person. Without a terminal nothing is asked: it raises LeastkeyError `usage` naming the flag that answers."""

    def confirm(self, question: str, *, flag: str) -> bool:
        """Ask a question whose default is no."""
        ...


class Silent:
    """Progress for nobody."""

    def say(self, text: str) -> None:
        """Tell nobody."""

    def done(self, noun: str, name: str, seconds: float, note: str = "") -> None:
        """Tell nobody."""

    def failed(self, noun: str, name: str) -> None:
        """Tell nobody."""
