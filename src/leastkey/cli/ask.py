"""Questions to a person at the terminal. Without a terminal nothing is asked: the flag that answers is named."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from leastkey.cli.wrap import wrapped
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from leastkey.cli.show import Show

__all__ = ["TerminalPrompter", "mfa_code"]


class TerminalPrompter:
    """Implements `ports.people.Prompter` at the terminal. `yes` answers every yes-or-no question with yes."""

    def __init__(self, show: Show, *, yes: bool) -> None:
        self._show = show
        self._yes = yes

    def confirm(self, question: str, *, flag: str) -> bool:
        """Ask a question whose default is no."""
        if self._yes:
            return True
        _need_terminal(question, f"to answer it with yes: `{flag}`")
        self._show.ask(f"{question} [y/N]")
        try:
            answer = sys.stdin.readline()
        except UnicodeDecodeError:  # no text, and so no yes
            return False
        return answer.strip().lower() in {"y", "yes"}

    def ask(self, question: str, *, default: str | None, flag: str) -> str:
        """Ask for a text that is not empty. Raises LeastkeyError when the input ends."""
        _need_terminal(question, f"to answer it: `{flag}`")
        shown = "" if default is None else f" [{default}]"
        while True:
            self._show.ask(f"? {question}{shown}")
            answer = self._line(flag)
            if answer is None:
                self.tell("That is not UTF-8 text.")
            elif answer or default is not None:
                return answer or str(default)
            else:
                self.tell("There is no default for this one. Ctrl-C ends, and nothing is written.")

    def tell(self, *lines: str) -> None:
        """Tell what helps with a question, below or above it."""
        for line in lines:
            for part in wrapped("  ", line, columns=self._show.talk_columns):
                self._show.talk(part)

    def _line(self, flag: str) -> str | None:
        """Read a line, without the blanks around it; None for bytes that are no text."""
        try:
            line = sys.stdin.readline()
        except UnicodeDecodeError:
            return None
        if not line:
            self._show.talk()
            raise LeastkeyError(
                "declined",
                "the input ended before the question was answered",
                state="nothing was written",
                remedy=f"answer on the command line: `{flag}`",
            )
        return line.strip()


def _need_terminal(question: str, remedy: str) -> None:
    if not sys.stdin.isatty():
        raise LeastkeyError(
            "usage",
            "there is no terminal to ask on",
            why=f"the question is: {question}",
            remedy=remedy,
        )


def mfa_code(device: str, profile: str | None) -> str:
    """Ask for the code that an MFA device shows; it is not echoed. Raises `no-credentials` without a terminal."""
    if sys.stdin.isatty():
        return getpass.getpass(f"? MFA code of {device} ", sys.stderr).strip()
    named = "" if profile is None else f" --profile {profile}"
    raise LeastkeyError(
        "no-credentials",
        "the administrator's role asks for an MFA code, and there is no terminal to ask on",
        why=f"the device is {device}",
        state="nothing was changed",
        remedy=(
            f"at a terminal: `aws sts get-caller-identity{named}`, then the same command here within the hour",
            "unattended? name an administrator without a device: `--admin-profile NAME`",
        ),
    )
