"""What every Iam promises about access keys, the credential report and the account as a whole, run on each of them.

Source: IAM API Reference, CreateAccessKey, GetAccessKeyLastUsed, GetAccountAuthorizationDetails; IAM User Guide, "Getting
credential reports for your AWS account".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.stages import PATH, Stage, allows, make_policy, make_role

from leastkey.errors import AwsError
from leastkey.iam.credentials import AccessKeyId

if TYPE_CHECKING:
    from collections.abc import Callable

GONE = (404, "NoSuchEntity")
LIMIT = (409, "LimitExceeded")


def refusal(call: Callable[..., Any], *given: Any, **named: Any) -> tuple[int | None, str]:
    with pytest.raises(AwsError) as caught:
        call(*given, **named)
    assert caught.value.outcome == "refused"
    return caught.value.status, caught.value.code


def test_a_key_is_made_listed_switched_and_deleted(stage: Stage) -> None:
    iam = stage.iam
    iam.create_user("Bob", PATH, {})
    made = iam.create_access_key("Bob")
    assert made.id.startswith("AKIA")
    (listed,) = iam.list_access_keys("Bob").keys
    assert (listed.id, listed.status) == (made.id, "Active")
    assert abs((listed.created - stage.now()).total_seconds()) < 60
    iam.update_access_key("Bob", made.id, "Inactive")
    iam.update_access_key("Bob", made.id, "Inactive")
    assert [each.status for each in iam.list_access_keys("Bob").keys] == ["Inactive"]
    iam.update_access_key("Bob", made.id, "Active")
    assert [each.status for each in iam.list_access_keys("Bob").keys] == ["Active"]
    iam.delete_access_key("Bob", made.id)
    assert iam.list_access_keys("Bob").keys == ()
    assert refusal(iam.delete_access_key, "Bob", made.id) == GONE
    assert refusal(iam.update_access_key, "Bob", made.id, "Active") == GONE


def test_a_list_of_keys_says_what_time_it_is_there(stage: Stage) -> None:
    stage.iam.create_user("Bob", PATH, {})
    server_time = stage.iam.list_access_keys("Bob").server_time
    assert abs((server_time - stage.now()).total_seconds()) < 60


def test_a_third_key_is_refused_inactive_ones_counted(stage: Stage) -> None:
    iam = stage.iam
    iam.create_user("Bob", PATH, {})
    first = iam.create_access_key("Bob")
    iam.create_access_key("Bob")
    iam.update_access_key("Bob", first.id, "Inactive")
    assert refusal(iam.create_access_key, "Bob") == LIMIT
    iam.delete_access_key("Bob", first.id)
    assert iam.create_access_key("Bob").id != first.id


def test_keys_belong_to_one_user(stage: Stage) -> None:
    iam = stage.iam
    iam.create_user("Bob", PATH, {})
    iam.create_user("Al", PATH, {})
    key = iam.create_access_key("Bob")
    assert iam.list_access_keys("Al").keys == ()
    assert refusal(iam.update_access_key, "Al", key.id, "Inactive") == GONE
    assert refusal(iam.delete_access_key, "Al", key.id) == GONE
    assert refusal(iam.create_access_key, "Nobody") == GONE
    assert refusal(iam.list_access_keys, "Nobody") == GONE


def test_a_lost_answer_leaves_one_key_and_says_that_nobody_knows(stage: Stage) -> None:
    iam = stage.iam
    iam.create_user("Bob", PATH, {})
    stage.requests()
    stage.lose_next_answer()
    with pytest.raises(AwsError) as caught:
        iam.create_access_key("Bob")
    assert (caught.value.outcome, caught.value.code) == ("unknown", "")
    assert caught.value.call == "iam:CreateAccessKey"
    assert stage.requests() == ["iam:CreateAccessKey"]
    assert len(iam.list_access_keys("Bob").keys) == 1


def test_a_lost_answer_to_any_other_write_is_not_asked_again(stage: Stage) -> None:
    stage.requests()
    stage.lose_next_answer()
    with pytest.raises(AwsError) as caught:
        stage.iam.create_user("Bob", PATH, {})
    assert (caught.value.outcome, caught.value.code) == ("unknown", "")
    assert stage.requests() == ["iam:CreateUser"]
    assert stage.iam.get_user("Bob").name == "Bob"


def test_a_key_has_a_last_use_once_it_signed(stage: Stage) -> None:
    stage.iam.create_user("Bob", PATH, {})
    key = stage.iam.create_access_key("Bob")
    before = stage.iam.access_key_last_used(key.id)
    assert (before.last_used, before.service, before.region) == (None, None, None)
    stage.connect.sts(key).caller()
    after = stage.iam.access_key_last_used(key.id)
    assert (after.service, after.region) == ("sts", "us-east-1")
    assert after.last_used is not None
    assert abs((after.last_used - stage.now()).total_seconds()) < 60


def test_the_last_use_of_a_strangers_key_is_not_told(stage: Stage) -> None:
    unknown = AccessKeyId("AKIAIOSFODNN7EXAMPLE")
    assert refusal(stage.iam.access_key_last_used, unknown) == (403, "AccessDenied")


def test_the_credential_report_has_a_row_a_user_and_no_root(stage: Stage) -> None:
    iam = stage.iam
    iam.create_user("Bob", PATH, {})
    iam.create_user("Al", PATH, {})
    first, second = iam.create_access_key("Bob"), iam.create_access_key("Bob")
    iam.update_access_key("Bob", second.id, "Inactive")
    report = iam.credential_report()
    assert abs((report.generated - stage.now()).total_seconds()) < 60
    assert set(report.rows) == {"bob", "al"}
    assert report.rows["al"].keys == ()
    assert not report.rows["bob"].has_password
    assert [key.active for key in report.rows["bob"].keys] == [True, False]
    iam.delete_access_key("Bob", first.id)
    assert [key.active for key in iam.credential_report().rows["bob"].keys] == [False]


def test_a_report_costs_two_requests_the_first_one_too(stage: Stage) -> None:
    for _ in range(2):
        stage.requests()
        stage.iam.credential_report()
        assert stage.requests() == ["iam:GenerateCredentialReport", "iam:GetCredentialReport"]


def test_an_account_has_a_name_or_none(stage: Stage) -> None:
    assert stage.iam.account_alias() is None
    stage.name_account(f"acme-{stage.account}")
    assert stage.iam.account_alias() == f"acme-{stage.account}"


def test_the_summary_counts_and_gives_the_quotas(stage: Stage) -> None:
    before = stage.iam.account_summary()
    stage.iam.create_user("Bob", PATH, {})
    make_role(stage)
    make_policy(stage)
    stage.iam.create_instance_profile("Job", PATH, {})
    after = stage.iam.account_summary()
    for name in ("Users", "Roles", "Policies", "InstanceProfiles"):
        assert after[name] == before[name] + 1, name
    for name in ("UsersQuota", "RolesQuota", "PoliciesQuota", "InstanceProfilesQuota"):
        assert after[name] >= 1_000, name
    assert after["AttachedPoliciesPerRoleQuota"] == 10


def test_the_dump_shows_everything_in_one_request(stage: Stage) -> None:
    iam = stage.iam
    iam.create_user("Bob", PATH, {"a": "1"})
    role, policy = make_role(stage), make_policy(stage)
    iam.attach_role_policy("Job", policy)
    iam.put_user_policy("Bob", "assume", allows("sts:AssumeRole", on=str(role)))
    stage.requests()
    details = iam.account_authorization_details()
    assert stage.requests() == ["iam:GetAccountAuthorizationDetails"]
    assert details.pages == 1
    (user,), (job,), (rules,) = details.users, details.roles, details.policies
    assert (user.name, user.path, dict(user.tags), user.keys) == ("Bob", PATH, {"a": "1"}, ())
    assert user.inline[0].document == allows("sts:AssumeRole", on=str(role))
    assert (job.arn, job.attached, job.inline) == (role, (policy,), ())
    assert (rules.arn, rules.document, rules.attachments) == (policy, allows("ec2:DescribeRegions"), 1)


def test_the_dump_comes_in_pages_of_a_thousand(stage: Stage) -> None:
    stage.fill(1_001)
    make_role(stage)
    make_policy(stage)
    stage.requests()
    details = stage.iam.account_authorization_details()
    assert len(stage.requests()) == details.pages == 2
    assert len({user.name for user in details.users}) == len(details.users) == 1_001
    assert [role.name for role in details.roles] == ["Job"]
    assert [policy.name for policy in details.policies] == ["Rules"]


def test_a_thousand_entities_are_one_page(stage: Stage) -> None:
    stage.fill(1_000)
    assert stage.iam.account_authorization_details().pages == 1
