"""Decisions on real requests, by our engine, against policies that stand in moto's state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.support.sandbox_client import ACCOUNT, OTHER, LocalSandbox, allow, deny

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    yield made
    made.wipe()


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[int, str, str]:
    """Status, code and message of a call that must be refused."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def trust(*principals: str) -> str:
    entry = {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [entry]})


def session_of(sandbox: LocalSandbox, *documents: dict[str, Any], **more: Any) -> Any:
    """A session of a role that the account trusts, assumed by a user who may."""
    iam = sandbox.client("iam")
    key = sandbox.user("wearer", allow("sts:AssumeRole"))
    boundary = {"PermissionsBoundary": more.pop("boundary")} if "boundary" in more else {}
    role = iam.create_role(RoleName="worn", Path="/p/", AssumeRolePolicyDocument=trust(ACCOUNT), **boundary)
    for number, document in enumerate(documents):
        iam.put_role_policy(RoleName="worn", PolicyName=f"p{number}", PolicyDocument=json.dumps(document))
    found = sandbox.client("sts", key).assume_role(
        RoleArn=role["Role"]["Arn"], RoleSessionName="night", **more
    )
    return found["Credentials"]


def test_root_may_and_a_new_user_may_nothing(sandbox: LocalSandbox) -> None:
    key = sandbox.user("bob")
    assert sandbox.client("iam").list_users()["Users"]
    status, code, message = refusal(sandbox.client("iam", key).list_users)
    assert (status, code) == (403, "AccessDenied")
    assert message == (
        f"User: arn:aws:iam::{ACCOUNT}:user/bob is not authorized to perform: iam:ListUsers on resource: * "
        "because no identity-based policy allows the iam:ListUsers action"
    )


def test_an_inline_an_attached_and_a_group_policy_each_allow(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    key = sandbox.user("bob", allow("iam:ListRoles"))
    mine = sandbox.client("iam", key)
    attached = iam.create_policy(PolicyName="a", PolicyDocument=json.dumps(allow("iam:ListGroups")))
    iam.create_group(GroupName="g")
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=json.dumps(allow("iam:ListPolicies")))
    assert mine.list_roles()["Roles"] == []
    assert refusal(mine.list_groups)[1] == refusal(mine.list_policies)[1] == "AccessDenied"
    iam.attach_user_policy(UserName="bob", PolicyArn=attached["Policy"]["Arn"])
    iam.add_user_to_group(UserName="bob", GroupName="g")
    mine.list_groups()
    mine.list_policies(Scope="Local")


def test_only_the_version_in_force_counts(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    arn = iam.create_policy(PolicyName="a", PolicyDocument=json.dumps(allow("iam:ListRoles")))["Policy"][
        "Arn"
    ]
    mine = sandbox.client("iam", sandbox.user("bob"))
    iam.attach_user_policy(UserName="bob", PolicyArn=arn)
    mine.list_roles()
    iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=json.dumps(allow("iam:ListGroups")), SetAsDefault=True
    )
    assert refusal(mine.list_roles)[1] == "AccessDenied"
    mine.list_groups()


def test_an_explicit_deny_wins_and_is_named(sandbox: LocalSandbox) -> None:
    key = sandbox.user("bob", allow("*"), deny("iam:ListUsers"))
    sandbox.client("iam", key).list_roles()
    message = refusal(sandbox.client("iam", key).list_users)[2]
    assert message.endswith("with an explicit deny in an identity-based policy")


