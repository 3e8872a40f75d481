"""Resource patterns against one resource: certain, or resting on a question that AWS leaves open."""

from __future__ import annotations

import pytest
from tests.support.statement import ACCOUNT, matches

SNS = f"arn:aws:sns:eu-west-1:{ACCOUNT}"


@pytest.mark.parametrize(
    ("pattern", "resource", "truth"),
    [
        # letter case: sensitive, but open for region and account
        ("arn:aws:sqs:eu-WEST-1:1:q", "arn:aws:sqs:eu-west-1:1:q", "region-account-case"),
        ("arn:aws:sqs:eu-west-1:1:q", "arn:aws:sqs:EU-west-1:1:q", "region-account-case"),
        ("arn:aws:iam::AWS:policy/p", "arn:aws:iam::aws:policy/p", "region-account-case"),
        ("arn:aws:iam::aws:policy/p", "arn:aws:iam::AWS:policy/p", "region-account-case"),
        ("arn:aws:sqs:EU-WEST-1:AWS:q", "arn:aws:sqs:eu-west-1:aws:q", "region-account-case"),
        ("arn:aws:sqs:EU-WEST-1:1:q", "arn:aws:sqs:eu-west-1:1:other", False),
        ("arn:aws:SQS:eu-west-1:1:q", "arn:aws:sqs:eu-west-1:1:q", False),
        ("arn:aws:sqs:eu-west-1:1:Q", "arn:aws:sqs:eu-west-1:1:q", False),
        # a star stays inside its part, but it is open whether it may cross a colon
        (f"arn:aws:sns:*:{ACCOUNT}:t", f"{SNS}:t", True),
        (f"arn:aws:sns:*:{ACCOUNT}:sub", f"{SNS}:topic:{ACCOUNT}:sub", "star-crosses-colon"),
        (f"arn:aws:sns:*:{ACCOUNT}:sub", f"{SNS}:topic:{ACCOUNT}:other", False),
        ("*:*:*:*:*:sub", f"{SNS}:topic:sub", "star-crosses-colon"),
        (f"{SNS}:topic", f"{SNS}:topic:sub", False),
        (f"{SNS}:topic", f"{SNS}:top", False),
        # a wildcard where the resource's type stands
        ("arn:aws:ec2:*:*:*/i-1", "arn:aws:ec2:eu-west-1:1:instance/i-1", "wildcard-resource-type"),
        ("arn:aws:ec2:*:*:*/i-1", "arn:aws:ec2:eu-west-1:1:instance/i-2", False),
        ("arn:aws:ec2:*:*:box*/i", "arn:aws:ec2:r:1:boxes/i", "wildcard-resource-type"),
        ("arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:eu-west-1:1:instance/i-1", True),
        # bucket, topic and queue have no type
        ("arn:aws:s3:::*/k", "arn:aws:s3:::b/k", True),
        ("arn:aws:sns:*:*:*:sub", f"{SNS}:topic:sub", True),
        ("arn:aws:sqs:*:*:q*/x", "arn:aws:sqs:r:1:queue/x", True),
        # fewer than six parts: a glob over the whole ARN
        ("arn:aws:s3*", "arn:aws:s3:::b/k", "short-arn-pattern"),
        ("arn:aws:sns:*:sub", f"{SNS}:topic:sub", "short-arn-pattern"),
        ("arn:aws:sqs*", "arn:aws:s3:::b/k", False),
        ("arn:aws:s3*/x", "arn:aws:s3:::b/k", False),
        ("**", "*", False),
        ("arn:aws:sqs*", "*", False),
        # an ARN pattern and no resource; `*` covers that too
        ("arn:aws:s3:::*", "*", False),
        ("*", "*", True),
    ],
)
def test_a_pattern_matches(pattern: str, resource: str, *, truth: bool | str) -> None:
    assert matches({"Resource": pattern}, resource=resource) == truth


