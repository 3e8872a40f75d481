"""Sizes that keep a file and a function readable in one look, and ruff's measure of how a function branches."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.house.sources import AREAS, ROOT, nothing, sources

if TYPE_CHECKING:
    from tests.house.conftest import Measured

FILE = {"src": 400, "tests": 500, "tools": 400, "benchmarks": 400}
FUNCTION = {"src": 50, "tests": 65, "tools": 50, "benchmarks": 50}
LINE = 180
"""Ruff's formatter breaks what it can at 110; what is left is long text, which has a bound as well."""


def worst(sizes: dict[str, tuple[str, int]], bounds: dict[str, int]) -> str:
    largest = {
        area: max((size for where, size in sizes.values() if where == area), default=0) for area in AREAS
    }
    return ", ".join(f"{area} {largest[area]} of {bounds[area]}" for area in AREAS)


def test_no_file_is_longer_than_its_area_allows(measured: Measured) -> None:
    lengths = {each.name: (each.area, len(each.text.splitlines())) for each in sources()}
    measured("file lines", worst(lengths, FILE))
    nothing(
        [f"{name} has {size} lines" for name, (area, size) in lengths.items() if size > FILE[area]],
        "split the file by what it is about",
    )


def test_no_function_is_longer_than_its_area_allows(measured: Measured) -> None:
    lengths = {
        f"{each.name}:{node.lineno} {node.name}": (each.area, (node.end_lineno or 0) - node.lineno + 1)
        for each in sources()
        for node in each.functions()
    }
    measured("function lines", worst(lengths, FUNCTION))
    nothing(
        [f"{name} has {size} lines" for name, (area, size) in lengths.items() if size > FUNCTION[area]],
        "give a part of it a name of its own",
    )


def test_no_line_is_too_long_to_read(measured: Measured) -> None:
    lines = {
        f"{each.name}:{number}": len(line)
        for each in sources()
        for number, line in enumerate(each.text.splitlines(), 1)
    }
    measured("line length", f"{max(lines.values())} of {LINE} characters")
    nothing([where for where, size in lines.items() if size > LINE], "break the text")


def test_no_function_branches_too_much(measured: Measured) -> None:
    bound = int(
        re.findall(r"^max-complexity = (\d+)$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[0]
    )
    assert bound == 10, "the house rule"
    found = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--exit-zero", "--ignore-noqa", "--output-format", "json",
         "--select", "C901", "--config", "lint.mccabe.max-complexity=1", "."],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout  # fmt: skip
    complexity = {
        f"{each['filename']}:{each['location']['row']}": int(re.findall(r"\((\d+) > 1\)", each["message"])[0])
        for each in json.loads(found)
    }
    measured("complexity", f"{max(complexity.values())} of {bound}, in every area")
    nothing([where for where, value in complexity.items() if value > bound], "split the function")
