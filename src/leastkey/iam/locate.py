"""Find line and column of a JSON path in a text. Called only after a fault, since it walks the text slowly."""

from __future__ import annotations

import json
import re
from typing import Final

__all__ = ["line_and_column"]

_TOKEN: Final = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+)')


def line_and_column(path: str, text: str) -> tuple[int, int]:
    """Give where a path stands in the text, both counted from 1; the beginning where it does not stand.

    `$..KEY` is the last place of a key that stands twice in one object.
    """
    places: dict[str, int] = {}
    _walk(text, places)
    offset = _second(places, path[2:]) if path.startswith("$..") else places.get(path, 0)
    before = text[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")


def _second(places: dict[str, int], key: str) -> int:
    """Give the place of the last path that ends in `key`: a doubled key overwrites its first place."""
    return max((offset for path, offset in places.items() if path.endswith(key)), default=0)


def _walk(text: str, places: dict[str, int]) -> None:
    """Record the offset of every key and list element, as far as the text is well formed."""
    stack: list[list[object]] = []  # each [path, kind, next index or current key]
    path, expecting_key, position = "$", False, 0
    places["$"] = len(text) - len(text.lstrip())
    while match := _TOKEN.match(text, position):
        part, start, position = match.group(1), match.start(1), match.end()
        if part in "{[":
            places.setdefault(path, start)
            stack.append([path, part, 0])
            expecting_key = part == "{"
            if part == "[":
                path = f"{path}[0]"
        elif part in "}]":
            path = str(stack.pop()[0]) if stack else "$"
        elif part == ",":
            path, expecting_key = _next(stack)
        elif expecting_key and part.startswith('"'):
            path, expecting_key = f"{stack[-1][0]}.{json.loads(part)}", False
            places[path] = start
        elif part != ":":
            places.setdefault(path, start)


def _next(stack: list[list[object]]) -> tuple[str, bool]:
    if not stack:
        return "$", False
    top = stack[-1]
    if top[1] == "{":
        return str(top[0]), True
    top[2] = int(str(top[2])) + 1
    return f"{top[0]}[{top[2]}]", False