def test_a_boundary_of_a_user_limits_and_is_named(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    bound = iam.create_policy(PolicyName="b", PolicyDocument=json.dumps(allow("iam:ListRoles")))
    key = sandbox.user("bob", allow("iam:*"), PermissionsBoundary=bound["Policy"]["Arn"])
    mine = sandbox.client("iam", key)
    mine.list_roles()
    assert refusal(mine.list_users)[2].endswith(
        "because no permissions boundary allows the iam:ListUsers action"
    )
    iam.delete_user_permissions_boundary(UserName="bob")
    mine.list_users()
    iam.put_user_permissions_boundary(UserName="bob", PermissionsBoundary=bound["Policy"]["Arn"])
    assert refusal(mine.list_users)[1] == "AccessDenied"


def test_a_role_session_has_the_roles_policies_and_not_the_users(sandbox: LocalSandbox) -> None:
    session = session_of(sandbox, allow("ec2:DescribeRegions"))
    sandbox.client("ec2", session).describe_regions()
    status, code, message = refusal(sandbox.client("ec2", session).describe_instances)
    assert (status, code) == (403, "UnauthorizedOperation")
    assert message == (
        "You are not authorized to perform this operation. "
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/worn/night is not authorized to perform: "
        "ec2:DescribeInstances because no identity-based policy allows the ec2:DescribeInstances action"
    )


def test_a_session_policy_narrows_and_is_named(sandbox: LocalSandbox) -> None:
    session = session_of(sandbox, allow("iam:*"), Policy=json.dumps(allow("iam:ListRoles")))
    sandbox.client("iam", session).list_roles()
    message = refusal(sandbox.client("iam", session).list_users)[2]
    assert message.endswith("because no session policy allows the iam:ListUsers action")


def test_a_boundary_of_a_role_holds_for_its_sessions(sandbox: LocalSandbox) -> None:
    session = session_of(sandbox, allow("*"), boundary=READ_ONLY)
    sandbox.client("iam", session).list_users()
    assert refusal(sandbox.client("iam", session).create_user, UserName="x")[1] == "AccessDenied"


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/p/worn", f"arn:aws:iam::{ACCOUNT}:role/worn"),
        ("aws:PrincipalType", "AssumedRole", "User"),
        ("aws:PrincipalAccount", ACCOUNT, OTHER),
        ("aws:RequestedRegion", "us-east-1", "eu-west-1"),
        ("aws:SecureTransport", "false", "true"),
        ("aws:ViaAWSService", "false", "true"),
        ("aws:MultiFactorAuthPresent", "false", "true"),
        ("aws:PrincipalTag/team", "reports", "other"),
        ("aws:SourceIp", "127.0.0.1", "127.0.0.2"),
    ],
)
def test_global_keys_are_facts_of_the_caller(sandbox: LocalSandbox, key: str, good: str, bad: str) -> None:
    operator = "StringLike"
    session = session_of(
        sandbox,
        allow("iam:ListUsers", when={operator: {key: good}}),
        allow("iam:ListRoles", when={operator: {key: bad}}),
    )
    sandbox.client("iam").tag_role(RoleName="worn", Tags=[{"Key": "team", "Value": "reports"}])
    mine = sandbox.client("iam", session)
    mine.list_users()
    assert refusal(mine.list_roles)[1] == "AccessDenied"


def test_a_long_lived_key_has_no_mfa_key_at_all(sandbox: LocalSandbox) -> None:
    when = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    absent = {"Null": {"aws:MultiFactorAuthPresent": "true", "aws:TokenIssueTime": "true"}}
    key = sandbox.user("bob", allow("iam:ListUsers", when=when), allow("iam:ListRoles", when=absent))
    assert refusal(sandbox.client("iam", key).list_users)[1] == "AccessDenied"
    sandbox.client("iam", key).list_roles()


def test_sessions_from_before_a_moment_can_be_shut_out(sandbox: LocalSandbox) -> None:
    session = session_of(sandbox, allow("iam:ListUsers"))
    mine = sandbox.client("iam", session)
    mine.list_users()
    when = {"DateLessThan": {"aws:TokenIssueTime": "2999-01-01T00:00:00Z"}}
    sandbox.client("iam").put_role_policy(
        RoleName="worn", PolicyName="revoke", PolicyDocument=json.dumps(deny("*", when=when))
    )
    assert refusal(mine.list_users)[2].endswith("with an explicit deny in an identity-based policy")


