"""What a request needs permission for: one table over the services, against a little state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from tests.support.sandbox_client import ACCOUNT, LocalSandbox
from tests.support.sandbox_request import FORM, request

from leastkey.evaluate.request import Principal
from leastkey.sandbox.authorize.decision import authorizations
from leastkey.sandbox.request import AwsRequest, Caller, Operation
from leastkey.sandbox.resolve.arns import shown
from leastkey.sandbox.resolve.operation import operation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.sandbox.state.world import World

CALLER = Caller(Principal("user", f"arn:aws:iam::{ACCOUNT}:user/x/bob", ACCOUNT), ACCOUNT, user_name="bob")
IAM = f"arn:aws:iam::{ACCOUNT}"
EC2 = f"arn:aws:ec2:us-east-1:{ACCOUNT}"
PUBLIC = "arn:aws:ec2:us-east-1:"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    sandbox = LocalSandbox()
    iam = sandbox.client("iam")
    iam.create_user(UserName="bob", Path="/x/")
    iam.create_group(GroupName="g", Path="/gs/")
    iam.create_role(RoleName="r", Path="/p/", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.create_instance_profile(InstanceProfileName="ip", Path="/i/")
    iam.add_role_to_instance_profile(InstanceProfileName="ip", RoleName="r")
    sandbox.client("s3").create_bucket(Bucket="bkt")
    yield sandbox.world
    sandbox.wipe()


def query(service: str, action: str, **parameters: Any) -> AwsRequest:
    return request(service, "POST", headers=FORM, body=urlencode({"Action": action, **parameters}).encode())


def target(service: str, name: str, /, **parameters: Any) -> AwsRequest:
    return request(service, "POST", headers={"x-amz-target": name}, body=json.dumps(parameters).encode())


def s3(method: str, path: str, query: str = "", body: bytes = b"", **headers: str) -> AwsRequest:
    return request(
        "s3", method, path, query, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=body
    )


DELETE = (
    b"<Delete><Object><Key>a</Key></Object><Object><Key>b</Key><VersionId>1</VersionId></Object></Delete>"
)
RUN = {"ImageId": "ami-1", "SubnetId": "subnet-1", "SecurityGroupId.1": "sg-1", "MinCount": 1, "MaxCount": 1}
RUN_BARE = [
    f"ec2:RunInstances {EC2}:instance/*",
    f"ec2:RunInstances {EC2}:volume/*",
    f"ec2:RunInstances {PUBLIC}:image/ami-1",
    f"ec2:RunInstances {EC2}:subnet/subnet-1",
    f"ec2:RunInstances {EC2}:security-group/sg-1",
    f"ec2:RunInstances {EC2}:network-interface/*",
]
ROWS: list[tuple[AwsRequest, list[str]]] = [
    (s3("GET", "/"), ["s3:ListAllMyBuckets *"]),
    (s3("GET", "/bkt", "list-type=2"), ["s3:ListBucket arn:aws:s3:::bkt"]),
    (s3("GET", "/bkt"), ["s3:ListBucket arn:aws:s3:::bkt"]),
    (s3("HEAD", "/bkt"), ["s3:ListBucket arn:aws:s3:::bkt"]),
    (s3("GET", "/bkt", "versions"), ["s3:ListBucketVersions arn:aws:s3:::bkt"]),
    (s3("GET", "/bkt", "uploads"), ["s3:ListBucketMultipartUploads arn:aws:s3:::bkt"]),
    (s3("GET", "/bkt", "location"), ["s3:GetBucketLocation arn:aws:s3:::bkt"]),
    (s3("GET", "/bkt", "cors"), ["s3:GetBucketCORS arn:aws:s3:::bkt"]),
    (s3("GET", "/bkt", "encryption"), ["s3:GetEncryptionConfiguration arn:aws:s3:::bkt"]),
    (s3("GET", "/bkt", "lifecycle"), ["s3:GetLifecycleConfiguration arn:aws:s3:::bkt"]),
    (s3("GET", "/bkt", "object-lock"), ["s3:GetBucketObjectLockConfiguration arn:aws:s3:::bkt"]),
    (s3("GET", "/bkt", "publicAccessBlock"), ["s3:GetBucketPublicAccessBlock arn:aws:s3:::bkt"]),
    (s3("PUT", "/bkt", "policy"), ["s3:PutBucketPolicy arn:aws:s3:::bkt"]),
    (s3("DELETE", "/bkt", "policy"), ["s3:DeleteBucketPolicy arn:aws:s3:::bkt"]),
    (s3("DELETE", "/bkt", "tagging"), ["s3:PutBucketTagging arn:aws:s3:::bkt"]),
    (s3("DELETE", "/bkt", "cors"), ["s3:PutBucketCORS arn:aws:s3:::bkt"]),
    (s3("DELETE", "/bkt", "lifecycle"), ["s3:PutLifecycleConfiguration arn:aws:s3:::bkt"]),
    (s3("DELETE", "/bkt", "publicAccessBlock"), ["s3:PutBucketPublicAccessBlock arn:aws:s3:::bkt"]),
    (s3("DELETE", "/bkt"), ["s3:DeleteBucket arn:aws:s3:::bkt"]),
    (s3("PUT", "/new"), ["s3:CreateBucket arn:aws:s3:::new"]),
    (
        s3("PUT", "/new", x_amz_acl="private", x_amz_object_ownership="ObjectWriter"),
        [
            "s3:CreateBucket arn:aws:s3:::new",
            "s3:PutBucketAcl arn:aws:s3:::new",
            "s3:PutBucketOwnershipControls arn:aws:s3:::new",
        ],
    ),
    (s3("GET", "/bkt/a/b"), ["s3:GetObject arn:aws:s3:::bkt/a/b"]),
    (s3("GET", "/bkt/a%20b%2Fc"), ["s3:GetObject arn:aws:s3:::bkt/a b/c"]),
    (s3("GET", "/bkt//a"), ["s3:GetObject arn:aws:s3:::bkt//a"]),
    (s3("HEAD", "/bkt/a"), ["s3:GetObject arn:aws:s3:::bkt/a"]),
    (s3("GET", "/bkt/a", "versionId=1"), ["s3:GetObjectVersion arn:aws:s3:::bkt/a"]),
    (s3("GET", "/bkt/a", "tagging"), ["s3:GetObjectTagging arn:aws:s3:::bkt/a"]),
    (s3("GET", "/bkt/a", "tagging&versionId=1"), ["s3:GetObjectVersionTagging arn:aws:s3:::bkt/a"]),
    (
        s3("GET", "/bkt/a", "attributes"),
        ["s3:GetObject arn:aws:s3:::bkt/a", "s3:GetObjectAttributes arn:aws:s3:::bkt/a"],
    ),
    (s3("PUT", "/bkt/a"), ["s3:PutObject arn:aws:s3:::bkt/a"]),
    (
        s3("PUT", "/bkt/a", x_amz_tagging="k=v", x_amz_acl="private"),
        [
            "s3:PutObject arn:aws:s3:::bkt/a",
            "s3:PutObjectTagging arn:aws:s3:::bkt/a",
            "s3:PutObjectAcl arn:aws:s3:::bkt/a",
        ],
    ),
    (
        s3("PUT", "/bkt/a", x_amz_object_lock_mode="GOVERNANCE"),
        ["s3:PutObject arn:aws:s3:::bkt/a", "s3:PutObjectRetention arn:aws:s3:::bkt/a"],
    ),
    (
        s3("PUT", "/bkt/a", x_amz_copy_source="src/b%20c"),
        ["s3:GetObject arn:aws:s3:::src/b c", "s3:PutObject arn:aws:s3:::bkt/a"],
    ),
    (
        s3("PUT", "/bkt/a", x_amz_copy_source="src/b?versionId=1"),
        ["s3:GetObjectVersion arn:aws:s3:::src/b", "s3:PutObject arn:aws:s3:::bkt/a"],
    ),
    (
        s3("PUT", "/bkt/a", "uploadId=u&partNumber=1", x_amz_copy_source="src/b"),
        ["s3:GetObject arn:aws:s3:::src/b", "s3:PutObject arn:aws:s3:::bkt/a"],
    ),
    (s3("POST", "/bkt/a", "uploads"), ["s3:PutObject arn:aws:s3:::bkt/a"]),
    (s3("PUT", "/bkt/a", "uploadId=u&partNumber=1"), ["s3:PutObject arn:aws:s3:::bkt/a"]),
    (s3("POST", "/bkt/a", "uploadId=u"), ["s3:PutObject arn:aws:s3:::bkt/a"]),
    (s3("GET", "/bkt/a", "uploadId=u"), ["s3:ListMultipartUploadParts arn:aws:s3:::bkt/a"]),
    (s3("DELETE", "/bkt/a", "uploadId=u"), ["s3:AbortMultipartUpload arn:aws:s3:::bkt/a"]),
    (s3("DELETE", "/bkt/a"), ["s3:DeleteObject arn:aws:s3:::bkt/a"]),
    (
        s3("DELETE", "/bkt/a", "versionId=1", x_amz_bypass_governance_retention="true"),
        [
            "s3:DeleteObjectVersion arn:aws:s3:::bkt/a",
            "s3:BypassGovernanceRetention arn:aws:s3:::bkt/a",
        ],
    ),
    (
        s3("POST", "/bkt", "delete", DELETE),
        ["s3:DeleteObject arn:aws:s3:::bkt/a", "s3:DeleteObjectVersion arn:aws:s3:::bkt/b"],
    ),
    (s3("POST", "/bkt", "delete", b"<!DOCTYPE x><Delete/>"), ["s3:DeleteObject arn:aws:s3:::bkt ?"]),
    (query("ec2", "DescribeRegions"), ["ec2:DescribeRegions *"]),
    (query("ec2", "DescribeInstances", **{"InstanceId.1": "i-1"}), ["ec2:DescribeInstances *"]),
    (
        query("ec2", "StartInstances", **{"InstanceId.1": "i-1", "InstanceId.2": "i-2"}),
        [f"ec2:StartInstances {EC2}:instance/i-1", f"ec2:StartInstances {EC2}:instance/i-2"],
    ),
    (query("ec2", "StopInstances"), ["ec2:StopInstances * ?"]),
    (query("ec2", "RunInstances", **RUN), RUN_BARE),
    (
        query("ec2", "RunInstances", **RUN, **{"IamInstanceProfile.Name": "ip", "KeyName": "k"}),
        [
            *RUN_BARE[:3],
            f"ec2:RunInstances {EC2}:key-pair/k",
            *RUN_BARE[3:],
            f"iam:PassRole {IAM}:role/p/r",
        ],
    ),
    (
        query(
            "ec2",
            "RunInstances",
            **RUN,
            **{
                "TagSpecification.1.ResourceType": "volume",
                "TagSpecification.1.Tag.1.Key": "k",
                "TagSpecification.1.Tag.1.Value": "v",
            },
        ),
        [*RUN_BARE, f"ec2:CreateTags {EC2}:volume/*"],
    ),
    (
        query("ec2", "CreateTags", **{"ResourceId.1": "i-1", "ResourceId.2": "vol-2", "Tag.1.Key": "k"}),
        [f"ec2:CreateTags {EC2}:instance/i-1", f"ec2:CreateTags {EC2}:volume/vol-2"],
    ),
    (query("ec2", "DeleteTags", **{"ResourceId.1": "what"}), ["ec2:DeleteTags * ?"]),
    (
        query("ec2", "AttachVolume", InstanceId="i-1", VolumeId="vol-1"),
        [f"ec2:AttachVolume {EC2}:instance/i-1", f"ec2:AttachVolume {EC2}:volume/vol-1"],
    ),
    (query("ec2", "AttachVolume", InstanceId="i-1"), ["ec2:AttachVolume * ?"]),
    (query("ec2", "CreateVolume", Size=1), [f"ec2:CreateVolume {EC2}:volume/*"]),
    (
        query("ec2", "AuthorizeSecurityGroupIngress", GroupId="sg-1"),
        [f"ec2:AuthorizeSecurityGroupIngress {EC2}:security-group/sg-1"],
    ),
    (
        query("ec2", "CreateImage", InstanceId="i-1"),
        [
            f"ec2:CreateImage {PUBLIC}:image/*",
            f"ec2:CreateImage {EC2}:instance/i-1",
            f"ec2:CreateImage {PUBLIC}:snapshot/*",
        ],
    ),
    (query("ec2", "CreateKeyPair", KeyName="k"), [f"ec2:CreateKeyPair {EC2}:key-pair/k"]),
    (
        query("ec2", "AssociateIamInstanceProfile", InstanceId="i-1", **{"IamInstanceProfile.Name": "none"}),
        [f"ec2:AssociateIamInstanceProfile {EC2}:instance/i-1", "iam:PassRole * ?"],
    ),
    (query("iam", "ListUsers"), ["iam:ListUsers *"]),
    (query("iam", "GetAccountSummary"), ["iam:GetAccountSummary *"]),
    (query("iam", "GetUser"), [f"iam:GetUser {IAM}:user/x/bob"]),
    (query("iam", "GetUser", UserName="BOB"), [f"iam:GetUser {IAM}:user/x/bob"]),
    (query("iam", "GetUser", UserName="nobody"), [f"iam:GetUser {IAM}:user/nobody"]),
    (query("iam", "CreateUser", UserName="n", Path="/a/"), [f"iam:CreateUser {IAM}:user/a/n"]),
    (query("iam", "CreateAccessKey"), [f"iam:CreateAccessKey {IAM}:user/x/bob"]),
    (query("iam", "PutUserPolicy", UserName="bob"), [f"iam:PutUserPolicy {IAM}:user/x/bob"]),
    (query("iam", "DeleteUser"), ["iam:DeleteUser * ?"]),
    (query("iam", "AddUserToGroup", UserName="bob", GroupName="g"), [f"iam:AddUserToGroup {IAM}:group/gs/g"]),
    (query("iam", "GetRole", RoleName="r"), [f"iam:GetRole {IAM}:role/p/r"]),
    (query("iam", "CreateRole", RoleName="n", Path="/a/"), [f"iam:CreateRole {IAM}:role/a/n"]),
    (
        query("iam", "AttachRolePolicy", RoleName="r", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"),
        [f"iam:AttachRolePolicy {IAM}:role/p/r"],
    ),
    (query("iam", "CreatePolicy", PolicyName="n", Path="/a/"), [f"iam:CreatePolicy {IAM}:policy/a/n"]),
    (query("iam", "GetPolicy", PolicyArn=f"{IAM}:policy/n"), [f"iam:GetPolicy {IAM}:policy/n"]),
    (
        query("iam", "AddRoleToInstanceProfile", RoleName="r", InstanceProfileName="ip"),
        [
            f"iam:AddRoleToInstanceProfile {IAM}:instance-profile/i/ip",
            f"iam:PassRole {IAM}:role/p/r",
        ],
    ),
    (
        query("iam", "CreateOpenIDConnectProvider", Url="https://issuer.example/x"),
        [f"iam:CreateOpenIDConnectProvider {IAM}:oidc-provider/issuer.example/x"],
    ),
    (query("sts", "AssumeRole", RoleArn=f"{IAM}:role/p/r"), [f"sts:AssumeRole {IAM}:role/p/r"]),
    (
        target("dynamodb", "DynamoDB_20120810.GetItem", TableName="t"),
        [f"dynamodb:GetItem arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t"],
    ),
    (
        target("dynamodb", "DynamoDB_20120810.Query", TableName="t", IndexName="i"),
        [f"dynamodb:Query arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t/index/i"],
    ),
    (
        target("dynamodb", "DynamoDB_20120810.BatchGetItem", RequestItems={"t": {}, "u": {}}),
        [
            f"dynamodb:BatchGetItem arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t",
            f"dynamodb:BatchGetItem arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/u",
        ],
    ),
    (
        target("sqs", "AmazonSQS.SendMessage", QueueUrl="http://127.0.0.1/1/q"),
        [f"sqs:SendMessage arn:aws:sqs:us-east-1:{ACCOUNT}:q"],
    ),
    (
        query("sns", "Publish", TopicArn=f"arn:aws:sns:us-east-1:{ACCOUNT}:t"),
        [f"sns:Publish arn:aws:sns:us-east-1:{ACCOUNT}:t"],
    ),
    (
        target("ssm", "AmazonSSM.GetParameters", Names=["/a", "/a/b"]),
        [
            f"ssm:GetParameters arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/a",
            f"ssm:GetParameters arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/a/b",
        ],
    ),
    (
        target(
            "ssm", "AmazonSSM.PutParameter", Name="x", Value=f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/y"
        ),
        [f"ssm:PutParameter arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/x"],
    ),
    (
        target("ssm", "AmazonSSM.GetParameters", Names=["arn:aws:s3:::b", "x"]),
        ["ssm:GetParameters * ?"],
    ),
    (
        target("secretsmanager", "secretsmanager.GetSecretValue", SecretId="s"),
        [f"secretsmanager:GetSecretValue arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:s-******"],
    ),
    (target("kms", "TrentService.Encrypt", KeyId="alias/none"), ["kms:Encrypt * ?"]),
    (
        target("kms", "TrentService.Encrypt", KeyId="1234"),
        [f"kms:Encrypt arn:aws:kms:us-east-1:{ACCOUNT}:key/1234"],
    ),
    (
        target("events", "AWSEvents.PutTargets", Rule="r", Targets=[{"RoleArn": f"{IAM}:role/p/r"}]),
        [f"events:PutTargets arn:aws:events:us-east-1:{ACCOUNT}:rule/r", f"iam:PassRole {IAM}:role/p/r"],
    ),
    (
        target("stepfunctions", "AWSStepFunctions.CreateStateMachine", name="m", roleArn=f"{IAM}:role/p/r"),
        [
            f"states:CreateStateMachine arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:m",
            f"iam:PassRole {IAM}:role/p/r",
        ],
    ),
    (
        query("rds", "ModifyDBInstance", DBInstanceIdentifier="d", DomainIAMRoleName="r"),
        [f"rds:ModifyDBInstance arn:aws:rds:us-east-1:{ACCOUNT}:db:d", f"iam:PassRole {IAM}:role/p/r"],
    ),
    (
        request("lambda", "GET", "/2015-03-31/functions/f"),
        [f"lambda:GetFunction arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"],
    ),
    (
        request(
            "lambda",
            "POST",
            "/2015-03-31/functions",
            body=json.dumps({"FunctionName": "f", "Role": f"{IAM}:role/p/r"}).encode(),
        ),
        [
            f"lambda:CreateFunction arn:aws:lambda:us-east-1:{ACCOUNT}:function:f",
            f"iam:PassRole {IAM}:role/p/r",
        ],
    ),
]


@pytest.mark.parametrize(("asked", "expected"), ROWS, ids=[expected[0] for _, expected in ROWS])
def test_a_request_needs_these_actions_on_these_resources(
    asked: AwsRequest, expected: list[str], world: World
) -> None:
    found = operation(asked)
    assert isinstance(found, Operation)
    needed = authorizations(asked, found, CALLER, world)
    assert [
        f"{each.action} {shown(each.resource)}{' ?' if each.unresolved else ''}" for each in needed
    ] == expected


def test_what_is_made_matches_a_pattern_and_no_name(world: World) -> None:
    asked = query("ec2", "CreateVolume", Size=1)
    found = operation(asked)
    assert isinstance(found, Operation)
    (needed,) = authorizations(asked, found, CALLER, world)
    assert "*" not in needed.resource
