"""What every Sts promises, run on each of them.

Source: STS API Reference, GetCallerIdentity, AssumeRole; IAM User Guide, "Methods to assume a role".
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.stages import PATH, Stage, allows, make_role, trusts

from leastkey.errors import AwsError
from leastkey.iam.credentials import AccessKey, AccessKeyId
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.iam.arn import Arn

DENIED = (403, "AccessDenied")
INVALID = (400, "ValidationError")
UNKNOWN = (403, "InvalidClientTokenId")


def refusal(call: Callable[..., Any], *given: Any, **named: Any) -> tuple[int | None, str]:
    with pytest.raises(AwsError) as caught:
        call(*given, **named)
    assert caught.value.outcome == "refused"
    return caught.value.status, caught.value.code


def bot(stage: Stage, *roles: Arn) -> AccessKey:
    """Make a user with a key that may wear the roles."""
    stage.iam.create_user("Bot", PATH, {})
    for number, role in enumerate(roles):
        stage.iam.put_user_policy("Bot", f"assume-{number}", allows("sts:AssumeRole", on=str(role)))
    return stage.iam.create_access_key("Bot")


def test_the_administrator_is_of_the_account(stage: Stage) -> None:
    caller = stage.connect.admin_sts().caller()
    assert (caller.account, caller.arn.account, caller.alias) == (stage.account, stage.account, None)
    assert stage.requests() == ["sts:GetCallerIdentity"]


def test_a_key_speaks_for_its_user(stage: Stage) -> None:
    key = bot(stage)
    caller = stage.connect.sts(key).caller()
    assert str(caller.arn) == f"arn:aws:iam::{stage.account}:user{PATH}Bot"
    assert (caller.account, caller.user_id) == (stage.account, stage.iam.get_user("Bot").user_id)
    assert not caller.is_root


def test_keys_that_do_not_work_are_told_apart(stage: Stage) -> None:
    key = bot(stage)
    unknown = AccessKey(AccessKeyId("AKIAIOSFODNN7EXAMPLE"), key.secret)
    wrong = AccessKey(key.id, Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"))
    assert refusal(stage.connect.sts(unknown).caller) == UNKNOWN
    assert refusal(stage.connect.sts(wrong).caller) == (403, "SignatureDoesNotMatch")
    stage.iam.update_access_key("Bot", key.id, "Inactive")
    assert refusal(stage.connect.sts(key).caller) == UNKNOWN
    stage.iam.update_access_key("Bot", key.id, "Active")
    stage.connect.sts(key).caller()
    stage.iam.delete_access_key("Bot", key.id)
    assert refusal(stage.connect.sts(key).caller) == UNKNOWN


def test_a_session_speaks_for_its_role(stage: Stage) -> None:
    role = make_role(stage)
    sts = stage.connect.sts(bot(stage, role))
    session = sts.assume_role(role, "nightly", seconds=900)
    assert session.id.startswith("ASIA")
    left = session.expiration - stage.now()
    assert timedelta(seconds=830) < left < timedelta(seconds=960)
    caller = stage.connect.sts(session).caller()
    assert str(caller.arn) == f"arn:aws:sts::{stage.account}:assumed-role/Job/nightly"
    assert caller.user_id == f"{stage.iam.get_role('Job').role_id}:nightly"


def test_a_session_without_its_token_is_nobody(stage: Stage) -> None:
    role = make_role(stage)
    session = stage.connect.sts(bot(stage, role)).assume_role(role, "nightly", seconds=900)
    stolen = AccessKey(session.id, session.secret)
    assert refusal(stage.connect.sts(stolen).caller) == UNKNOWN
    forged = session._replace(token=Secret("forged"))
    assert refusal(stage.connect.sts(forged).caller) == UNKNOWN


def test_a_role_needs_trust_and_permission_and_to_be_there(stage: Stage) -> None:
    role = make_role(stage)
    suspicious = make_role(
        stage,
        "Suspicious",
        trust=trusts(stage.account, ArnEquals={"aws:PrincipalArn": "arn:aws:iam::111122223333:user/x"}),
    )
    unasked = make_role(stage, "Unasked")
    sts = stage.connect.sts(bot(stage, role, suspicious, role._replace(resource=f"role{PATH}Absent")))
    sts.assume_role(role, "nightly", seconds=900)
    for refused in (suspicious, unasked, role._replace(resource=f"role{PATH}Absent")):
        assert refusal(sts.assume_role, refused, "nightly", seconds=900) == DENIED


def test_trust_by_the_users_arn_follows_the_user(stage: Stage) -> None:
    arn = f"arn:aws:iam::{stage.account}:user{PATH}Bot"
    role = make_role(stage, trust=trusts(stage.account, ArnEquals={"aws:PrincipalArn": arn}))
    key = bot(stage, role)
    stage.connect.sts(key).assume_role(role, "nightly", seconds=900)
    stage.iam.delete_user_policy("Bot", "assume-0")
    assert refusal(stage.connect.sts(key).assume_role, role, "nightly", seconds=900) == DENIED


def test_an_external_id_must_be_the_right_one(stage: Stage) -> None:
    role = make_role(stage, trust=trusts(stage.account, StringEquals={"sts:ExternalId": "one"}))
    sts = stage.connect.sts(bot(stage, role))
    sts.assume_role(role, "nightly", seconds=900, external_id="one")
    assert refusal(sts.assume_role, role, "nightly", seconds=900, external_id="two") == DENIED
    assert refusal(sts.assume_role, role, "nightly", seconds=900) == DENIED


def test_a_session_is_no_longer_than_its_role_allows(stage: Stage) -> None:
    role = make_role(stage)
    sts = stage.connect.sts(bot(stage, role))
    assert refusal(sts.assume_role, role, "nightly", seconds=7_200) == INVALID
    stage.iam.update_role("Job", description="", max_session_seconds=7_200)
    left = sts.assume_role(role, "nightly", seconds=7_200).expiration - stage.now()
    assert left > timedelta(seconds=7_100)
    assert refusal(sts.assume_role, role, "nightly", seconds=43_201) == INVALID
    assert refusal(sts.assume_role, role, "a b", seconds=900) == INVALID


def test_a_key_that_was_switched_off_wears_nothing(stage: Stage) -> None:
    role = make_role(stage)
    key = bot(stage, role)
    stage.iam.update_access_key("Bot", key.id, "Inactive")
    assert refusal(stage.connect.sts(key).assume_role, role, "nightly", seconds=900) == UNKNOWN


def test_aws_says_what_time_it_is_there(stage: Stage) -> None:
    assert abs((stage.connect.admin_sts().server_time() - stage.now()).total_seconds()) < 60
