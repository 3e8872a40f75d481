"""Nothing unfinished stands in what is delivered: not in code, not in tests, not in the documents."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tests.house.documents import DOCUMENTS
from tests.house.sources import ROOT, nothing, sources

if TYPE_CHECKING:
    from tests.house.conftest import Measured

MARKS = re.compile(
    r"\b(TODO|FIXME|XXX|HACK|WIP)\b|raise NotImplementedError|pragma: no cover|pytest\.mark\.xfail"
)
KNOW_THE_WORDS = {"test_unfinished.py", "test_suppressions.py"}


def test_no_mark_of_unfinished_work_stands_anywhere() -> None:
    texts = {each.name: each.text for each in sources() if each.path.name not in KNOW_THE_WORDS}
    texts |= {str(path.relative_to(ROOT)): path.read_text() for path in DOCUMENTS}
    nothing(
        [
            f"{name}:{number} {line.strip()}"
            for name, text in texts.items()
            for number, line in enumerate(text.splitlines(), 1)
            if MARKS.search(line)
        ],
        "finish it, or describe it as not there under `Not there yet` in the README",
    )


def test_no_exception_is_swallowed_and_no_body_is_empty(measured: Measured) -> None:
    found = []
    for each in sources("src"):
        for node in each.nodes:
            match node:
                case ast.ExceptHandler(type=None) | ast.ExceptHandler(body=[ast.Pass()]):
                    found.append(f"{each.name}:{node.lineno}")
                case _:
                    pass
    measured("unfinished", "0 marks, 0 swallowed exceptions")
    nothing(
        found, "name the exception and say what it means, with contextlib.suppress where it means nothing"
    )
