"""Questions to a person at the terminal. Without a terminal nothing is asked: the flag that answers is named."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from leastkey.cli.show import plain
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from leastkey.cli.show import Show

__all__ = ["TerminalPrompter"]


class TerminalPrompter:
    """Asks at the terminal. `yes` answers every question with yes."""

    def __init__(self, show: Show, *, yes: bool) -> None:
        self._show = show
        self._yes = yes

    def confirm(self, question: str, *, flag: str) -> bool:
        """Ask a question whose default is no."""
        if self._yes:
            return True
        if not sys.stdin.isatty():
            raise LeastkeyError(
                "usage",
                "there is no terminal to ask on",
                why=f"the question is: {question}",
                remedy=f"to answer it with yes: `{flag}`",
            )
        self._show.say(f"{plain(question)} [y/N] ")
        answer = sys.stdin.readline()
        return answer.strip().lower() in {"y", "yes"}
