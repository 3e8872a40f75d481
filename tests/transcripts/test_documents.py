"""The console sessions of the documents are tests: run against a sandbox of their own and compared."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.support.console import Step, differences, run_steps, steps_of
from tests.support.home import ROOT, Home

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = sorted(
    path
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    if "```console" in path.read_text()
)


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_prints_what_it_promises(document: Path, tmp_path: Path) -> None:
    home = Home(tmp_path)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    steps = steps_of(document.read_text())
    try:
        outputs = run_steps(steps, tmp_path, home.environ)
    finally:
        home.leastkey("sandbox", "stop")
    assert "\n".join(differences(document.name, steps, outputs)) == ""


def test_the_comparison_sees_a_wrong_line_and_a_missing_one() -> None:
    steps = [Step(1, "cmd", ("a ... c", "...", "end"))]
    assert differences("d", steps, [["a b c", "x", "y", "end"]]) == []
    assert differences("d", steps, [["a b c", "end"]]) == []
    assert differences("d", steps, [["a b d", "end"]]) != []
    assert differences("d", steps, [["a b c", "x"]]) != []
    assert differences("d", steps, []) != []
