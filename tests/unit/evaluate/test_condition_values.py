"""One condition against one context, for the corners that a reader of `cases/` would not miss."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.statement import matches

Context = dict[str, str | tuple[str, ...]]
KEY = "aws:username"
VALUE = "aws:PrincipalTag/team"


def holds(operator: str, policy: Any, context: Context | str, version: str = "2012-10-17") -> bool | str:
    """Say whether `{operator: {KEY: policy}}` is met; a text is the value of KEY."""
    found: Context = {KEY: context} if isinstance(context, str) else context
    return matches({"Condition": {operator: {KEY: policy}}}, found, version=version)


@pytest.mark.parametrize(
    ("operator", "policy", "asked", "truth"),
    [
        ("StringEqualsIgnoreCase", "TEAM", "team", True),
        ("StringEqualsIgnoreCase", "Straße", "STRASSE", False),
        ("StringEquals", "a*", "ab", False),
        ("StringLike", "${*}b", "*b", True),
        ("StringLike", "${*}b", "ab", False),
        ("StringLike", "${?}${$}", "?$", True),
        ("Bool", "TRUE", "True", True),
        ("Bool", "yes", "yes", False),
        ("BinaryEquals", "YQ==", "YQ==", True),
        ("BinaryEquals", "é", "YQ==", "unparsable-value"),
        ("BinaryEquals", "YQ==", "a", True),
        ("BinaryEquals", "YQ==", "é", False),
        ("BinaryEquals", "YQ==", "YR==", False),
        ("BinaryEquals", "YR==", "YQ==", "unparsable-value"),
        ("BinaryEquals", "YQ==", "\ud800", False),
        ("NumericEquals", "10", "10.0", True),
        ("NumericEquals", "10", "10x", "unparsable-value"),
        ("DateEquals", "2025-01-01T00:00:00Z", "1735689600", True),
        ("DateEquals", "2025-01-01T00:00:00+23:59", "1735603260", True),
        ("DateEquals", "2025-01-01T00:00:00-2359", "1735775940", True),
        ("DateEquals", "2025-01-01T05:30:00+05:30", "1735689600", True),
        ("DateEquals", "2025-01-01T00:00:00+24:00", "1735603200", "unparsable-value"),
        ("DateEquals", "2025-01-01T00:00:00+00:60", "1735686000", "unparsable-value"),
        ("DateEquals", "2025-01-01T00:00:00Zulu", "1735689600", "unparsable-value"),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("IpAddress", "::/0", "10.1.2.3", False),
        ("NotIpAddress", "::/0", "10.1.2.3", True),
        ("IpAddress", "10.0.0.0/255.0.0.0", "10.1.2.3", "unparsable-value"),
        ("IpAddress", "10.0.0.0/", "10.0.0.0", "unparsable-value"),
        ("IpAddress", "/8", "10.0.0.0", "unparsable-value"),
        ("ArnLike", "arn:aws:s3:::b", "arn:aws:s3:::b", True),
        ("ArnLike", "arn:aws:s3", "arn:aws:s3", False),
        ("ArnLike", "arn:aws:s3::*", "arn:aws:s3:::b", False),
        ("ArnLike", "arn:aws:s3:::b", "arn:aws:s3", False),
        ("ArnLike", "*", "no ARN", True),
        ("ArnNotLike", "arn:aws:s3:::b", "no ARN", True),
        ("Null", "True", "x", False),
        ("Null", "False", "x", True),
        ("Null", "maybe", "x", "unparsable-value"),
        ("ForAnyValue:Null", "true", "x", "unknown-operator"),
        ("StringResembles", "x", "x", "unknown-operator"),
    ],
)
def test_a_value_is_compared(operator: str, policy: str, asked: str, *, truth: bool | str) -> None:
    assert holds(operator, policy, asked) == truth


@pytest.mark.parametrize(
    ("operator", "policy", "asked", "value", "truth"),
    [
        ("StringEquals", "${aws:PrincipalTag/team}", "red", "red", True),
        ("StringEquals", "a ${aws:PrincipalTag/team} ${aws:PrincipalTag/team}!", "a b b!", "b", True),
        ("StringEquals", "${aws:PrincipalTag/team}*", "red*", "red", True),
        ("StringEquals", "${aws:PrincipalTag/team}*", "reddish", "red", False),
        ("StringEquals", "${ aws:PrincipalTag/team }", "red", "red", True),
        ("StringEquals", "${aws:PrincipalTag/team, 'x'} and", "red and", "red", True),
        ("StringEquals", "${aws:PrincipalTag/team, x}", "red", "red", False),
        ("StringEquals", "${aws:PrincipalTag/team, x}", "${aws:PrincipalTag/team, x}", "red", True),
        ("StringEqualsIgnoreCase", "${aws:PrincipalTag/team}-A", "RED-a", "Red", True),
        ("StringEqualsIgnoreCase", "${aws:PrincipalTag/team}*", "reddish", "red", False),
        ("StringLike", "${aws:PrincipalTag/team}*", "reddish", "red", True),
        ("StringLike", "${aws:PrincipalTag/team}", "red", "r*", False),
        ("ArnLike", "${aws:PrincipalTag/team}", "arn:aws:s3:::b", "arn:aws:s3:::b", True),
        ("ArnLike", "arn:aws:iam::${aws:PrincipalTag/team}:role/x", "arn:aws:iam::1:role/x", "1", True),
        ("ArnLike", "arn:aws:iam::${aws:PrincipalTag/team}:role/x", "arn:aws:iam::2:role/x", "1", False),
        ("Bool", "${aws:PrincipalTag/team}", "True", "true", "bool-variable"),
        ("Bool", "${aws:PrincipalTag/team}", "true", "false", False),
        ("Bool", "${aws:PrincipalTag/team}", "yes", "yes", False),
    ],
)
def test_a_variable_stands_for_a_value(
    operator: str, policy: str, asked: str, value: str, *, truth: bool | str
) -> None:
    assert holds(operator, policy, {KEY: asked, VALUE: value}) == truth


@pytest.mark.parametrize(
    ("operator", "asked", "truth"),
    [
        ("StringEquals", "${aws:PrincipalTag/team}", True),
        ("StringEquals", "red", False),
        ("StringLike", "${aws:PrincipalTag/team}", True),
        ("Bool", "true", False),
        ("ArnLike", "${aws:PrincipalTag/team}", False),
    ],
)
def test_under_the_old_version_a_variable_is_text(operator: str, asked: str, *, truth: bool) -> None:
    context: Context = {KEY: asked, VALUE: "true" if operator == "Bool" else "red"}
    assert holds(operator, "${aws:PrincipalTag/team}", context, "2008-10-17") is truth


@pytest.mark.parametrize(
    ("operator", "policy", "values", "truth"),
    [
        # several values without a set operator: open, unless none of them would do
        ("StringEquals", "a", ("a", "b"), "multi-valued-key"),
        ("StringEquals", "a", ("b", "c"), False),
        ("ForAnyValue:StringEquals", "a", ("a", "b"), True),
        ("ForAllValues:StringEquals", "a", ("a", "b"), False),
        ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), True),
        # a list without values is an absent key
        ("Null", "true", (), True),
        ("Null", "false", (), False),
        ("StringEquals", "a", (), False),
        ("StringNotEquals", "a", (), True),
        ("ForAllValues:StringEquals", "a", (), True),
        ("ForAnyValue:StringNotEquals", "a", (), False),
        # an empty text may count as absent: open where that makes a difference
        ("StringEquals", "a", "", False),
        ("StringLike", "*", "", "empty-value"),
        # the policy lists it, as it lists the root of a bucket by `s3:prefix`
        ("StringEquals", "", "", True),
        ("StringNotLike", ["a/*", ""], "", False),
        ("Null", "true", "", "empty-value"),
        ("ForAnyValue:StringEquals", "", ("",), "empty-value"),
        ("ForAllValues:StringEquals", "a", ("",), "empty-value"),
        ("ForAllValues:StringEquals", "a", ("", "a"), False),
    ],
)
def test_lists_and_empty_values(
    operator: str, policy: Any, values: str | tuple[str, ...], *, truth: bool | str
) -> None:
    assert holds(operator, policy, {KEY: values}) == truth


def test_under_the_old_version_a_colon_in_braces_parts_an_arn() -> None:
    text = "arn:aws:iam::${aws:username}:role/x"
    assert holds("ArnLike", text, text, "2008-10-17") is True


def test_two_open_questions_are_both_named_when_both_count() -> None:
    condition = {"NumericEquals": {KEY: "x"}, "Resembles": {KEY: "x"}}
    assert matches({"Condition": condition}, {KEY: "1"}) == "unknown-operator unparsable-value"
