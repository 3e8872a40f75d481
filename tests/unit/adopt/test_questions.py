"""What is asked of the old and the new permissions: values on both sides of what a condition names."""

from __future__ import annotations

import pytest
from tests.unit.adopt.byhand import allow, document

from leastkey.adopt.questions import Question, questions


def test_a_question_reads_as_a_sentence() -> None:
    asked = Question("s3:GetObject", "arn:aws:s3:::a/b", (("aws:one", "x"), ("aws:two", ("y", "z"))))
    assert str(asked) == "s3:GetObject on arn:aws:s3:::a/b when aws:one=x, aws:two=y/z"
    assert str(Question("s3:GetObject", "*")) == "s3:GetObject on *"


@pytest.mark.parametrize(
    ("operator", "value", "asked"),
    [
        ("Null", "true", {"other-value"}),
        ("Bool", "true", {"true", "false"}),
        ("NumericLessThan", "10", {"9", "10", "11"}),
        ("NumericLessThan", "many", {"many"}),
        (
            "DateLessThan",
            "2027-01-01T00:00:00Z",
            {"1999-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2099-01-01T00:00:00Z"},
        ),
        ("IpAddress", "203.0.113.0/24", {"203.0.113.0", "192.0.2.77", "2001:db8:ffff::77"}),
        ("IpAddress", "nowhere", {"nowhere", "192.0.2.77", "2001:db8:ffff::77"}),
    ],
)
def test_a_condition_is_asked_on_both_sides_of_its_value(operator: str, value: str, asked: set[str]) -> None:
    policy = document(allow("s3:GetObject", Condition={operator: {"aws:x": value}}))
    contexts = {each.context for each in questions([policy], {})}
    assert contexts == {(), *((("aws:x", each),) for each in asked)}
