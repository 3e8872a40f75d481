"""Every open shape of a trust in tokens is known by its number, and a trust that names one workload in full has none."""

from __future__ import annotations

from typing import Any

import pytest

from leastkey.iam.document import parse_document
from leastkey.iam.wide_trust import wide_shapes

HOST = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::111122223333:oidc-provider/{HOST}"
SUB = "repo:acme/reports:environment:production"
AUD = {f"{HOST}:aud": "sts.amazonaws.com"}
EXACT = {"StringEquals": {**AUD, f"{HOST}:sub": SUB}}


def shapes(conditions: dict[str, Any], *, federated: str = PROVIDER, **statement: Any) -> list[int]:
    whole = {
        "Effect": "Allow",
        "Principal": {"Federated": federated},
        "Action": "sts:AssumeRoleWithWebIdentity",
        **({"Condition": conditions} if conditions else {}),
        **statement,
    }
    document = parse_document({"Version": "2012-10-17", "Statement": [whole]}, "trust")
    return [shape.number for shape in wide_shapes(document)]


def like(subject: str) -> dict[str, Any]:
    return {"StringEquals": AUD, "StringLike": {f"{HOST}:sub": subject}}


@pytest.mark.parametrize(
    ("conditions", "number"),
    [
        ({"StringEquals": AUD}, 5),
        ({"StringEquals": AUD, "StringNotEquals": {f"{HOST}:sub": SUB}}, 5),
        ({"StringEquals": AUD, "Null": {f"{HOST}:sub": "false"}}, 5),
        ({"StringEquals": {**AUD, "other.example:sub": SUB}}, 5),
        ({}, 6),
        (like("*"), 7),
        (like("?*"), 7),
        ({"StringEquals": {**AUD, f"{HOST}:sub": f"${{{HOST}:sub}}"}}, 7),
        (like("repo:*"), 8),
        (like("repo:*/*"), 8),
        (like("repo:acme*"), 9),
        (like("repo:acme/rep*:ref:refs/heads/main"), 9),
        (like("project_path:acme/*"), 9),
        (like("repo:acme/reports:*"), 10),
        (like("repo:acme/reports:pull_request"), 10),
        ({"StringEquals": {**AUD, f"{HOST}:sub": "repo:acme/reports"}}, 10),
        ({"StringEquals": {f"{HOST}:sub": SUB}}, 11),
        ({"ForAllValues:StringEquals": {f"{HOST}:sub": SUB}, "StringEquals": AUD}, 12),
        ({"StringEqualsIfExists": {f"{HOST}:sub": SUB}, "StringEquals": AUD}, 13),
        ({"StringEquals": {**AUD, f"{HOST}:sub": "repo:acme/*"}}, 14),
        ({"StringEquals": {**AUD, f"{HOST}:workflow": "Deploy"}}, 15),
    ],
)
def test_an_open_shape_has_its_number(conditions: dict[str, Any], number: int) -> None:
    assert shapes(conditions) == [number]


def test_a_trust_that_names_its_workload_is_closed() -> None:
    assert shapes(EXACT) == []
    assert shapes({"StringEquals": {**AUD, f"{HOST}:repository_id": "5", "aws:SourceIp": "*"}}) == []
    assert shapes({}, Effect="Deny") == []
    assert shapes({}, federated="arn:aws:iam::111122223333:saml-provider/acme") == []
    assert shapes({}, Action="sts:AssumeRole") == []


def test_letter_case_stars_and_what_is_left_out_hide_nothing() -> None:
    assert shapes({}, Action="STS:assumerolewithweb*") == [6]
    assert shapes({"stringlike": {f"{HOST.upper()}:SUB": "*"}, "StringEquals": AUD}) == [7]
    document = parse_document(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "NotAction": "sts:AssumeRole"},
                {"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "sts:*"},
            ],
        },
        "trust",
    )
    assert [(shape.number, shape.what) for shape in wide_shapes(document)] == [
        (6, "no condition at all: any token of the issuer is let in")
    ]