@pytest.mark.parametrize(
    ("pattern", "context", "resource", "truth"),
    [
        ("arn:aws:s3:::${aws:username}", {"aws:username": "b"}, "arn:aws:s3:::b", True),
        ("arn:aws:s3:::${aws:username}", {"aws:username": "b"}, "arn:aws:s3:::c", False),
        ("arn:aws:s3:::b/${aws:username}", {}, "arn:aws:s3:::b/k", False),
        ("arn:aws:s3:::b/${aws:username}", {"aws:username": ""}, "arn:aws:s3:::b/", "empty-value"),
        ("arn:aws:s3:::b/${aws:username}", {"aws:username": ""}, "arn:aws:s3:::b/k", False),
        ("arn:aws:s3:::b/${aws:username}", {"aws:username": ("k",)}, "arn:aws:s3:::b/k", False),
        ("arn:aws:s3:::b/${$}k", {}, "arn:aws:s3:::b/$k", True),
        ("arn:aws:s3:::b/${$}k", {}, "arn:aws:s3:::b/k", False),
        ("arn:aws:s3:::b/a${$}*", {}, "arn:aws:s3:::b/a$k", True),
        ("arn:aws:ec2:r:1:${?}/k", {}, "arn:aws:ec2:r:1:?/k", True),
        (
            f"arn:aws:sns:*:{ACCOUNT}:${{aws:username}}",
            {"aws:username": "sub"},
            f"{SNS}:topic:{ACCOUNT}:sub",
            "star-crosses-colon",
        ),
        (
            f"arn:aws:sns:*:{ACCOUNT}:${{aws:username}}",
            {"aws:username": "other"},
            f"{SNS}:topic:{ACCOUNT}:sub",
            False,
        ),
        (f"arn:aws:sns:*:{ACCOUNT}:${{$}}s", {}, f"{SNS}:topic:{ACCOUNT}:$s", "star-crosses-colon"),
    ],
)
def test_a_pattern_with_variables_matches(
    pattern: str, context: dict[str, str | tuple[str, ...]], resource: str, *, truth: bool | str
) -> None:
    assert matches({"Resource": pattern}, context, resource=resource) == truth


@pytest.mark.parametrize(
    ("patterns", "resource", "truth"),
    [
        (["arn:aws:s3:::other/*"], "arn:aws:s3:::b/k", True),
        (["arn:aws:s3:::other/*", "arn:aws:s3:::b/*"], "arn:aws:s3:::b/k", False),
        (["arn:aws:s3:::other/*"], "*", "not-resource-without-resource"),
        (["arn:aws:s3:::other/*", "*"], "*", False),
        (["arn:aws:s3:::${aws:username}/*"], "arn:aws:s3:::b/k", "not-resource-variable"),
        (["arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::b/*"], "arn:aws:s3:::b/k", False),
        (
            ["arn:aws:sns:${aws:username}:1:t", "arn:aws:sns:*:1:sub"],
            "arn:aws:sns:r:1:topic:1:sub",
            "star-crosses-colon",
        ),
    ],
)
def test_not_resource_matches_what_no_pattern_matches(
    patterns: list[str], resource: str, *, truth: bool | str
) -> None:
    assert matches({"NotResource": patterns}, resource=resource) == truth


@pytest.mark.parametrize(
    ("patterns", "truth"),
    [
        (["arn:aws:s3:::a\0b", "arn:aws:s3:::b/*"], True),
        (["arn:aws:s3:::b/*", "arn:aws:s3:::\0\0"], True),
        (["arn:aws:s3:::b/k\0", "arn:aws:s3:::\0b/k"], False),
        (["arn:aws:s3*", "arn:aws:s3:::b/*"], True),
        (["arn:aws:s3*", "arn:aws:s3:::a/*"], "short-arn-pattern"),
    ],
)
def test_one_of_several_patterns_is_enough(patterns: list[str], *, truth: bool | str) -> None:
    assert matches({"Resource": patterns}) == truth


def test_a_variable_is_text_under_the_old_version() -> None:
    statement = {"NotResource": "arn:aws:s3:::${aws:username}/*"}
    assert matches(statement, version="2008-10-17") is True
