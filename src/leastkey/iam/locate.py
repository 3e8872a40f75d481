"""Find line and column of a JSON path in a text. Called only after a fault, since it walks the text slowly."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

__all__ = ["line_and_column"]

_TOKEN: Final = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+)')
_TWICE: Final = "$.."
_ASIDE: Final = ""
"""The path of whatever lies beside the way to the path that is looked for: all paths together may be very long."""


@dataclass(slots=True)
class _Open:
    """An object or a list whose end is still to come."""

    path: str
    is_object: bool
    index: int = 0
    has_key: bool = False
    """It held the key already that is looked for twice."""


def line_and_column(path: str, text: str) -> tuple[int, int]:
    """Give where a path stands in the text, both counted from 1; the beginning where it does not stand.

    `$..KEY` is the second place of a key that stands twice in one object.
    """
    offset = _offset(path, text)
    before = text[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")


def _offset(wanted: str, text: str) -> int:
    """Find the path, as far as the text is well formed."""
    twice = wanted[len(_TWICE) :] if wanted.startswith(_TWICE) else None
    stack: list[_Open] = []
    path, expecting_key, position = "$", False, 0
    while match := _TOKEN.match(text, position):
        part, start, position = match.group(1), match.start(1), match.end()
        if part in "}]":
            path, expecting_key = stack.pop().path if stack else "$", False
        elif part == ",":
            path, expecting_key = _next(stack, wanted)
        elif expecting_key and part.startswith('"'):
            key, expecting_key = json.loads(part), False
            path = _below(stack[-1].path, f".{key}", wanted)
            if path == wanted or (key == twice and stack[-1].has_key):
                return start
            stack[-1].has_key = stack[-1].has_key or key == twice
        elif part != ":":
            if path == wanted:
                return start
            if part in "{[":
                stack.append(_Open(path, is_object=part == "{"))
                expecting_key = part == "{"
                path = path if expecting_key else _below(path, "[0]", wanted)
    return 0


def _next(stack: list[_Open], wanted: str) -> tuple[str, bool]:
    if not stack:
        return "$", False
    top = stack[-1]
    if top.is_object:
        return top.path, True
    top.index += 1
    return _below(top.path, f"[{top.index}]", wanted), False


def _below(path: str, step: str, wanted: str) -> str:
    """Give the path one step on, where that is the way to the one that is looked for."""
    return f"{path}{step}" if path and wanted.startswith(step, len(path)) else _ASIDE
