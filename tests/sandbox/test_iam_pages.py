"""Pages: every entity once, in as many requests as its number asks for, and markers that cannot be made up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.support.sandbox_client import ACCOUNT, LocalSandbox, allow

if TYPE_CHECKING:
    from collections.abc import Iterator

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}],
    }
)


@pytest.fixture
def iam() -> Iterator[Any]:
    made = LocalSandbox()
    yield made.client("iam")
    made.wipe()


def pages(iam: Any, operation: str, most: int, **parameters: Any) -> list[dict[str, Any]]:
    found = iam.get_paginator(operation).paginate(PaginationConfig={"PageSize": most}, **parameters)
    return list(found)


@pytest.mark.parametrize(
    ("number", "most", "expected"), [(0, 5, 1), (5, 5, 1), (6, 5, 2), (11, 5, 3), (3, 1, 3)]
)
def test_a_list_takes_as_many_pages_as_it_must(iam: Any, number: int, most: int, expected: int) -> None:
    names = [f"u{index:02}" for index in range(number)]
    for name in names:
        iam.create_user(UserName=name)
    found = pages(iam, "list_users", most)
    assert len(found) == expected
    assert [user["UserName"] for page in found for user in page["Users"]] == names
    assert [page["IsTruncated"] for page in found] == [True] * (expected - 1) + [False]
    assert all(("Marker" in page) == page["IsTruncated"] for page in found)


def test_every_list_that_moto_gives_whole_is_paged(iam: Any) -> None:
    iam.create_user(UserName="bob", Tags=[{"Key": f"k{index}", "Value": "v"} for index in range(3)])
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    for index in range(3):
        document = json.dumps(allow("s3:GetObject"))
        iam.put_user_policy(UserName="bob", PolicyName=f"p{index}", PolicyDocument=document)
        iam.put_role_policy(RoleName="r", PolicyName=f"p{index}", PolicyDocument=document)
        iam.create_group(GroupName=f"g{index}")
        iam.add_user_to_group(UserName="bob", GroupName=f"g{index}")
        iam.put_group_policy(GroupName="g0", PolicyName=f"p{index}", PolicyDocument=document)
        iam.create_instance_profile(InstanceProfileName=f"i{index}")
    for _ in range(2):
        iam.create_access_key(UserName="bob")
    for operation, key, number, named in (
        ("list_user_policies", "PolicyNames", 3, {"UserName": "bob"}),
        ("list_role_policies", "PolicyNames", 3, {"RoleName": "r"}),
        ("list_group_policies", "PolicyNames", 3, {"GroupName": "g0"}),
        ("list_groups", "Groups", 3, {}),
        ("list_groups_for_user", "Groups", 3, {"UserName": "bob"}),
        ("list_access_keys", "AccessKeyMetadata", 2, {"UserName": "bob"}),
        ("list_user_tags", "Tags", 3, {"UserName": "bob"}),
        ("list_instance_profiles", "InstanceProfiles", 3, {}),
    ):
        found = pages(iam, operation, 1, **named)
        entries = [json.dumps(entry, default=str) for page in found for entry in page[key]]
        assert (operation, len(found), len(set(entries))) == (operation, number, number)


@pytest.mark.parametrize("most", [0, 1_001, -1])
def test_a_page_has_one_to_a_thousand_entries(iam: Any, most: int) -> None:
    for call in (iam.list_users, iam.get_account_authorization_details):
        with pytest.raises(ClientError, match="ValidationError"):
            call(MaxItems=most)
        call(MaxItems=1_000)


@pytest.mark.parametrize("marker", ["x", "5", "cGFnZTo5OTk=", "cGFnZTotMQ=="])
def test_a_made_up_marker_is_refused(iam: Any, marker: str) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        iam.get_account_authorization_details(Marker=marker)


def test_the_account_is_given_whole_in_serial_pages(iam: Any) -> None:
    for index in range(7):
        iam.create_user(UserName=f"u{index}")
        iam.create_role(RoleName=f"r{index}", AssumeRolePolicyDocument=TRUST)
        iam.create_policy(PolicyName=f"p{index}", PolicyDocument=json.dumps(allow("s3:GetObject")))
    iam.create_group(GroupName="g")
    found = pages(iam, "get_account_authorization_details", 4)
    assert len(found) == 6  # 22 entities
    assert [user["UserName"] for page in found for user in page["UserDetailList"]] == [
        f"u{index}" for index in range(7)
    ]
    assert [role["RoleName"] for page in found for role in page["RoleDetailList"]] == [
        f"r{index}" for index in range(7)
    ]
    assert {policy["PolicyName"] for page in found for policy in page["Policies"]} == {
        f"p{index}" for index in range(7)
    }
    assert [group["GroupName"] for page in found for group in page["GroupDetailList"]] == ["g"]


def test_the_account_has_everything_a_plan_reads(iam: Any) -> None:
    document = allow("s3:GetObject")
    policy = iam.create_policy(PolicyName="p", PolicyDocument=json.dumps(document), Path="/a/")["Policy"]
    user = iam.create_user(
        UserName="bob", Path="/a/", Tags=[{"Key": "k", "Value": "v"}], PermissionsBoundary=READ_ONLY
    )["User"]
    iam.put_user_policy(UserName="bob", PolicyName="in", PolicyDocument=json.dumps(document))
    iam.create_role(
        RoleName="r",
        AssumeRolePolicyDocument=TRUST,
        PermissionsBoundary=policy["Arn"],
        Tags=[{"Key": "k", "Value": "v"}],
    )
    iam.attach_role_policy(RoleName="r", PolicyArn=policy["Arn"])
    iam.create_instance_profile(InstanceProfileName="i")
    iam.add_role_to_instance_profile(InstanceProfileName="i", RoleName="r")
    found = iam.get_account_authorization_details()
    (bob,), (role,) = found["UserDetailList"], found["RoleDetailList"]
    assert (bob["UserId"], bob["Path"], bob["Tags"]) == (user["UserId"], "/a/", [{"Key": "k", "Value": "v"}])
    assert bob["UserPolicyList"] == [{"PolicyName": "in", "PolicyDocument": document}]
    assert bob["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == policy["Arn"]
    assert role["AttachedManagedPolicies"] == [{"PolicyName": "p", "PolicyArn": policy["Arn"]}]
    assert role["InstanceProfileList"][0]["InstanceProfileName"] == "i"
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"].endswith(":root")
    by_name = {each["PolicyName"]: each for each in found["Policies"]}
    assert set(by_name) == {"p", "ReadOnlyAccess"}
    own = by_name["p"]
    assert (own["PolicyId"], own["AttachmentCount"], own["PermissionsBoundaryUsageCount"]) == (
        policy["PolicyId"],
        1,
        1,
    )
    assert own["PolicyVersionList"][0]["Document"] == document
    assert own["PolicyVersionList"][0]["IsDefaultVersion"] is True


def test_a_filter_leaves_the_rest_out(iam: Any) -> None:
    iam.create_user(UserName="bob")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    found = iam.get_account_authorization_details(Filter=["Role"])
    assert (len(found["RoleDetailList"]), found["UserDetailList"], found["Policies"]) == (1, [], [])
    with pytest.raises(ClientError, match="ValidationError"):
        iam.get_account_authorization_details(Filter=["Nonsense"])
