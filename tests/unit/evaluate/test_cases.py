"""The truth tables in `cases/`: language-neutral JSON, each case with the AWS page it comes from."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from leastkey.evaluate.cases import read_case
from leastkey.evaluate.decide import decide

FILES = sorted((Path(__file__).parents[3] / "cases").glob("*.json"))
CASES = [case for file in FILES for case in json.loads(file.read_text(encoding="utf-8"))]


def test_every_case_has_its_own_name_and_an_aws_page() -> None:
    assert len(CASES) >= 480
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert all(case["source"].startswith("https://docs.aws.amazon.com/") for case in CASES)


def test_every_case_says_in_a_line_what_it_shows_and_no_two_ask_the_same() -> None:
    assert all(case["says"] and "\n" not in case["says"] and len(case["says"]) < 120 for case in CASES)
    remarks = ("id", "says", "source", "expect")
    asked = [
        json.dumps({field: value for field, value in case.items() if field not in remarks}, sort_keys=True)
        for case in CASES
    ]
    assert len(set(asked)) == len(asked)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_engine_decides_as_the_case_says(case: dict[str, Any]) -> None:
    read = read_case(case)
    request, policies = read.request, read.policies
    decision = decide(request, policies)
    expected = case["expect"]
    assert decision.verdict == expected["verdict"], case["says"]
    assert list(decision.undocumented) == expected.get("undocumented", [])
    if "decided_by" in expected:
        assert decision.decided_by == expected["decided_by"]
    brief = decide(request, policies, explain=False)
    assert (brief.verdict, brief.decided_by) == (decision.verdict, decision.decided_by)


def test_every_open_question_is_explained_and_has_a_case() -> None:
    root = Path(__file__).parents[3]
    asked = {
        slug
        for file in (root / "src/leastkey/evaluate").glob("*.py")
        for slug in re.findall(
            r"(?:contested\(|either\((?:[^()]|\([^()]*\))*, )\"([a-z-]+)\"", file.read_text(encoding="utf-8")
        )
    }
    page = (root / "docs/explain/contested.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)
    assert len(asked) > 10
    assert sorted(explained) == sorted(asked)
    met = {slug for case in CASES for slug in case["expect"].get("undocumented", [])}
    assert asked - met == set()
