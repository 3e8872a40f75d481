"""What a policy says about who asks: the role is somebody else than the user."""

from __future__ import annotations

import pytest
from tests.unit.adopt.byhand import adopted, allow, deny, inline, role, trusts, user


def test_the_users_own_name_is_written_out() -> None:
    result = adopted(user(inline("home", allow("s3:*", "arn:aws:s3:::home/${aws:username}/*"))))
    assert "home/automation_user/" in result.text
    assert "${" not in result.text
    assert result.comparison.is_same
    assert any("variables about the caller were written out" in caution for caution in result.cautions)


def test_a_tag_of_the_user_is_written_out_and_a_value_that_is_a_pattern_is_not() -> None:
    policy = inline("a", allow("s3:GetObject", "arn:aws:s3:::b/${aws:PrincipalTag/team}/*"))
    assert "b/red/" in adopted(user(policy, tags={"Team": "red"})).text
    strange = adopted(user(policy, tags={"team": "a:b"}))
    assert "${aws:PrincipalTag/team}" in strange.text
    assert strange.comparison.narrower > 0


@pytest.mark.parametrize(
    ("condition", "stays"),
    [
        ({"StringEquals": {"aws:username": "automation_user"}}, True),
        ({"StringNotEquals": {"aws:username": "somebody"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:user/auto*"}}, True),
        ({"StringEquals": {"aws:username": "somebody"}}, False),
        ({"StringLike": {"aws:userid": "AROA*"}}, False),
    ],
)
def test_a_condition_on_who_asks_is_settled_for_good(condition: dict[str, object], *, stays: bool) -> None:
    for statement in (allow("s3:GetObject", Condition=condition), deny("s3:PutObject", Condition=condition)):
        result = adopted(user(inline("a", allow("s3:Put*"), statement)))
        assert ("when:" in result.text) is False
        assert result.comparison.is_same
        assert (len(result.placed) == 2) is stays
        assert any("it never applied" in left.what for left in result.left) is not stays


def test_what_the_session_answers_otherwise_is_said_and_found_by_the_questions() -> None:
    """A key's own calls do not carry the MFA key, a session says false: the Deny that was asleep wakes up."""
    asleep = deny("ec2:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})
    result = adopted(user(inline("a", allow("ec2:*"), asleep)))
    assert result.comparison.wider == 0
    assert result.comparison.narrower > 0
    assert {one.direction for one in result.comparison.differences} == {"narrower"}
    assert any("aws:MultiFactorAuthPresent is about the session" in caution for caution in result.cautions)


def test_a_denial_that_hung_on_a_roles_tag_is_reported_as_wider() -> None:
    tagged = deny("s3:*", Condition={"StringEquals": {"aws:PrincipalTag/stage": "prod"}})
    result = adopted(
        role(
            trusts({"Service": "lambda.amazonaws.com"}),
            inline("a", allow("s3:*"), tagged),
            tags={"stage": "prod"},
        )
    )
    assert result.comparison.wider > 0
    assert result.comparison.differences[0].direction == "wider"
    assert any("aws:PrincipalTag/stage is about who asks" in caution for caution in result.cautions)
