"""The repository's own Python files by area, parsed once; what a gate measures is measured in all of them."""

from __future__ import annotations

import ast
import io
import tokenize
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]
AREAS = ("src", "tests", "tools", "benchmarks")


@dataclass(frozen=True)
class Source:
    """One file, its text and its tree."""

    path: Path

    @property
    def area(self) -> str:
        return self.path.relative_to(ROOT).parts[0]

    @property
    def name(self) -> str:
        """The path from the repository's root, as a message shows it."""
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    def comments(self) -> Iterator[tuple[int, str]]:
        """Give line and text of the comments, and of nothing that only looks like one."""
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Give every function, methods and functions in functions as well."""
        for node in self.nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


@cache
def sources(*areas: str) -> tuple[Source, ...]:
    """Give the files of these areas; of all of them when none is named."""
    found = [
        path
        for area in areas or AREAS
        for path in sorted((ROOT / area).rglob("*.py"))
        if "node_modules" not in path.parts
    ]
    assert found, "no files: the gates look at the wrong folder"
    return tuple(Source(path) for path in found)


def nothing(found: Iterable[object], fix: str) -> None:
    """Fail when something was found: each on a line of its own, then what to do."""
    lines = sorted(map(str, found))
    if lines:
        pytest.fail("\n".join([*lines, f"fix: {fix}"]), pytrace=False)
