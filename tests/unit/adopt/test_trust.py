"""Who may wear a role that was made by hand: what `used-by` can say, and what it says it cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.adopt.byhand import ACCOUNT, adopted, allow, inline, role, trusts

from leastkey.spec.model import AccountUse, ServiceUse, UserUse
from leastkey.spec.parse import parse_spec

LAMBDA = {"Service": "lambda.amazonaws.com"}
OTHER = "444455556666"


def uses(result: Any) -> list[Any]:
    return list(parse_spec(result.text, "s", str).identities[0].used_by)


def adopted_role(trust: Any, **more: Any) -> Any:
    return adopted(role(trust, inline("logs", allow("logs:PutLogEvents")), **more))


def test_a_lambda_role_needs_no_key() -> None:
    result = adopted_role(trusts(LAMBDA), max_session_seconds=7_200)
    assert [(type(one), one.service) for one in uses(result)] == [(ServiceUse, "lambda")]
    assert result.identity.user is None
    assert "session: 2h" in result.text
    assert any("aws:SourceAccount" in caution for caution in result.cautions)
    commands = [command for step in result.steps for command in step.commands]
    assert any(command.startswith("aws lambda update-function-configuration") for command in commands)
    assert not any("leastkey run" in command for command in commands)
    assert commands[-1] == "aws iam delete-role --role-name old-lambda"


def test_ec2_gets_an_instance_profile_and_the_old_one_is_emptied() -> None:
    result = adopted_role(trusts({"Service": "ec2.amazonaws.com"}), instance_profiles=("old-profile",))
    assert result.identity.instance_profile is not None
    commands = "\n".join(command for step in result.steps for command in step.commands)
    assert "remove-role-from-instance-profile --instance-profile-name old-profile" in commands
    assert f"Name={result.identity.instance_profile.name}" in commands


def test_another_account_with_an_external_id_is_carried() -> None:
    asked = {"StringEquals": {"sts:ExternalId": "acme-7f3a91c2"}}
    result = adopted_role(trusts({"AWS": f"arn:aws:iam::{OTHER}:root"}, Condition=asked))
    (use,) = uses(result)
    assert isinstance(use, AccountUse)
    assert (use.account, use.external_id) == (OTHER, "acme-7f3a91c2")
    assert result.left == ()


def test_another_account_without_an_external_id_waits_for_one() -> None:
    result = adopted_role([trusts(LAMBDA), trusts({"AWS": OTHER})])
    assert [type(one) for one in uses(result)] == [ServiceUse]
    assert '# - {account: "444455556666", external-id: "AGREE-ON-ONE"}' in result.text
    assert any("asks for no external id" in left.why for left in result.left)


@pytest.mark.parametrize(
    "principal",
    [f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/deploy"],
)
def test_users_of_this_account_become_a_new_user(principal: str) -> None:
    result = adopted_role(trusts({"AWS": principal}))
    assert [type(one) for one in uses(result)] == [UserUse]
    assert any("a new user may" in caution for caution in result.cautions)
    assert not any("stands in" in caution for caution in result.cautions)


GITHUB = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"}


@pytest.mark.parametrize(
    ("trust", "why"),
    [
        (trusts(GITHUB, "sts:AssumeRoleWithWebIdentity"), "who shows a token is not taken over"),
        (trusts("*"), "names who is let in"),
        (trusts({"AWS": "*"}), "names who is let in"),
        (trusts({"AWS": f"arn:aws:iam::{OTHER}:role/x"}), "`used-by` names accounts"),
        (trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:role/x"}), "a role that wears a role"),
        (trusts({"AWS": "AIDAEXAMPLE"}), "the id of a user or role that is gone"),
        (trusts(LAMBDA, Condition={"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*:*:*"}}), "ArnLike aws:SourceArn cannot be said"),
        (trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}), "Bool aws:MultiFactorAuthPresent cannot be said"),
        (trusts({"Service": "ec2.amazonaws.com"}, Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}}), "is not asked of EC2"),
        (trusts({"AWS": OTHER}, Condition={"StringLike": {"sts:ExternalId": "acme*"}}), "StringLike sts:ExternalId cannot be said"),
        (trusts({"AWS": OTHER}, Condition={"StringEquals": {"sts:ExternalId": ["aa", "bb"]}}), "StringEquals sts:ExternalId cannot be said"),
        (trusts({"Service": "nosuch.amazonaws.com"}), "does not know this service"),
        ([trusts(LAMBDA), {**trusts("*"), "Effect": "Deny"}], "it holds a Deny"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_left_out_in_so_many_words(trust: Any, why: str) -> None:
    result = adopted_role(trust)
    assert any(why in left.why for left in result.left), result.left
    assert [type(one) for one in uses(result)] == [UserUse]
    assert any("stands in `used-by`" in caution for caution in result.cautions)
    assert "a user with a key stands in" in result.text


def test_a_condition_the_new_trust_sets_itself_is_carried() -> None:
    here = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    result = adopted_role(trusts(LAMBDA, Condition=here))
    assert [one.service for one in uses(result)] == ["lambda"]
    assert result.left == ()
    assert not any("aws:SourceAccount" in caution for caution in result.cautions)


def test_more_than_assuming_is_named() -> None:
    result = adopted_role(trusts(LAMBDA, ["sts:AssumeRole", "sts:TagSession"]))
    assert [left.what for left in result.left] == ["trust statement 1: sts:TagSession"]


def test_a_trust_that_cannot_be_read_lets_nobody_in() -> None:
    result = adopted(replace(role(trusts(LAMBDA), inline("logs", allow("logs:PutLogEvents"))), trust=None))
    assert ("the trust policy", "it cannot be read") in [(left.what, left.why) for left in result.left]


def test_a_second_external_id_of_one_account_is_left_out() -> None:
    root = {"AWS": f"arn:aws:iam::{OTHER}:root"}
    result = adopted_role(
        [
            trusts(root, Condition={"StringEquals": {"sts:ExternalId": each}})
            for each in ("acme-one", "acme-two")
        ]
    )
    assert [use.external_id for use in uses(result)] == ["acme-one"]
    assert any("a second external id" in left.why for left in result.left)


def test_an_identity_provider_is_left_out() -> None:
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.example.com"
    result = adopted_role([trusts(LAMBDA), trusts({"Federated": provider}, "sts:AssumeRoleWithWebIdentity")])
    assert any(provider in left.what for left in result.left)


def test_a_service_that_a_spec_cannot_name_is_left_out() -> None:
    result = adopted_role([trusts(LAMBDA), trusts({"Service": "spotfleet.amazonaws.com"})])
    assert [use.service for use in uses(result)] == ["lambda"]
    assert any("does not know this service" in left.why for left in result.left)
