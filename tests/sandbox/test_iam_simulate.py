"""Simulations, answered by the engine that judges real calls.

Source: IAM API Reference, SimulatePrincipalPolicy, SimulateCustomPolicy, GetContextKeysForCustomPolicy.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.support.sandbox_client import ACCOUNT, OTHER, LocalSandbox, allow, deny

from leastkey.iam.arn import AccountId

if TYPE_CHECKING:
    from collections.abc import Iterator

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
OBJECT = "arn:aws:s3:::b/k"


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    yield made
    made.wipe()


def custom(sandbox: LocalSandbox, *documents: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    given = {"ActionNames": ["s3:GetObject"], "ResourceArns": [OBJECT], **more}
    texts = [json.dumps(each) for each in documents]
    found = sandbox.client("iam").simulate_custom_policy(PolicyInputList=texts, **given)
    return list(found["EvaluationResults"])


def decisions(results: list[dict[str, Any]]) -> list[str]:
    return [each["EvalDecision"] for each in results]


def code(call: Any, **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**given)
    return str(caught.value.response["Error"]["Code"])


def test_each_action_on_each_resource_has_a_result(sandbox: LocalSandbox) -> None:
    found = custom(
        sandbox,
        allow("s3:*", on="arn:aws:s3:::b/*"),
        deny("s3:DeleteObject"),
        ActionNames=["s3:GetObject", "s3:DeleteObject"],
        ResourceArns=[OBJECT, "arn:aws:s3:::c/k"],
    )
    assert [(each["EvalActionName"], each["EvalResourceName"], each["EvalDecision"]) for each in found] == [
        ("s3:GetObject", OBJECT, "allowed"),
        ("s3:GetObject", "arn:aws:s3:::c/k", "implicitDeny"),
        ("s3:DeleteObject", OBJECT, "explicitDeny"),
        ("s3:DeleteObject", "arn:aws:s3:::c/k", "explicitDeny"),
    ]
    assert found[2]["MatchedStatements"][0]["SourcePolicyId"] == "PolicyInputList.2"
    assert found[0]["ResourceSpecificResults"][0]["EvalResourceDecision"] == "allowed"
    plain = sandbox.client("iam").simulate_custom_policy(
        PolicyInputList=[json.dumps(allow("s3:*"))], ActionNames=["s3:ListAllMyBuckets"]
    )["EvaluationResults"]
    assert [(each["EvalResourceName"], each["EvalDecision"]) for each in plain] == [("*", "allowed")]


def test_a_matched_statement_is_told_by_its_place_in_the_text(sandbox: LocalSandbox) -> None:
    statement = '{"Effect": "Allow", "Action": "s3:GetObject",\n   "Resource": "*"}'
    text = '{"Version": "2012-10-17", "Statement": [\n  ' + statement + "]}"
    found = sandbox.client("iam").simulate_custom_policy(PolicyInputList=[text], ActionNames=["s3:GetObject"])
    matched = found["EvaluationResults"][0]["MatchedStatements"][0]
    assert matched["StartPosition"] == {"Line": 2, "Column": 3}
    assert matched["EndPosition"] == {"Line": 3, "Column": 20}


def test_context_entries_decide_and_absent_ones_are_named(sandbox: LocalSandbox) -> None:
    document = allow("s3:GetObject", when={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
    (without,) = custom(sandbox, document)
    assert (without["EvalDecision"], without["MissingContextValues"]) == ("implicitDeny", ["aws:SourceIp"])

    def entry(value: str) -> list[dict[str, Any]]:
        return [{"ContextKeyName": "aws:SourceIp", "ContextKeyValues": [value], "ContextKeyType": "ip"}]

    (good,) = custom(sandbox, document, ContextEntries=entry("203.0.113.9"))
    assert (good["EvalDecision"], good["MissingContextValues"]) == ("allowed", [])
    assert decisions(custom(sandbox, document, ContextEntries=entry("198.51.100.1"))) == ["implicitDeny"]


def test_a_boundary_limits_what_the_policies_allow(sandbox: LocalSandbox) -> None:
    for inside, decided in ((allow("s3:*"), "allowed"), (allow("ec2:*"), "implicitDeny")):
        (found,) = custom(sandbox, allow("s3:*"), PermissionsBoundaryPolicyInputList=[json.dumps(inside)])
        assert found["EvalDecision"] == decided
        said = found["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"]
        assert said is (decided == "allowed")


def test_a_resource_policy_counts_for_the_caller_it_names(sandbox: LocalSandbox) -> None:
    bob = f"arn:aws:iam::{ACCOUNT}:user/bob"
    policy = allow("s3:GetObject", on=OBJECT)
    policy["Statement"][0]["Principal"] = {"AWS": bob}
    given = {"ResourcePolicy": json.dumps(policy), "CallerArn": bob}
    assert decisions(custom(sandbox, allow("ec2:*"), **given)) == ["allowed"]
    other = {**given, "CallerArn": f"{bob}by"}
    assert decisions(custom(sandbox, allow("ec2:*"), **other)) == ["implicitDeny"]
    foreign = {**given, "ResourceOwner": f"arn:aws:iam::{OTHER}:root"}
    (across,) = custom(sandbox, allow("ec2:*"), **foreign)
    assert across["EvalDecision"] == "implicitDeny"
    assert across["EvalDecisionDetails"] == {"IAM Policy": "implicitDeny", "Resource Policy": "allowed"}
    assert decisions(custom(sandbox, allow("s3:*"), **foreign)) == ["allowed"]
    iam = sandbox.client("iam")
    assert (
        code(
            iam.simulate_custom_policy,
            PolicyInputList=[json.dumps(allow("s3:*"))],
            ActionNames=["s3:GetObject"],
            ResourcePolicy=json.dumps(policy),
        )
        == "InvalidInput"
    )


def test_a_principal_is_simulated_with_all_that_it_has(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    iam.create_user(UserName="bob", PermissionsBoundary=READ_ONLY)
    iam.create_group(GroupName="g")
    iam.add_user_to_group(UserName="bob", GroupName="g")
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=json.dumps(allow("s3:*")))
    bob = iam.get_user(UserName="bob")["User"]["Arn"]
    group = iam.get_group(GroupName="g")["Group"]["Arn"]

    def asked(arn: str, **more: Any) -> list[dict[str, Any]]:
        actions = ["s3:GetObject", "s3:PutObject", "ec2:DescribeRegions"]
        found = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=actions, **more)
        return list(found["EvaluationResults"])

    assert decisions(asked(bob)) == ["allowed", "implicitDeny", "implicitDeny"]
    assert asked(bob)[0]["MatchedStatements"][0]["SourcePolicyId"] == "group_g_p"
    assert decisions(asked(group)) == ["allowed", "allowed", "implicitDeny"]
    more = {"PolicyInputList": [json.dumps(allow("ec2:*"))]}
    assert decisions(asked(bob, **more)) == ["allowed", "implicitDeny", "allowed"]
    gone = {"PolicySourceArn": bob + "by", "ActionNames": ["s3:GetObject"]}
    assert code(iam.simulate_principal_policy, **gone) == "NoSuchEntity"


def test_a_simulated_user_is_who_its_name_says(sandbox: LocalSandbox) -> None:
    own = allow("s3:GetObject", on="arn:aws:s3:::b/${aws:username}/*")
    sandbox.user("bob", own)
    found = sandbox.client("iam").simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:user/bob",
        ActionNames=["s3:GetObject"],
        ResourceArns=["arn:aws:s3:::b/bob/1", "arn:aws:s3:::b/al/1"],
    )["EvaluationResults"]
    assert decisions(found) == ["allowed", "implicitDeny"]


def test_what_cannot_be_simulated_is_invalid_input(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    good = {"PolicyInputList": [json.dumps(allow("s3:*"))], "ActionNames": ["s3:GetObject"]}
    iam.simulate_custom_policy(**good)
    bad: tuple[dict[str, Any], ...] = (
        {"ActionNames": ["s3:*"]},
        {"ActionNames": ["GetObject"]},
        {"ResourceArns": ["b"]},
        {"PolicyInputList": ["{"]},
        {"CallerArn": "bob"},
        {"ResourceOwner": "me"},
    )
    for each in bad:
        assert code(iam.simulate_custom_policy, **{**good, **each}) == "InvalidInput", each
    assert code(iam.simulate_custom_policy, PolicyInputList=good["PolicyInputList"]) == "ValidationError"


def test_results_come_in_pages(sandbox: LocalSandbox) -> None:
    actions = [
        f"s3:Get{name}" for name in ("Object", "ObjectAcl", "ObjectTagging", "BucketAcl", "BucketTagging")
    ]
    pages = list(
        sandbox.client("iam")
        .get_paginator("simulate_custom_policy")
        .paginate(
            PolicyInputList=[json.dumps(allow("s3:*"))],
            ActionNames=actions,
            PaginationConfig={"PageSize": 2},
        )
    )
    assert [each["EvalActionName"] for page in pages for each in page["EvaluationResults"]] == actions
    assert len(pages) == 3


def test_the_keys_that_policies_read_are_listed(sandbox: LocalSandbox) -> None:
    document = allow(
        "s3:GetObject",
        on="arn:aws:s3:::b/${aws:PrincipalTag/Team}/*",
        when={"Bool": {"aws:SecureTransport": "true"}},
    )
    iam = sandbox.client("iam")
    found = iam.get_context_keys_for_custom_policy(PolicyInputList=[json.dumps(document)])["ContextKeyNames"]
    assert sorted(found) == ["aws:PrincipalTag/Team", "aws:SecureTransport"]
    sandbox.user("bob", document)
    arn = f"arn:aws:iam::{ACCOUNT}:user/bob"
    assert iam.get_context_keys_for_principal_policy(PolicySourceArn=arn)["ContextKeyNames"] == found
    assert code(iam.get_context_keys_for_principal_policy, PolicySourceArn=arn + "by") == "NoSuchEntity"


def test_a_simulation_needs_its_own_permission(sandbox: LocalSandbox) -> None:
    asked = {"PolicyInputList": [json.dumps(allow("s3:*"))], "ActionNames": ["s3:GetObject"]}
    key = sandbox.user("bob")
    assert code(sandbox.client("iam", key).simulate_custom_policy, **asked) == "AccessDenied"
    key = sandbox.user("al", allow("iam:SimulateCustomPolicy"))
    sandbox.client("iam", key).simulate_custom_policy(**asked)


def test_policies_of_the_organization_are_asked_and_told_apart(sandbox: LocalSandbox) -> None:
    """IAM API Reference, EvaluationResult, OrganizationsDecisionDetail: only where the account is in an organization."""
    assert "OrganizationsDecisionDetail" not in custom(sandbox, allow("s3:*"))[0]
    client = sandbox.client("organizations")
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    client.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    made = client.create_account(AccountName="m", Email="m@example.com")["CreateAccountStatus"]
    member = AccountId(made["AccountId"])
    text = json.dumps(deny("s3:GetObject"))
    kept = client.create_policy(Name="p", Description="d", Type="SERVICE_CONTROL_POLICY", Content=text)
    client.attach_policy(PolicyId=kept["Policy"]["PolicySummary"]["Id"], TargetId=member)
    sandbox.user("bob", allow("s3:*"), account=member)
    found = sandbox.client("iam", sandbox.root(member)).simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{member}:user/bob", ActionNames=["s3:GetObject", "s3:PutObject"]
    )["EvaluationResults"]
    assert decisions(found) == ["explicitDeny", "allowed"]
    details = [each["OrganizationsDecisionDetail"]["AllowedByOrganizations"] for each in found]
    assert details == [False, True]
    assert [len(each["MatchedStatements"]) for each in found] == [0, 1]
