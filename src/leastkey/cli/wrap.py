"""Text in the width of where it goes: words stay whole, so that names, paths and ARNs can be copied.

What goes to a file or a pipe has 80 columns, whatever the terminal; nothing is ever cut off.
"""

from __future__ import annotations

import os
import re
import textwrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

__all__ = ["COLUMNS", "columns_of", "counted", "folded", "wrapped"]

COLUMNS: Final = 80
_LEAST: Final = 20
_SMALL: Final = 4
_GAP: Final = re.compile(r"(?<=\S) {2,}(?=\S)")
_LABEL: Final = re.compile(r" *[A-Za-z]+: ")
_COMMAND: Final = re.compile(
    r"(?:^(?:export|unset) |: (?:aws|eval|export|leastkey|python|timedatectl) )(?!.*, )"
)
"""How a command to paste begins that stands without backticks. One with a comma is a sentence."""

_QUOTED: Final = re.compile(r"(?<=[ =`])'[^'`]*'(?=[ `]|$)")
_BLANK: Final = "\x00"
"""Stands for a blank that is no place to break."""


def counted(number: int, noun: str) -> str:
    """Give a number with its noun: `1 change`, `2 changes`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def wrapped(head: str, text: str, indent: int | None = None, *, columns: int = COLUMNS) -> list[str]:
    """Give a text behind its head, further lines under the text's beginning or at `indent`."""
    under = len(head) if len(head) <= columns // 2 else _SMALL
    return _wrap(text, head, under if indent is None else indent, columns) or [head.rstrip()]


def _wrap(text: str, head: str, indent: int, columns: int) -> list[str]:
    return textwrap.wrap(
        text,
        columns,
        initial_indent=head,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def columns_of(stream: TextIO, environ: Mapping[str, str]) -> int | None:
    """Give the width of the terminal behind a stream, `COLUMNS` before what it says itself; None where there is none."""
    try:
        if not stream.isatty():
            return None
        said = environ.get("COLUMNS", "")
        columns = int(said) if said.isdecimal() else os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):  # no such number, or a stream that is no file
        return None
    return max(_LEAST, columns) if columns else None


def folded(line: str, columns: int | None) -> list[str]:
    """Give a line in pieces that a terminal of so many columns takes; a command that is broken can still be pasted."""
    if columns is None or len(line) <= columns:
        return [line]
    indent = _hang(line, columns)
    commands = _commands(line)
    if not commands:
        return _wrap(line, "", indent, columns)
    kept = _QUOTED.sub(lambda found: found[0].replace(" ", _BLANK), line)
    pieces = [
        piece.replace(_BLANK, " ") for piece in _wrap(kept, "", indent, columns - 2)
    ]  # room for the backslash
    ends = _ends(line, pieces)
    return [
        f"{piece} \\" if any(start < at < end for start, end in commands) else piece
        for piece, at in zip(pieces, ends, strict=True)
    ]


def _hang(line: str, columns: int) -> int:
    """Say where further lines begin: under the last column of a table, behind a label, or a little to the right."""
    label = _LABEL.match(line)
    places = [label.end()] if label else [gap.end() for gap in _GAP.finditer(line)][::-1]
    margin = len(line) - len(line.lstrip())
    return next((place for place in places if place <= columns // 2), min(margin + 2, columns // 2))


def _commands(line: str) -> list[tuple[int, int]]:
    """Give where commands to paste stand: between backticks, else from a program's name to the end or a table's gap."""
    quoted = [(found.start(), found.end()) for found in re.finditer(r"`[^`]*`", line)]
    bare = None if quoted else _COMMAND.search(line)
    if bare is None:
        return quoted
    gap = _GAP.search(line, bare.end())
    return [(bare.start(), gap.start() if gap else len(line))]


def _ends(line: str, pieces: list[str]) -> list[int]:
    """Give where in the line each piece ends."""
    ends: list[int] = []
    at = 0
    for piece in pieces:
        at = line.index(piece.strip(), at) + len(piece.strip())
        ends.append(at)
    return ends
