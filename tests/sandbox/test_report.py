"""Credential report, summary and last use: true to keys and to what was done with them."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.support.sandbox_client import ACCOUNT, OTHER, LocalSandbox, allow

from leastkey.sandbox.rules.credential_report import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    yield made
    made.wipe()


def rows(iam: Any) -> dict[str, dict[str, str]]:
    iam.generate_credential_report()
    text = iam.get_credential_report()["Content"].decode()
    return {row["user"]: row for row in csv.DictReader(io.StringIO(text))}


def test_a_report_must_be_made_before_it_is_read(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    with pytest.raises(ClientError, match="ReportNotPresent"):
        iam.get_credential_report()
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    assert iam.get_credential_report()["ReportFormat"] == "text/csv"


def test_a_report_says_when_it_was_made(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    iam.generate_credential_report()
    first = iam.get_credential_report()["GeneratedTime"]
    assert abs((first - sandbox.clock.now()).total_seconds()) < 60
    sandbox.clock.sleep(200)
    assert iam.get_credential_report()["GeneratedTime"] == first
    iam.generate_credential_report()
    assert (iam.get_credential_report()["GeneratedTime"] - first).total_seconds() >= 200


def test_rows_follow_keys_their_status_and_their_use(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    key = sandbox.user("bob", allow("ec2:DescribeRegions"))
    iam.create_user(UserName="al")
    found = rows(iam)
    assert set(found) == {"<root_account>", "bob", "al"}
    assert tuple(found["bob"]) == COLUMNS
    assert (found["bob"]["access_key_1_active"], found["bob"]["access_key_1_last_used_date"]) == (
        "true",
        "N/A",
    )
    assert (found["al"]["access_key_1_active"], found["bob"]["access_key_2_active"]) == ("false", "false")
    assert found["<root_account>"]["arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert found["<root_account>"]["access_key_1_active"] == "true"
    sandbox.client("ec2", key, region="eu-west-1").describe_regions()
    iam.update_access_key(UserName="bob", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    iam.create_access_key(UserName="bob")
    bob = rows(iam)["bob"]
    assert (bob["access_key_1_active"], bob["access_key_2_active"]) == ("false", "true")
    assert (bob["access_key_1_last_used_service"], bob["access_key_1_last_used_region"]) == (
        "ec2",
        "eu-west-1",
    )
    assert bob["access_key_1_last_used_date"].endswith("+00:00")
    iam.delete_access_key(UserName="bob", AccessKeyId=key["AccessKeyId"])
    assert rows(iam)["bob"]["access_key_2_active"] == "false"


def test_a_key_is_used_by_refused_calls_and_by_sts_too(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    key = sandbox.user("bob")
    last = {"AccessKeyId": key["AccessKeyId"]}
    never = iam.get_access_key_last_used(**last)
    assert (never["UserName"], never["AccessKeyLastUsed"]) == ("bob", {"ServiceName": "N/A", "Region": "N/A"})
    sandbox.client("sts", key).get_caller_identity()
    assert iam.get_access_key_last_used(**last)["AccessKeyLastUsed"]["ServiceName"] == "sts"
    with pytest.raises(ClientError, match="AccessDenied"):
        sandbox.client("s3", key).list_buckets()
    used = iam.get_access_key_last_used(**last)["AccessKeyLastUsed"]
    assert used["ServiceName"] == "s3"
    assert abs((used["LastUsedDate"] - sandbox.clock.now()).total_seconds()) < 60


def test_keys_of_another_account_are_not_told(sandbox: LocalSandbox) -> None:
    key = sandbox.user("bob", account=OTHER)
    with pytest.raises(ClientError, match="AccessDenied"):
        sandbox.client("iam").get_access_key_last_used(AccessKeyId=key["AccessKeyId"])


def test_a_role_is_used_by_its_sessions(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="r",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]
    key = sandbox.user("bob", allow("sts:AssumeRole"))
    sts = sandbox.client("sts", key)
    session = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="night")["Credentials"]
    assert "LastUsedDate" not in iam.get_role(RoleName="r")["Role"].get("RoleLastUsed", {})
    sandbox.client("sts", session).get_caller_identity()
    assert iam.get_role(RoleName="r")["Role"]["RoleLastUsed"]["Region"] == "us-east-1"


def test_the_summary_counts_this_account_and_names_the_quotas(sandbox: LocalSandbox) -> None:
    sandbox.client("iam", sandbox.root(OTHER)).create_user(UserName="theirs")
    iam = sandbox.client("iam")
    for name in ("a", "b"):
        iam.create_user(UserName=name)
    iam.create_policy(PolicyName="p", PolicyDocument=json.dumps(allow("s3:GetObject")))
    found = iam.get_account_summary()["SummaryMap"]
    assert (found["Users"], found["Roles"], found["Policies"], found["AccountAccessKeysPresent"]) == (
        2,
        0,
        1,
        1,
    )
    quotas = {
        "UsersQuota": 5_000,
        "RolesQuota": 1_000,
        "PoliciesQuota": 1_500,
        "AccessKeysPerUserQuota": 2,
        "AttachedPoliciesPerRoleQuota": 10,
        "PolicySizeQuota": 6_144,
        "AssumeRolePolicySizeQuota": 2_048,
        "UserPolicySizeQuota": 2_048,
        "VersionsPerPolicyQuota": 5,
    }
    assert {name: found[name] for name in quotas} == quotas


def test_aliases_are_the_accounts_own(sandbox: LocalSandbox) -> None:
    sandbox.client("iam", sandbox.root(OTHER)).create_account_alias(AccountAlias="theirs")
    iam = sandbox.client("iam")
    assert iam.list_account_aliases()["AccountAliases"] == []
    iam.create_account_alias(AccountAlias="acme-dev")
    assert iam.list_account_aliases()["AccountAliases"] == ["acme-dev"]


def test_a_report_says_when_a_password_was_set_and_when_it_must_change(sandbox: LocalSandbox) -> None:
    # IAM User Guide, "Getting credential reports": password_last_changed, password_next_rotation
    iam = sandbox.client("iam")
    iam.create_user(UserName="ann")
    assert [rows(iam)["ann"][f"password_{name}"] for name in ("last_changed", "next_rotation")] == [
        "N/A",
        "N/A",
    ]
    sandbox.clock.sleep(100)
    iam.create_login_profile(UserName="ann", Password="Lamp-post 9")
    first = rows(iam)["ann"]
    assert first["user_creation_time"] < first["password_last_changed"]
    assert first["password_next_rotation"] == "N/A"
    iam.update_account_password_policy(MaxPasswordAge=90)
    sandbox.clock.sleep(100)
    iam.update_login_profile(UserName="ann", Password="Lamp-post 10")
    last = rows(iam)["ann"]
    changed, due = (
        datetime.fromisoformat(last[f"password_{name}"]) for name in ("last_changed", "next_rotation")
    )
    assert last["password_last_changed"] > first["password_last_changed"]
    assert due - changed == timedelta(days=90)


@pytest.mark.parametrize(
    ("policy", "password", "taken"),
    [
        # IAM User Guide, "Set an account password policy for IAM users": the default, and what it can ask
        (None, "lamp post", False),
        (None, "Lamp1-x", False),
        (None, "Lamp-post1", True),
        ({"MinimumPasswordLength": 6}, "lamps.", True),
        ({"MinimumPasswordLength": 12}, "Lamp-post1", False),
        ({"RequireSymbols": True}, "Lamppost1", False),
        ({"RequireNumbers": True}, "Lamp-post", False),
        ({"RequireUppercaseCharacters": True}, "lamp-post1", False),
        ({"RequireLowercaseCharacters": True, "RequireNumbers": True}, "lamp-post1", True),
    ],
)
def test_a_password_is_as_the_accounts_policy_asks(
    sandbox: LocalSandbox, policy: dict[str, Any] | None, password: str, *, taken: bool
) -> None:
    iam = sandbox.client("iam")
    iam.create_user(UserName="ann")
    if policy is not None:
        iam.update_account_password_policy(**policy)
    if taken:
        iam.create_login_profile(UserName="ann", Password=password)
    else:
        with pytest.raises(ClientError, match="PasswordPolicyViolation"):
            iam.create_login_profile(UserName="ann", Password=password)


@pytest.mark.parametrize(
    "given", [{"MinimumPasswordLength": 5}, {"MaxPasswordAge": 1096}, {"PasswordReusePrevention": 0}]
)
def test_a_password_policy_keeps_to_its_ranges(sandbox: LocalSandbox, given: dict[str, int]) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        sandbox.client("iam").update_account_password_policy(**given)