def test_tags_of_the_resource_and_of_the_request_are_asked(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    iam.create_user(UserName="mine", Tags=[{"Key": "team", "Value": "a"}])
    iam.create_user(UserName="theirs", Tags=[{"Key": "team", "Value": "b"}])
    key = sandbox.user(
        "bob",
        allow("iam:GetUser", when={"StringEquals": {"aws:ResourceTag/team": "a"}}),
        allow("iam:TagUser", when={"ForAllValues:StringEquals": {"aws:TagKeys": ["note"]}}),
        allow("iam:CreateUser", when={"StringEquals": {"aws:RequestTag/team": "a"}}),
    )
    mine = sandbox.client("iam", key)
    mine.get_user(UserName="mine")
    mine.tag_user(UserName="theirs", Tags=[{"Key": "note", "Value": "x"}])
    mine.create_user(UserName="new", Tags=[{"Key": "team", "Value": "a"}])
    assert refusal(mine.get_user, UserName="theirs")[1] == "AccessDenied"
    assert refusal(mine.tag_user, UserName="mine", Tags=[{"Key": "team", "Value": "b"}])[1] == "AccessDenied"
    assert refusal(mine.create_user, UserName="newer")[1] == "AccessDenied"


def test_tags_that_differ_in_case_alone_never_widen(sandbox: LocalSandbox) -> None:
    root = sandbox.client("ec2")
    volume = root.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    root.create_tags(Resources=[volume], Tags=[{"Key": "team", "Value": "a"}])
    when = {"StringEquals": {"aws:ResourceTag/team": ["a", "b"]}}
    mine = sandbox.client("ec2", sandbox.user("bob", allow("ec2:CreateTags", when=when)))
    mine.create_tags(Resources=[volume], Tags=[{"Key": "note", "Value": "x"}])
    root.create_tags(Resources=[volume], Tags=[{"Key": "Team", "Value": "b"}])
    denied = refusal(mine.create_tags, Resources=[volume], Tags=[{"Key": "note", "Value": "y"}])
    assert denied[1] == "UnauthorizedOperation"


def test_a_path_belongs_to_the_resource(sandbox: LocalSandbox) -> None:
    key = sandbox.user(
        "bob", allow("iam:CreateUser", "iam:GetUser", on=f"arn:aws:iam::{ACCOUNT}:user/ours/*")
    )
    mine = sandbox.client("iam", key)
    mine.create_user(UserName="a", Path="/ours/")
    mine.get_user(UserName="a")
    assert refusal(mine.create_user, UserName="b")[1] == "AccessDenied"
    assert refusal(mine.create_user, UserName="c", Path="/other/")[1] == "AccessDenied"


def test_users_may_be_made_only_with_the_boundary_a_policy_demands(sandbox: LocalSandbox) -> None:
    when = {"StringEquals": {"iam:PermissionsBoundary": READ_ONLY}}
    mine = sandbox.client("iam", sandbox.user("bob", allow("iam:CreateUser", "iam:PutUserPolicy", when=when)))
    mine.create_user(UserName="a", PermissionsBoundary=READ_ONLY)
    mine.put_user_policy(UserName="a", PolicyName="p", PolicyDocument=json.dumps(allow("s3:*")))
    assert refusal(mine.create_user, UserName="b")[1] == "AccessDenied"
    sandbox.client("iam").create_user(UserName="free")
    document = json.dumps(allow("s3:*"))
    denied = refusal(mine.put_user_policy, UserName="free", PolicyName="p", PolicyDocument=document)
    assert denied[1] == "AccessDenied"


def test_a_role_is_handed_over_only_by_who_may_pass_it(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    service = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [service]})
    for name in ("small", "big"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        iam.create_instance_profile(InstanceProfileName=name)
    when = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    key = sandbox.user(
        "bob",
        allow("iam:AddRoleToInstanceProfile", "ec2:RunInstances"),
        allow("iam:PassRole", on=f"arn:aws:iam::{ACCOUNT}:role/small", when=when),
    )
    mine = sandbox.client("iam", key)
    mine.add_role_to_instance_profile(InstanceProfileName="small", RoleName="small")
    denied = refusal(mine.add_role_to_instance_profile, InstanceProfileName="big", RoleName="big")
    assert "is not authorized to perform: iam:PassRole on resource:" in denied[2]
    iam.add_role_to_instance_profile(InstanceProfileName="big", RoleName="big")
    ec2 = sandbox.client("ec2", key)
    run = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1}
    ec2.run_instances(**run, IamInstanceProfile={"Name": "small"})
    denied = refusal(ec2.run_instances, **run, IamInstanceProfile={"Name": "big"})
    assert (denied[1], "iam:PassRole" in denied[2]) == ("UnauthorizedOperation", True)
    count = sum(len(each["Instances"]) for each in sandbox.client("ec2").describe_instances()["Reservations"])
    assert count == 1


