"""What every Calls promises, run on each of them: an answer is an answer, a refusal too; only silence is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.contract.stages import PATH, Stage, allows, make_role

from leastkey.errors import AwsError
from leastkey.ports.aws import Answer
from leastkey.secret import Secret

if TYPE_CHECKING:
    from leastkey.iam.credentials import AccessKey, SessionCredentials
    from leastkey.iam.document import PolicyDocument

REGIONS = ("ec2", "DescribeRegions")


def session(stage: Stage, *documents: PolicyDocument) -> SessionCredentials:
    """Wear a role with these permissions."""
    role = make_role(stage)
    for number, document in enumerate(documents):
        policy = stage.iam.create_policy(f"Rules-{number}", PATH, document, description="", tags={})
        stage.iam.attach_role_policy("Job", policy)
    stage.iam.create_user("Bot", PATH, {})
    stage.iam.put_user_policy("Bot", "assume", allows("sts:AssumeRole", on=str(role)))
    key: AccessKey = stage.iam.create_access_key("Bot")
    return stage.connect.sts(key).assume_role(role, "nightly", seconds=900)


def test_a_call_that_is_carried_out_has_no_code(stage: Stage) -> None:
    calls = stage.connect.calls(session(stage, allows("ec2:DescribeRegions")))
    assert calls.call(*REGIONS, {}) == Answer(200, "", "")
    assert calls.call("sts", "GetCallerIdentity", {}) == Answer(200, "", "")


def test_a_refusal_is_an_answer_in_each_services_own_words(stage: Stage) -> None:
    calls = stage.connect.calls(session(stage))
    iam = calls.call("iam", "ListUsers", {})
    assert (iam.status, iam.code) == (403, "AccessDenied")
    assert "not authorized to perform: iam:ListUsers" in iam.message
    ec2 = calls.call(*REGIONS, {})
    assert (ec2.status, ec2.code) == (403, "UnauthorizedOperation")
    s3 = calls.call("s3", "ListBuckets", {})
    assert (s3.status, s3.code) == (403, "AccessDenied")


def test_a_dry_run_says_whether_it_would_have_gone_through(stage: Stage) -> None:
    calls = stage.connect.calls(session(stage, allows("ec2:DescribeRegions")))
    allowed = calls.call(*REGIONS, {"DryRun": True})
    assert (allowed.status, allowed.code) == (412, "DryRunOperation")
    denied = calls.call("ec2", "DescribeVpcs", {"DryRun": True})
    assert (denied.status, denied.code) == (403, "UnauthorizedOperation")


def test_permissions_follow_the_policies_attached(stage: Stage) -> None:
    worn = session(stage, allows("ec2:DescribeRegions"), allows("iam:ListUsers"))
    calls = stage.connect.calls(worn)
    assert calls.call("iam", "ListUsers", {}).code == ""
    (policy,) = (
        each for each in stage.iam.account_authorization_details().policies if each.name == "Rules-1"
    )
    stage.iam.detach_role_policy("Job", policy.arn)
    assert calls.call("iam", "ListUsers", {}).code == "AccessDenied"
    assert calls.call(*REGIONS, {}).code == ""


def test_a_boundary_limits_a_session(stage: Stage) -> None:
    calls = stage.connect.calls(session(stage, allows("ec2:DescribeRegions", "iam:ListUsers")))
    fence = stage.iam.create_policy("Fence", PATH, allows("ec2:*"), description="", tags={})
    stage.iam.put_role_permissions_boundary("Job", fence)
    assert calls.call(*REGIONS, {}).code == ""
    assert calls.call("iam", "ListUsers", {}).code == "AccessDenied"


def test_a_users_key_has_the_users_permissions(stage: Stage) -> None:
    stage.iam.create_user("Bot", PATH, {})
    stage.iam.put_user_policy("Bot", "inline", allows("ec2:DescribeRegions"))
    calls = stage.connect.calls(stage.iam.create_access_key("Bot"))
    assert calls.call(*REGIONS, {}).code == ""
    assert calls.call("iam", "ListUsers", {}).code == "AccessDenied"


def test_credentials_that_do_not_work_are_an_answer(stage: Stage) -> None:
    worn = session(stage, allows("ec2:DescribeRegions"))
    calls = stage.connect.calls(worn._replace(token=Secret("forged")))
    answers = [calls.call(*call, {}) for call in (("iam", "ListUsers"), REGIONS, ("s3", "ListBuckets"))]
    assert [(each.status, each.code) for each in answers] == [
        (403, "InvalidClientTokenId"),
        (401, "AuthFailure"),
        (400, "InvalidToken"),
    ]


def test_silence_is_an_error_and_is_not_asked_again(stage: Stage) -> None:
    calls = stage.connect.calls(session(stage, allows("iam:ListUsers")))
    stage.requests()
    stage.lose_next_answer()
    with pytest.raises(AwsError) as caught:
        calls.call("iam", "ListUsers", {})
    assert (caught.value.outcome, caught.value.code) == ("unknown", "")
    assert stage.requests() == ["iam:ListUsers"]
