"""IAM's own rules where moto has none; each refusal beside the call that goes through."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.support.sandbox_client import ACCOUNT, OTHER, LocalSandbox, allow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
DOCUMENT = json.dumps(allow("s3:GetObject"))


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    yield made
    made.wipe()


@pytest.fixture
def iam(sandbox: LocalSandbox) -> Any:
    return sandbox.client("iam")


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def trust(principal: Any = None, **more: Any) -> str:
    entry = {
        "Effect": "Allow",
        "Principal": principal or {"AWS": ACCOUNT},
        "Action": "sts:AssumeRole",
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [entry]})


def sized(characters: int) -> str:
    """A policy with so many characters that are not white space, and a good deal of white space."""
    empty = len(json.dumps(allow("s3:GetObject", on=["arn:aws:s3:::"])).replace(" ", ""))
    document = allow("s3:GetObject", on=["arn:aws:s3:::" + "x" * (characters - empty)])
    return json.dumps(document, indent=8)


LIMIT = (409, "LimitExceeded")
CONFLICT = (409, "DeleteConflict")
EXISTS = (409, "EntityAlreadyExists")
INVALID = (400, "ValidationError")
MALFORMED = (400, "MalformedPolicyDocument")


@pytest.mark.parametrize("name", ["", "a b", "é", "a/b", "x" * 65])
def test_names_outside_the_grammar_are_refused(iam: Any, name: str) -> None:
    assert refusal(iam.create_user, UserName=name) == INVALID
    iam.create_user(UserName="A-b_c+=,.@1")


def test_names_are_unique_whatever_their_case_and_path(iam: Any) -> None:
    iam.create_user(UserName="Bob", Path="/a/")
    iam.create_role(RoleName="Role", AssumeRolePolicyDocument=trust())
    iam.create_group(GroupName="Group")
    iam.create_policy(PolicyName="Policy", PolicyDocument=DOCUMENT, Path="/a/")
    iam.create_instance_profile(InstanceProfileName="Profile")
    assert refusal(iam.create_user, UserName="bob") == EXISTS
    assert refusal(iam.create_role, RoleName="ROLE", AssumeRolePolicyDocument=trust()) == EXISTS
    assert refusal(iam.create_group, GroupName="group") == EXISTS
    assert refusal(iam.create_policy, PolicyName="policy", PolicyDocument=DOCUMENT) == EXISTS
    assert refusal(iam.create_instance_profile, InstanceProfileName="profile") == EXISTS
    iam.create_user(UserName="bobby")


@pytest.mark.parametrize("path", ["a/", "/a", "//a b/", "/é/"])
def test_paths_outside_the_grammar_are_refused(iam: Any, path: str) -> None:
    assert refusal(iam.create_user, UserName="bob", Path=path) == INVALID
    iam.create_user(UserName="bob", Path="/a/b/")


def test_ids_have_the_shape_of_aws_in_answers_and_lists(iam: Any) -> None:
    user = iam.create_user(UserName="bob")["User"]["UserId"]
    policy = iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]["PolicyId"]
    group = iam.create_group(GroupName="g")["Group"]["GroupId"]
    profile = iam.create_instance_profile(InstanceProfileName="i")["InstanceProfile"]["InstanceProfileId"]
    assert [each[:4] for each in (user, policy, group, profile)] == ["AIDA", "ANPA", "AGPA", "AIPA"]
    assert {len(each) for each in (user, policy, group, profile)} == {21}
    assert iam.get_user(UserName="bob")["User"]["UserId"] == user
    assert iam.list_users()["Users"][0]["UserId"] == user


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "[]",
        "{}",
        json.dumps({"Version": "2012-10-17"}),
        json.dumps({"Version": "2020-01-01", "Statement": []}),
        json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject"}]}),
        json.dumps(allow("GetObject")),
        json.dumps(allow("s3:GetObject", on="bucket")),
        trust(),
    ],
)
def test_an_identity_policy_must_be_one(iam: Any, document: str) -> None:
    iam.create_user(UserName="bob")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust())
    iam.create_group(GroupName="g")
    arn = iam.create_policy(PolicyName="good", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    for call, named in (
        (iam.create_policy, {"PolicyName": "bad"}),
        (iam.create_policy_version, {"PolicyArn": arn}),
        (iam.put_user_policy, {"UserName": "bob", "PolicyName": "p"}),
        (iam.put_role_policy, {"RoleName": "r", "PolicyName": "p"}),
        (iam.put_group_policy, {"GroupName": "g", "PolicyName": "p"}),
    ):
        assert refusal(call, PolicyDocument=document, **named) in (MALFORMED, INVALID)
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=DOCUMENT)


def test_sizes_count_all_but_white_space(iam: Any) -> None:
    iam.create_policy(PolicyName="most", PolicyDocument=sized(6_144))
    assert refusal(iam.create_policy, PolicyName="more", PolicyDocument=sized(6_145)) == LIMIT
    iam.create_user(UserName="bob")
    iam.put_user_policy(UserName="bob", PolicyName="a", PolicyDocument=sized(2_000))
    assert refusal(iam.put_user_policy, UserName="bob", PolicyName="b", PolicyDocument=DOCUMENT) == LIMIT
    iam.put_user_policy(UserName="bob", PolicyName="a", PolicyDocument=sized(2_048))
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust())
    iam.put_role_policy(RoleName="r", PolicyName="a", PolicyDocument=sized(10_240))
    assert refusal(iam.put_role_policy, RoleName="r", PolicyName="b", PolicyDocument=DOCUMENT) == LIMIT


@pytest.mark.parametrize(
    ("principal", "is_there"),
    [
        ({"AWS": ACCOUNT}, True),
        ({"AWS": "999988887777"}, True),
        ({"AWS": f"arn:aws:iam::{OTHER}:root"}, True),
        ({"AWS": "*"}, True),
        ("*", True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/a/bob"}, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/known"}, True),
        ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/known/night"}, True),
        ({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}, True),
        ({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/issuer.example"}, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/bob"}, False),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/a/nobody"}, False),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/unknown"}, False),
        ({"AWS": f"arn:aws:iam::{OTHER}:user/nobody"}, False),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:group/g"}, False),
        ({"AWS": "bob"}, False),
        ({"AWS": "12345"}, False),
        ({"Service": "ec2"}, False),
    ],
)
def test_principals_of_a_trust_policy_must_exist(iam: Any, principal: Any, *, is_there: bool) -> None:
    iam.create_user(UserName="bob", Path="/a/")
    iam.create_role(RoleName="known", AssumeRolePolicyDocument=trust())
    for call, given in (
        (iam.create_role, {"RoleName": "r", "AssumeRolePolicyDocument": trust(principal)}),
        (iam.update_assume_role_policy, {"RoleName": "known", "PolicyDocument": trust(principal)}),
    ):
        if is_there:
            call(**given)
        else:
            assert refusal(call, **given) == MALFORMED


def test_a_trust_policy_says_sts_actions_and_stays_small(iam: Any) -> None:
    create = iam.create_role
    assert refusal(create, RoleName="r", AssumeRolePolicyDocument=trust(Action="s3:GetObject")) == MALFORMED
    assert refusal(create, RoleName="r", AssumeRolePolicyDocument=DOCUMENT) == MALFORMED
    assert refusal(create, RoleName="r", AssumeRolePolicyDocument="{") == MALFORMED
    wide = {"StringEquals": {"sts:ExternalId": ["x" * 100 for _ in range(20)]}}
    assert refusal(create, RoleName="r", AssumeRolePolicyDocument=trust(Condition=wide)) == LIMIT
    create(RoleName="r", AssumeRolePolicyDocument=trust())


def test_an_account_is_stored_as_its_root(iam: Any) -> None:
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust({"AWS": [ACCOUNT, OTHER]}))
    stored = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]
    assert stored["Statement"][0]["Principal"]["AWS"] == [
        f"arn:aws:iam::{ACCOUNT}:root",
        f"arn:aws:iam::{OTHER}:root",
    ]


def test_a_deleted_principal_does_not_come_back_by_name(sandbox: LocalSandbox, iam: Any) -> None:
    key = sandbox.user("bob")
    bob = iam.get_user(UserName="bob")["User"]
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust({"AWS": bob["Arn"]}))["Role"]
    assumed = {"RoleArn": role["Arn"], "RoleSessionName": "night"}
    sandbox.client("sts", key).assume_role(**assumed)
    iam.delete_access_key(UserName="bob", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="bob")
    stored = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]
    assert stored["Statement"][0]["Principal"]["AWS"] == bob["UserId"]
    again = sandbox.user("bob")
    assert refusal(sandbox.client("sts", again).assume_role, **assumed) == (403, "AccessDenied")


def test_ten_policies_are_attached_at_most_and_one_twice_is_one(iam: Any) -> None:
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust())
    arns = [
        iam.create_policy(PolicyName=f"p{number}", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
        for number in range(11)
    ]
    for arn in (*arns[:10], arns[0]):
        iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arns[0])["Policy"]["AttachmentCount"] == 1
    assert refusal(iam.attach_role_policy, RoleName="r", PolicyArn=arns[10]) == LIMIT
    iam.detach_role_policy(RoleName="r", PolicyArn=arns[0])
    iam.attach_role_policy(RoleName="r", PolicyArn=arns[10])


def test_a_user_has_two_keys_at_most(iam: Any) -> None:
    iam.create_user(UserName="bob")
    keys = [iam.create_access_key(UserName="bob")["AccessKey"]["AccessKeyId"] for _ in range(2)]
    assert refusal(iam.create_access_key, UserName="bob") == LIMIT
    iam.delete_access_key(UserName="bob", AccessKeyId=keys[0])
    iam.create_access_key(UserName="bob")


def test_a_policy_has_five_versions_at_most(iam: Any) -> None:
    arn = iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)
    assert refusal(iam.create_policy_version, PolicyArn=arn, PolicyDocument=DOCUMENT) == LIMIT
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT, SetAsDefault=True)


def test_fifty_tags_at_most_and_keys_once(iam: Any) -> None:
    def tags(start: int, end: int) -> list[dict[str, str]]:
        return [{"Key": f"k{number}", "Value": "v"} for number in range(start, end)]

    iam.create_user(UserName="bob", Tags=tags(0, 30))
    iam.tag_user(UserName="bob", Tags=tags(20, 50))
    assert refusal(iam.tag_user, UserName="bob", Tags=tags(50, 51)) == LIMIT
    assert refusal(iam.create_user, UserName="al", Tags=tags(0, 51))[0] in (400, 409)
    twice = [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]
    assert refusal(iam.create_user, UserName="al", Tags=twice) == (400, "InvalidInput")
    system = [{"Key": "aws:x", "Value": "1"}]
    assert refusal(iam.create_user, UserName="al", Tags=system) == (400, "InvalidInput")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(), Tags=tags(0, 50))
    assert refusal(iam.tag_role, RoleName="r", Tags=tags(50, 51)) == LIMIT


def test_what_holds_on_to_a_user_is_named(iam: Any) -> None:
    iam.create_user(UserName="bob")
    iam.create_group(GroupName="g")
    key = iam.create_access_key(UserName="bob")["AccessKey"]["AccessKeyId"]
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=DOCUMENT)
    iam.attach_user_policy(UserName="bob", PolicyArn=READ_ONLY)
    iam.create_login_profile(UserName="bob", Password="Correct horse battery 9")
    iam.add_user_to_group(UserName="bob", GroupName="g")
    frees: tuple[Callable[[], Any], ...] = (
        lambda: iam.delete_access_key(UserName="bob", AccessKeyId=key),
        lambda: iam.delete_user_policy(UserName="bob", PolicyName="p"),
        lambda: iam.detach_user_policy(UserName="bob", PolicyArn=READ_ONLY),
        lambda: iam.delete_login_profile(UserName="bob"),
        lambda: iam.remove_user_from_group(UserName="bob", GroupName="g"),
    )
    for free in frees:
        assert refusal(iam.delete_user, UserName="bob") == CONFLICT
        free()
    iam.delete_user(UserName="bob")
    assert refusal(iam.delete_user, UserName="bob") == (404, "NoSuchEntity")


def test_what_holds_on_to_a_role_or_a_policy_is_named(iam: Any) -> None:
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust())
    arn = iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)
    iam.create_instance_profile(InstanceProfileName="i")
    iam.add_role_to_instance_profile(InstanceProfileName="i", RoleName="r")
    iam.create_user(UserName="bob", PermissionsBoundary=arn)
    assert refusal(iam.delete_policy, PolicyArn=arn) == CONFLICT
    assert refusal(iam.delete_role, RoleName="r") == CONFLICT
    iam.remove_role_from_instance_profile(InstanceProfileName="i", RoleName="r")
    assert refusal(iam.delete_role, RoleName="r") == CONFLICT
    iam.detach_role_policy(RoleName="r", PolicyArn=arn)
    iam.delete_role(RoleName="r")
    assert refusal(iam.delete_policy, PolicyArn=arn) == CONFLICT
    iam.delete_user(UserName="bob")
    assert refusal(iam.delete_policy, PolicyArn=arn) == CONFLICT
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    iam.delete_policy(PolicyArn=arn)


def test_a_boundary_must_be_there(iam: Any) -> None:
    gone = f"arn:aws:iam::{ACCOUNT}:policy/gone"
    assert refusal(iam.create_user, UserName="bob", PermissionsBoundary=gone) == (404, "NoSuchEntity")
    made = iam.create_user(UserName="bob", PermissionsBoundary=READ_ONLY)["User"]
    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY
    assert iam.get_user(UserName="bob")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY
    iam.delete_user_permissions_boundary(UserName="bob")
    assert "PermissionsBoundary" not in iam.get_user(UserName="bob")["User"]


def test_what_is_awss_own_cannot_be_changed(iam: Any) -> None:
    assert refusal(iam.delete_policy, PolicyArn=READ_ONLY)[0] == 403
    assert refusal(iam.create_policy_version, PolicyArn=READ_ONLY, PolicyDocument=DOCUMENT)[0] == 403
    iam.get_policy(PolicyArn=READ_ONLY)


def test_a_role_is_updated_in_what_is_named_only(iam: Any) -> None:
    short = {"RoleName": "r", "AssumeRolePolicyDocument": trust(), "MaxSessionDuration": 3_599}
    assert refusal(iam.create_role, **short) == INVALID
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(), Description="d", MaxSessionDuration=7_200)
    iam.update_role(RoleName="r", Description="e")
    found = iam.get_role(RoleName="r")["Role"]
    assert (found["Description"], found["MaxSessionDuration"]) == ("e", 7_200)
    iam.update_role(RoleName="r", MaxSessionDuration=3_600)
    assert iam.get_role(RoleName="r")["Role"]["Description"] == "e"
    assert refusal(iam.update_role, RoleName="none", Description="e") == (404, "NoSuchEntity")


def test_calls_about_the_caller_know_who_it_is(sandbox: LocalSandbox, iam: Any) -> None:
    assert iam.get_user()["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert refusal(iam.list_access_keys) == (400, "ValidationError")
    key = sandbox.user("bob", allow("iam:*"))
    mine = sandbox.client("iam", key)
    assert mine.get_user()["User"]["UserName"] == "bob"
    assert [each["AccessKeyId"] for each in mine.list_access_keys()["AccessKeyMetadata"]] == [
        key["AccessKeyId"]
    ]
