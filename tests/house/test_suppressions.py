"""What is switched off is switched off for a reason that stands beside it, and that still holds."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from typing import TYPE_CHECKING

import pytest
from tests.house.sources import ROOT, nothing, sources

if TYPE_CHECKING:
    from tests.house.conftest import Measured

PROJECT = ROOT / "pyproject.toml"
RUFF = tomllib.loads(PROJECT.read_text())["tool"]["ruff"]["lint"]
MOST_A_THOUSAND_LINES = 2.5
ANY = re.compile(
    r"#\s*(noqa|type:\s*ignore|pragma|pyright|pylint|flake8|ruff:|mypy:|nosec|isort:|fmt:\s*off|yapf)", re.IGNORECASE
)  # fmt: skip
GOOD = re.compile(
    r"(?=# noqa: |# type: ignore\[)(# type: ignore\[[a-z-]+(, ?[a-z-]+)*\]  )?(# noqa: [A-Z]+[0-9]+(, [A-Z]+[0-9]+)*  )?"
    r"# (?!noqa|type:)[\w`].{3,}"
)


def test_every_suppression_gives_its_code_and_its_reason(measured: Measured) -> None:
    found = [
        (f"{each.name}:{line}", text)
        for each in sources()
        for line, text in each.comments()
        if ANY.match(text)
    ]
    density = 1_000 * len(found) / sum(len(each.text.splitlines()) for each in sources())
    measured(
        "suppressions",
        f"{density:.1f} of {MOST_A_THOUSAND_LINES} a thousand lines, each with code and reason",
    )
    nothing(
        [f"{where} {text}" for where, text in found if not GOOD.fullmatch(text)],
        "write `# noqa: CODE  # reason` or `# type: ignore[code]  # reason`; whole files, pragmas and other "
        "tools' marks are not used",
    )
    assert density <= MOST_A_THOUSAND_LINES, "change the code, not the rule"


def test_no_decorator_takes_the_types_away() -> None:
    nothing(
        [
            f"{each.name}:{number}"
            for each in sources()
            for number, line in enumerate(each.text.splitlines(), 1)
            if re.search(r"^\s*@(typing\.)?no_type_check", line)
        ],
        "types are checked everywhere",
    )


def listed(section: str) -> list[tuple[str, str]]:
    """Give the entries of a list in pyproject.toml, each with the comment on its line."""
    body = PROJECT.read_text().split(section, 1)[1].split("\n]", 1)[0]
    return [
        (code, line.partition("#")[2].strip())
        for line in body.splitlines()
        for code in re.findall(r'"([^"]+)"', line.partition("#")[0])
    ]


def test_every_rule_left_out_has_its_reason_beside_it() -> None:
    assert {code for code, _ in listed("ignore = [")} == set(RUFF["ignore"])
    bare = [code for code, reason in listed("ignore = [") if len(reason) < 5]
    for glob in RUFF["per-file-ignores"]:
        entries = listed(f'"{glob}" = [')
        assert {code for code, _ in entries} == set(RUFF["per-file-ignores"][glob])
        bare += [f"{glob} {code}" for code, reason in entries if len(reason) < 5]
    nothing(bare, "write the reason on the rule's line in pyproject.toml")


def test_every_rule_left_out_would_say_something(measured: Measured) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--exit-zero", "--output-format", "json",
         "--select", "ALL", "--config", "lint.per-file-ignores={}", "."],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    said = {
        (str(each["code"]), each["filename"].removeprefix(f"{ROOT}/")) for each in json.loads(ended.stdout)
    }
    left = [(code, "*") for code in RUFF["ignore"]]
    left += [(code, glob) for glob, codes in RUFF["per-file-ignores"].items() for code in codes]
    measured("ruff", f"every rule but {len(RUFF['ignore'])}, each with a reason and in use")
    assert RUFF["select"] == ["ALL"]
    nothing(
        [
            f"{code} for {glob}"
            for code, glob in left
            if not any(rule.startswith(code) and fnmatch(path, glob) for rule, path in said)
        ],
        "ruff is clean without these; take them out of pyproject.toml",
    )


def test_mypy_and_pytest_are_as_strict_as_they_can_be() -> None:
    tool = tomllib.loads(PROJECT.read_text())["tool"]
    assert tool["mypy"]["strict"] is True
    assert set(tool["mypy"]["files"]) == {"src", "tests", "tools", "benchmarks"}
    assert all(set(each) == {"module", "ignore_missing_imports"} for each in tool["mypy"]["overrides"])
    assert tool["pytest"]["ini_options"]["filterwarnings"] == ["error"], (
        "a warning is an error, without exception"
    )
    assert tool["coverage"]["report"]["exclude_also"] == [r"case _:\s*assert_never\(.*\)"]


@pytest.mark.parametrize(
    ("comment", "is_good"),
    [
        ("# noqa: E501  # long text", True),
        ("# type: ignore[misc]  # noqa: E501  # long text", True),
        ("# noqa", False),
        ("# noqa: E501", False),
        ("# type: ignore", False),
        ("# type: ignore[misc]", False),
        ("# type: ignore[misc]  # noqa: E501", False),
        ("# ruff: noqa", False),
        ("# ruff: noqa: E501  # long text", False),
        ("# pragma: no cover  # because", False),
        ("# fmt: off", False),
    ],
)
def test_the_check_knows_a_suppression_and_its_reason(comment: str, is_good: bool) -> None:  # noqa: FBT001  # a parameter of the table
    assert ANY.match(comment)
    assert bool(GOOD.fullmatch(comment)) is is_good
