"""The reference is what the code says, and every error code is raised somewhere."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from leastkey.cli.codes import EXIT_MEANINGS
from leastkey.errors import KINDS, Exit

ROOT = Path(__file__).parents[2]


def test_the_reference_pages_are_as_the_code_says() -> None:
    tool = runpy.run_path(str(ROOT / "tools/reference.py"))
    assert tool["differences"]() == []


def test_every_error_code_is_raised_somewhere() -> None:
    sources = [path.read_text() for path in (ROOT / "src/leastkey").rglob("*.py") if path.name != "errors.py"]
    unused = [code for code in KINDS if not any(f'"{code}"' in text for text in sources)]
    assert unused == []


def test_every_exit_code_of_an_error_is_explained() -> None:
    assert {kind.exit for kind in KINDS.values()} <= set(EXIT_MEANINGS)
    assert Exit.FINDINGS not in EXIT_MEANINGS, "no command gives findings yet"


def test_a_remedy_never_names_a_command_that_is_not_built() -> None:
    from leastkey.cli.main import COMMANDS

    named: dict[str, str] = {}
    for path in (ROOT / "src/leastkey").rglob("*.py"):
        for word in re.findall(r"`leastkey ([a-z]+)", path.read_text()):
            named.setdefault(word, path.name)
    assert {word: where for word, where in named.items() if word not in COMMANDS} == {}
