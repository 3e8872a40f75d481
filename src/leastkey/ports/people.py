"""People as the flows see them: somebody who watches progress. Questions are asked before a flow begins."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "Prompter", "Silent"]


class Prompter(Protocol):
    """Somebody who can be asked, one question at a time."""

    def confirm(self, question: str, *, flag: str) -> bool:
        """Ask a question whose default is no. `flag` is what answers it with yes on the command line."""
        ...

    def ask(self, question: str, *, default: str | None, flag: str) -> str:
        """Ask for a text that is not empty: the default where nothing is typed. `flag` is what answers it."""
        ...

    def tell(self, *lines: str) -> None:
        """Tell what helps with the next question."""
        ...


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
