"""The truth tables in `cases/`: language-neutral JSON, each case with the AWS page it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import NamedDocument, Policies, Principal, Request
from leastkey.iam.document import DocumentKind, parse_document

CASES = [
    case
    for file in sorted((Path(__file__).parents[3] / "cases").glob("*.json"))
    for case in json.loads(file.read_text(encoding="utf-8"))
]


def test_every_case_has_its_own_name_and_an_aws_page() -> None:
    assert len(CASES) >= 120
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert all(case["source"].startswith("https://docs.aws.amazon.com/") for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_engine_decides_as_the_case_says(case: dict[str, Any]) -> None:
    request, policies = request_of(case), policies_of(case)
    decision = decide(request, policies)
    expected = case["expect"]
    assert decision.verdict == expected["verdict"], case["says"]
    assert list(decision.undocumented) == expected.get("undocumented", [])
    if "decided_by" in expected:
        assert decision.decided_by == expected["decided_by"]
    brief = decide(request, policies, explain=False)
    assert (brief.verdict, brief.decided_by) == (decision.verdict, decision.decided_by)


def request_of(case: dict[str, Any]) -> Request:
    asked = case["request"]
    who = asked["principal"]
    context = {
        key: value if isinstance(value, str) else tuple(value) for key, value in asked["context"].items()
    }
    return Request(
        asked["action"],
        asked["resource"]["arn"],
        Principal(who["type"], who["arn"] or "", who["account"] or ""),
        asked["resource"]["account"],
        context,
    )


def policies_of(case: dict[str, Any]) -> Policies:
    is_trust = case["request"]["action"].lower().startswith("sts:assumerole")
    resource = case.get("resource_policy")
    return Policies(
        identity=tuple(
            NamedDocument(policy["name"], parse_document(policy["document"], "identity"))
            for policy in case.get("identity_policies", [])
        ),
        resource=named(resource, "trust" if is_trust else "resource", "resource") if resource else None,
        boundaries=listed(case, "permission_boundaries", "identity"),
        sessions=listed(case, "session_policies", "identity"),
        scps=levels(case, "scps", "identity"),
        rcps=levels(case, "rcps", "resource"),
        endpoints=listed(case, "vpc_endpoint_policies", "resource"),
    )


def named(document: Any, kind: DocumentKind, name: str) -> NamedDocument:
    return NamedDocument(name, parse_document(document, kind))


def listed(case: dict[str, Any], field: str, kind: DocumentKind) -> tuple[NamedDocument, ...]:
    return tuple(
        named(document, kind, f"{field}-{index}") for index, document in enumerate(case.get(field, []))
    )


def levels(case: dict[str, Any], field: str, kind: DocumentKind) -> tuple[tuple[NamedDocument, ...], ...]:
    return tuple(
        tuple(named(document, kind, f"{field}-{index}") for document in level)
        for index, level in enumerate(case.get(field, []))
    )
