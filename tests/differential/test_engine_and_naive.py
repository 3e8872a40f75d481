"""The engine against a second evaluator that shares nothing with it: on cases drawn from a seed, and on the truth tables.

Other cases than those of every run: `make differential SEED=7 N=100000`, or DIFFERENTIAL_SEED=7 before pytest.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest
from tests.differential import world
from tests.differential.compare import agrees, is_difference, told
from tests.differential.generate import generate
from tests.differential.naive import verdict

from leastkey.evaluate.cases import read_case
from leastkey.evaluate.decide import decide

SEED = int(os.environ.get("DIFFERENTIAL_SEED", "0"))
PARTS, EACH, COMPARED = 8, 6_500, 6_250
"""The parts of one run, the cases of each, and how many of those must have been compared: 50,000 in all."""
LAYERS = ("identity", "resource", "boundary", "session", "scps", "rcps", "endpoint")
FEATURES = (
    *(
        "NotAction",
        "NotResource",
        "NotPrincipal",
        "2008-10-17",
        "ForAllValues:",
        "ForAnyValue:",
        "IfExists",
        "Null",
        "Sid",
    ),
    *(
        "${aws:username}",
        "${*}",
        "${aws:username, 'alice'}",
        "feduser",
        "anonymous",
        "service",
        "federated",
        "root",
    ),
    *("AssumeRoleWithWebIdentity", "GetCallerIdentity", "aws-service-role", "kms:", "2001:db8::"),
)


@pytest.mark.parametrize("part", range(PARTS))
def test_both_evaluators_agree_where_aws_documents_the_answer(part: int) -> None:
    left_out = 0
    for number in range(part * EACH, (part + 1) * EACH):
        case = generate(SEED, number)
        if not agrees(case):
            assert not is_difference(case), told(case)
            left_out += 1
    assert EACH - left_out >= COMPARED, f"{left_out} of {EACH} cases hang on what AWS does not document"


def test_the_naive_evaluator_decides_the_truth_tables_too() -> None:
    files = sorted((Path(__file__).parents[2] / "cases").glob("*.json"))
    cases = [case for file in files for case in json.loads(file.read_text(encoding="utf-8"))]
    certain = [case for case in cases if not case["expect"].get("undocumented")]
    assert len(certain) >= 300
    assert [case["id"] for case in certain if verdict(case) != case["expect"]["verdict"]] == []


def test_every_layer_and_feature_has_its_share_of_the_generated_cases() -> None:
    decided: Counter[tuple[str, str]] = Counter()
    seen: Counter[str] = Counter()
    operators = {name for names in world.OPERATORS.values() for name in names}
    written = re.compile("|".join(map(re.escape, sorted((*FEATURES, *operators), key=len, reverse=True))))
    cases = [generate(0, number) for number in range(4_000)]
    for case in cases:
        read = read_case(case)
        decision = decide(read.request, read.policies, explain=False)
        decided[decision.verdict, decision.decided_by] += 1
        decided[decision.verdict, "any"] += 1
        seen.update(set(written.findall(json.dumps(case))))
    few = len(cases) // 200
    assert [name for name in (*FEATURES, *operators) if seen[name] < few] == []
    assert [layer for layer in LAYERS if decided["ExplicitlyDenied", layer] < few] == []
    assert [layer for layer in LAYERS if layer != "rcps" and decided["ImplicitlyDenied", layer] < few] == []
    verdicts = ("Allowed", "ImplicitlyDenied", "ExplicitlyDenied")
    assert [each for each in verdicts if decided[each, "any"] < len(cases) // 5] == []
