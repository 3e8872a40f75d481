"""A person whose answers are known beforehand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class Scripted:
    """Implements `ports.people.Prompter`: `answer` gives what is typed at a question, None when nobody answers."""

    answer: Callable[[str], str | None]
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)

    def confirm(self, question: str, *, flag: str) -> bool:
        return self.ask(question, default="n", flag=flag) == "y"

    def ask(self, question: str, *, default: str | None, flag: str) -> str:
        self.asked.append((question, default))
        self.flags.append(flag)
        while True:
            typed = self.answer(question)
            if typed is None:
                raise LeastkeyError("declined", "nobody answers")
            if typed.strip() or default is not None:
                return typed.strip() or str(default)

    def tell(self, *lines: str) -> None:
        self.told.extend(lines)


def scripted(*answers: str) -> Scripted:
    """Give a person who types these, one at each question."""
    left = iter(answers)
    return Scripted(lambda _question: next(left, None))
