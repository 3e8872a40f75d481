"""How leastkey prints: stdout is data, stderr is talk, every foreign character that could steer a terminal is escaped.

Colour only doubles a word (`ok`, `NO`, `+`); `NO_COLOR`, `CLICOLOR_FORCE` and `--color` decide whether it is there.
"""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TextIO

from leastkey.cli.streams import delivering, silence
from leastkey.cli.wrap import COLUMNS, columns_of, folded, wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.errors import LeastkeyError

__all__ = ["JSON_VERSION", "Show", "as_json", "plain"]

JSON_VERSION: Final = 1

_COLOURS: Final = {"good": "32", "bad": "31", "note": "33", "dim": "2", "bold": "1"}
_LABEL: Final = re.compile(r"\S+(?: \S+)* {2,}(?=\S)")
_STEERING: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def plain(text: str) -> str:
    """Give a text with control, bidirectional and other invisible characters written as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if unicodedata.category(character) not in _STEERING
        else character.encode("unicode_escape").decode()
        for character in text
    )


def as_json(value: Any, indent: int | None = None) -> str:
    """Give JSON of visible ASCII: everything that could steer a terminal is an escape, which readers undo."""
    return json.dumps(value, indent=indent, ensure_ascii=True).replace("\x7f", "\\u007f")


@dataclass(slots=True)
class Show:
    """Prints for one command. With `as_json`, stdout gets one document and the talk still goes to stderr."""

    out: TextIO
    err: TextIO
    as_json: bool = False
    colour: bool = False
    terminal: int | None = None
    """Columns of the terminal that data goes to, None where it goes elsewhere."""
    talk_terminal: int | None = None
    """The same for talk."""

    @classmethod
    def for_terminal(cls, *, as_json: bool, colour: str) -> Show:
        """Give the one that fits this process's streams. `colour` is `auto`, `always` or `never`."""
        return cls(
            sys.stdout,
            sys.stderr,
            as_json,
            _wants_colour(colour, sys.stderr),
            columns_of(sys.stdout, os.environ),
            columns_of(sys.stderr, os.environ),
        )

    @property
    def columns(self) -> int:
        """Give the width that text among the data is set in."""
        return min(COLUMNS, self.terminal or COLUMNS)

    @property
    def talk_columns(self) -> int:
        """Give the width that talk is set in."""
        return min(COLUMNS, self.talk_terminal or COLUMNS)

    def data(self, text: str = "") -> None:
        """Print a line of data. Nothing when the data is one JSON document."""
        if not self.as_json:
            lines = [piece for line in text.split("\n") for piece in folded(plain(line), self.terminal)]
            self.write("".join(f"{line}\n" for line in lines))

    def write(self, text: str) -> None:
        """Write to stdout. A reader that went away stops nothing; a stdout that takes nothing is an error."""
        with delivering(self.out):
            self.out.write(text)
            self.out.flush()  # talk and data keep their order where both go to one place

    def talk(self, text: str = "") -> None:
        """Print a line of talk."""
        self.say("".join(f"{line}\n" for line in folded(plain(text), self.talk_terminal)))

    def warn(self, text: str) -> None:
        """Print a warning as talk, its further lines below its first."""
        first, *more = wrapped("warning   ", text, columns=self.talk_columns)
        self.marked("warning", "note", first.removeprefix("warning"))
        for line in more:
            self.talk(line)

    def ask(self, question: str) -> None:
        """Print a question; the answer is typed behind it."""
        self.say("\n".join(folded(plain(question), self.talk_terminal)) + " ")

    def say(self, text: str) -> None:
        """Write to stderr at once. Nobody listening is no reason to stop: the work goes on."""
        try:
            self.err.write(text)
            self.err.flush()
        except OSError:
            silence(self.err)

    def takes_talk(self) -> bool:
        """Say whether stderr takes a line at once: a pipe that is full and that nobody reads would hold up who waits for it."""
        import select

        try:
            return bool(select.select([], [self.err], [], 0)[1])
        except (OSError, ValueError):  # it is nothing that can be asked
            return True

    def document(self, command: str, content: Mapping[str, Any]) -> None:
        """Print the one JSON document of a command, when JSON is asked for."""
        if self.as_json:
            whole = {"version": JSON_VERSION, "command": command, **content}
            self.write(as_json(whole, indent=2) + "\n")

    def mark(self, word: str, kind: str) -> str:
        """Give a word, coloured when colour is on; its meaning never hangs on the colour."""
        return f"\x1b[{_COLOURS[kind]}m{word}\x1b[0m" if self.colour else word

    def marked(self, word: str, kind: str, rest: str) -> None:
        """Print a line of talk that begins with a marked word."""
        first, *more = folded(word + plain(rest), self.talk_terminal)
        lines = (self.mark(word, kind) + first.removeprefix(word), *more)
        self.say("".join(f"{line}\n" for line in lines))

    def error(self, error: LeastkeyError) -> None:
        """Print an error as a small document: what, why, state, and the commands that help after a blank line."""
        place = f"{error.place} " if error.place else ""
        mark = f"error[{error.code}]"
        first, *more = wrapped(f"{mark}: ", f"{place}{error.what}", 2, columns=self.talk_columns)
        self.marked(mark, "bad", first.removeprefix(mark))
        for line in (*more, *_facts(error, self.talk_columns)):
            self.talk(line)
        self.talk()
        remedies = _remedies(error)
        for index, remedy in enumerate(remedies):
            last = f"  (exit {int(error.exit_code)})" if index == len(remedies) - 1 else ""
            self.talk(f"hint: {remedy}{last}")

    def error_document(self, error: LeastkeyError) -> None:
        """Print an error as JSON, when JSON is asked for."""
        self.document(
            "error",
            {
                "error": {
                    "code": error.code,
                    "what": error.what,
                    "why": list(error.why),
                    "state": error.state,
                    "remedy": list(_remedies(error)),
                    "place": error.place,
                    "exit_code": int(error.exit_code),
                }
            },
        )


def _remedies(error: LeastkeyError) -> tuple[str, ...]:
    """Give what helps; where the error names nothing better, what its code means."""
    return error.remedy or (f"`leastkey help {error.code}`",)


def _facts(error: LeastkeyError, columns: int) -> list[str]:
    """Give the lines between an error's first and its hints: a fact under its own label where it has one."""
    facts = [*error.why, *([f"state      {error.state}"] if error.state else [])]
    found: list[str] = []
    for fact in facts:
        label = _LABEL.match(fact)
        head = f"  {label[0]}" if label else "  "
        found.extend(wrapped(head, fact[label.end() :] if label else fact, columns=columns))
    return found


def _wants_colour(choice: str, stream: TextIO) -> bool:
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return stream.isatty() and os.environ.get("TERM", "") not in {"", "dumb"}
