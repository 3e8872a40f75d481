"""The repository's documents, their fenced blocks and their links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.house.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LEFT_OUT = {".venv", "node_modules", ".git", "dist", "build"}
DOCUMENTS = sorted(path for path in ROOT.rglob("*.md") if not _LEFT_OUT & set(path.relative_to(ROOT).parts))
_FENCE = re.compile(r"^ *(`{3,}|~{3,})(.*)$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: what the fence says it is, and its text."""

    place: str
    kind: str
    text: str


def blocks(path: Path) -> Iterator[Block]:
    """Give every fenced block of a document."""
    opened: tuple[int, str, str] | None = None
    body: list[str] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        fence = _FENCE.match(line)
        if opened is None and fence:
            opened, body = (number, fence.group(1), fence.group(2).strip()), []
        elif opened is not None and line.strip().startswith(opened[1]):
            yield Block(f"{path.relative_to(ROOT)}:{opened[0]}", opened[2], "\n".join(body) + "\n")
            opened = None
        else:
            body.append(line)
    assert opened is None, f"{path.relative_to(ROOT)}:{opened[0]}: this fence is never closed"


def prose(path: Path) -> str:
    """Give a document without its fenced blocks."""
    lines, inside = [], False
    for line in path.read_text().splitlines():
        if _FENCE.match(line):
            inside = not inside
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def anchors(path: Path) -> set[str]:
    """Give the anchors a document's headings make, as GitHub makes them."""
    found: set[str] = set()
    for title in re.findall(r"^#+ (.+?)\s*#*$", prose(path), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", re.sub(r"\[(.*?)\]\(.*?\)", r"\1", title).lower()).replace(" ", "-")
        number = 0
        while (name := slug if number == 0 else f"{slug}-{number}") in found:
            number += 1
        found.add(name)
    return found
