"""Reports of what was used, from the calls that were made.

Source: IAM API Reference, GenerateServiceLastAccessedDetails, GetServiceLastAccessedDetails,
GetServiceLastAccessedDetailsWithEntities, ListPoliciesGrantingServiceAccess.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.support.sandbox_client import ACCOUNT, LocalSandbox, allow

from leastkey.sandbox.state.last_used import uses_of

if TYPE_CHECKING:
    from collections.abc import Iterator

BOB = f"arn:aws:iam::{ACCOUNT}:user/bob"


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    yield made
    made.wipe()


def report(iam: Any, arn: str, **more: str) -> dict[str, dict[str, Any]]:
    job = iam.generate_service_last_accessed_details(Arn=arn, **more)["JobId"]
    found = iam.get_service_last_accessed_details(JobId=job)
    assert (found["JobStatus"], found["IsTruncated"]) == ("COMPLETED", False)
    return {each["ServiceNamespace"]: each for each in found["ServicesLastAccessed"]}


def test_a_report_has_the_services_granted_and_the_calls_made(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    key = sandbox.user("bob", allow("ec2:DescribeRegions", "dynamodb:*"))
    before = report(iam, BOB)
    assert set(before) == {"dynamodb", "ec2"}
    assert [each["TotalAuthenticatedEntities"] for each in before.values()] == [0, 0]
    assert before["dynamodb"]["ServiceName"] == "Amazon DynamoDB"
    sandbox.client("ec2", key, region="eu-west-1").describe_regions()
    found = report(iam, BOB)
    assert "LastAuthenticated" not in found["dynamodb"]
    ec2 = found["ec2"]
    assert (ec2["LastAuthenticatedEntity"], ec2["LastAuthenticatedRegion"]) == (BOB, "eu-west-1")
    assert abs((ec2["LastAuthenticated"] - sandbox.clock.now()).total_seconds()) < 60
    assert "TrackedActionsLastAccessed" not in ec2


def test_actions_are_told_when_asked_for_and_refused_calls_count(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    key = sandbox.user("bob", allow("ec2:DescribeRegions"))
    ec2 = sandbox.client("ec2", key)
    ec2.describe_regions()
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        ec2.describe_vpcs()
    found = report(iam, BOB, Granularity="ACTION_LEVEL")["ec2"]["TrackedActionsLastAccessed"]
    assert [each["ActionName"] for each in found] == ["DescribeRegions", "DescribeVpcs"]
    assert found[0]["LastAccessedEntity"] == BOB


def test_a_report_of_a_group_or_a_policy_counts_who_has_it(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    document = json.dumps(allow("ec2:DescribeRegions"))
    policy = iam.create_policy(PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    group = iam.create_group(GroupName="g")["Group"]["Arn"]
    iam.attach_group_policy(GroupName="g", PolicyArn=policy)
    keys = {name: sandbox.user(name) for name in ("bob", "al", "eve")}
    for name in ("bob", "al"):
        iam.add_user_to_group(UserName=name, GroupName="g")
    sandbox.client("ec2", keys["bob"]).describe_regions()
    for arn in (group, policy):
        assert report(iam, arn)["ec2"]["TotalAuthenticatedEntities"] == 1
        job = iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
        entities = iam.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="ec2")
        shown = [
            (each["EntityInfo"]["Name"], "LastAuthenticated" in each)
            for each in entities["EntityDetailsList"]
        ]
        assert shown == [("bob", True), ("al", False)]


def test_a_user_made_again_has_used_nothing(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    key = sandbox.user("bob", allow("ec2:*"))
    sandbox.client("ec2", key).describe_regions()
    assert report(iam, BOB)["ec2"]["TotalAuthenticatedEntities"] == 1
    unique_id = iam.get_user(UserName="bob")["User"]["UserId"]
    assert uses_of(unique_id, ACCOUNT, sandbox.world)
    iam.delete_access_key(UserName="bob", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="bob", PolicyName="inline-0")
    iam.delete_user(UserName="bob")
    assert not uses_of(unique_id, ACCOUNT, sandbox.world)
    sandbox.user("bob", allow("ec2:*"))
    assert report(iam, BOB)["ec2"]["TotalAuthenticatedEntities"] == 0


def test_policies_that_grant_a_service_are_named_with_their_kind(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    sandbox.user("bob", allow("s3:GetObject"))
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    iam.create_group(GroupName="g")
    iam.attach_group_policy(GroupName="g", PolicyArn=admin)
    iam.add_user_to_group(UserName="bob", GroupName="g")
    found = iam.list_policies_granting_service_access(Arn=BOB, ServiceNamespaces=["s3", "sqs"])
    by_service = {
        each["ServiceNamespace"]: each["Policies"] for each in found["PoliciesGrantingServiceAccess"]
    }
    managed = {"PolicyName": "AdministratorAccess", "PolicyType": "MANAGED", "PolicyArn": admin}
    inline = {"PolicyName": "inline-0", "PolicyType": "INLINE", "EntityType": "USER", "EntityName": "bob"}
    assert by_service == {"s3": [inline, managed], "sqs": [managed]}
    with pytest.raises(ClientError, match="InvalidInput"):
        iam.list_policies_granting_service_access(Arn=BOB, ServiceNamespaces=["nonsense"])


def test_reports_come_in_pages_and_unknown_ones_are_not_there(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    sandbox.user("bob", allow("ec2:*", "s3:*", "sqs:*"))
    job = iam.generate_service_last_accessed_details(Arn=BOB)["JobId"]
    first = iam.get_service_last_accessed_details(JobId=job, MaxItems=2)
    assert (first["IsTruncated"], len(first["ServicesLastAccessed"])) == (True, 2)
    rest = iam.get_service_last_accessed_details(JobId=job, MaxItems=2, Marker=first["Marker"])
    assert [each["ServiceNamespace"] for each in rest["ServicesLastAccessed"]] == ["sqs"]
    for call, given in (
        (iam.generate_service_last_accessed_details, {"Arn": BOB + "by"}),
        (iam.get_service_last_accessed_details, {"JobId": "0" * 36}),
        (iam.get_service_last_accessed_details_with_entities, {"JobId": job, "ServiceNamespace": "kms"}),
    ):
        with pytest.raises(ClientError, match="NoSuchEntity"):
            call(**given)