def test_a_launch_template_hands_its_role_over_when_it_is_used(sandbox: LocalSandbox) -> None:
    iam, root = sandbox.client("iam"), sandbox.client("ec2")
    service = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [service]})
    iam.create_role(RoleName="big", AssumeRolePolicyDocument=document)
    iam.create_instance_profile(InstanceProfileName="big")
    iam.add_role_to_instance_profile(InstanceProfileName="big", RoleName="big")
    plain = {"ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}
    root.create_launch_template(LaunchTemplateName="plain", LaunchTemplateData=plain)
    armed = {**plain, "IamInstanceProfile": {"Name": "big"}}
    root.create_launch_template(LaunchTemplateName="armed", LaunchTemplateData=armed)
    mine = sandbox.client("ec2", sandbox.user("bob", allow("ec2:*")))
    mine.run_instances(LaunchTemplate={"LaunchTemplateName": "plain"}, MinCount=1, MaxCount=1)
    used = {"LaunchTemplate": {"LaunchTemplateName": "armed"}, "MinCount": 1, "MaxCount": 1}
    assert "iam:PassRole" in refusal(mine.run_instances, **used)[2]


def test_instances_are_started_one_by_one_and_by_their_tags(sandbox: LocalSandbox) -> None:
    root = sandbox.client("ec2")
    ids = [
        root.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        for _ in range(2)
    ]
    root.create_tags(Resources=ids[:1], Tags=[{"Key": "team", "Value": "a"}])
    when = {"StringEquals": {"aws:ResourceTag/team": "a"}}
    key = sandbox.user("bob", allow("ec2:StopInstances", on=f"arn:aws:ec2:*:{ACCOUNT}:instance/*", when=when))
    mine = sandbox.client("ec2", key)
    mine.stop_instances(InstanceIds=ids[:1])
    denied = refusal(mine.stop_instances, InstanceIds=ids)
    assert (denied[1], ids[1] in denied[2]) == ("UnauthorizedOperation", True)


def test_a_dry_run_tells_allowed_from_denied_and_changes_nothing(sandbox: LocalSandbox) -> None:
    key = sandbox.user("bob", allow("ec2:CreateVolume", "ec2:DescribeRegions"))
    mine = sandbox.client("ec2", key)
    volume = {"AvailabilityZone": "us-east-1a", "Size": 1}
    before = len(sandbox.client("ec2").describe_volumes()["Volumes"])
    assert refusal(mine.create_volume, DryRun=True, **volume)[:2] == (412, "DryRunOperation")
    assert refusal(mine.describe_regions, DryRun=True)[:2] == (412, "DryRunOperation")
    assert refusal(mine.describe_volumes, DryRun=True)[:2] == (403, "UnauthorizedOperation")
    assert len(sandbox.client("ec2").describe_volumes()["Volumes"]) == before
    mine.create_volume(**volume)
    assert len(sandbox.client("ec2").describe_volumes()["Volumes"]) == before + 1


def test_a_json_service_refuses_in_its_own_words(sandbox: LocalSandbox) -> None:
    ours = f"arn:aws:secretsmanager:*:{ACCOUNT}:secret:mine-??????"
    key = sandbox.user("bob", allow("secretsmanager:CreateSecret", "secretsmanager:GetSecretValue", on=ours))
    mine = sandbox.client("secretsmanager", key)
    mine.create_secret(Name="mine", SecretString="s")
    assert mine.get_secret_value(SecretId="mine")["SecretString"] == "s"
    assert refusal(mine.create_secret, Name="minery", SecretString="s")[:2] == (400, "AccessDeniedException")
    sandbox.client("secretsmanager").create_secret(Name="theirs", SecretString="s")
    assert refusal(mine.get_secret_value, SecretId="theirs")[1] == "AccessDeniedException"


def test_a_key_of_kms_is_ruled_by_its_own_policy(sandbox: LocalSandbox) -> None:
    kms = sandbox.client("kms")
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/a", TargetKeyId=key_id)
    key = sandbox.user("bob", allow("kms:Encrypt"))
    mine = sandbox.client("kms", key)
    mine.encrypt(KeyId=key_id, Plaintext=b"x")
    mine.encrypt(KeyId="alias/a", Plaintext=b"x")
    only_root = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/somebody"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "kms:PutKeyPolicy",
                "Resource": "*",
            },
        ],
    }
    kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=json.dumps(only_root))
    assert refusal(mine.encrypt, KeyId=key_id, Plaintext=b"x")[1] == "AccessDeniedException"
    assert refusal(mine.encrypt, KeyId="alias/a", Plaintext=b"x")[1] == "AccessDeniedException"
