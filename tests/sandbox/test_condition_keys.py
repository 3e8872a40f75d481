"""Condition keys that requests and resources set: each lets in who meets it and keeps out who does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.support.sandbox_client import ACCOUNT, LocalSandbox, allow, deny

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READ = "arn:aws:iam::aws:policy/ReadOnlyAccess"
VOLUME = {"AvailabilityZone": "us-east-1a", "Size": 8, "VolumeType": "gp3"}
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t"
OWN = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["bob"]}}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    made.client("dynamodb").create_table(
        TableName="t",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("k", "g")],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "i",
                "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": "team", "Value": "a"}],
    )
    yield made
    made.wipe()


def code_of(call: Callable[..., Any], **given: Any) -> str:
    """The code of the refusal, "" when the call is let through: what it then finds does not matter."""
    try:
        call(**given)
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        return (
            code if "AccessDenied" in code or "Unauthorized" in code or "AuthorizationError" in code else ""
        )
    return ""


def is_let_in(call: Callable[..., Any], **given: Any) -> bool:
    return code_of(call, **given) == ""


def key(value: str) -> dict[str, Any]:
    return {"k": {"S": value}}


def dynamo(sandbox: LocalSandbox, name: str, when: dict[str, Any]) -> Any:
    return sandbox.client("dynamodb", sandbox.user(name, allow("dynamodb:*", when=when)))


# DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control"
LEADING: list[tuple[str, dict[str, Any], bool]] = [
    ("get_item", {"TableName": "t", "Key": key("bob")}, True),
    ("get_item", {"TableName": "t", "Key": key("ann")}, False),
    ("put_item", {"TableName": "t", "Item": key("bob")}, True),
    ("put_item", {"TableName": TABLE, "Item": key("ann")}, False),
    ("batch_get_item", {"RequestItems": {"t": {"Keys": [key("bob")]}}}, True),
    ("batch_get_item", {"RequestItems": {"t": {"Keys": [key("bob"), key("ann")]}}}, False),
    ("batch_write_item", {"RequestItems": {"t": [{"PutRequest": {"Item": key("bob")}}]}}, True),
    ("batch_write_item", {"RequestItems": {"t": [{"DeleteRequest": {"Key": key("ann")}}]}}, False),
    ("transact_write_items", {"TransactItems": [{"Delete": {"TableName": "t", "Key": key("bob")}}]}, True),
    ("transact_write_items", {"TransactItems": [{"Delete": {"TableName": "t", "Key": key("ann")}}]}, False),
]


def asked(name: str, value: str, **more: Any) -> dict[str, Any]:
    return {
        "TableName": "t",
        "KeyConditionExpression": f"{name} = :v",
        "ExpressionAttributeValues": {":v": {"S": value}},
        **more,
    }


QUERIES: list[tuple[str, dict[str, Any], bool]] = [
    ("query", asked("k", "bob"), True),
    ("query", asked("k", "ann"), False),
    ("query", asked("#k", "bob", ExpressionAttributeNames={"#k": "k"}), True),
    ("query", asked("#k", "ann", ExpressionAttributeNames={"#k": "k"}), False),
    ("query", asked("g", "bob", IndexName="i"), True),
    ("query", asked("g", "ann", IndexName="i"), False),
    ("query", asked("k < :v AND k", "nobody"), False),
    ("scan", {"TableName": "t"}, True),  # all of them: the guide's policies therefore leave Scan out
]


@pytest.fixture(scope="module")
def bob(sandbox: LocalSandbox) -> Any:
    return dynamo(sandbox, "leading", OWN)


@pytest.mark.parametrize(("method", "given", "expected"), LEADING + QUERIES)
def test_items_are_told_apart_by_their_partition_key(
    bob: Any, method: str, given: dict[str, Any], *, expected: bool
) -> None:
    assert is_let_in(getattr(bob, method), **given) is expected


def test_a_partition_key_that_cannot_be_told_lets_nobody_in(sandbox: LocalSandbox, bob: Any) -> None:
    given = {**asked("k", "bob"), "KeyConditionExpression": "k > :v"}
    assert code_of(bob.query, **given) == "AccessDeniedException"
    assert is_let_in(dynamo(sandbox, "free", {}).query, **given)  # nobody asks for the key


def one(operator: str, name: str, value: str) -> dict[str, Any]:
    return {operator: {name: value}}


KEY = {"KeyUsage": "ENCRYPT_DECRYPT"}
KEYS: list[tuple[str, str, dict[str, Any], str, str, str]] = [
    # DynamoDB Developer Guide, the same page: Attributes, Select, ReturnValues
    (
        "dynamodb",
        "get_item",
        {
            "TableName": "t",
            "Key": key("a"),
            "ProjectionExpression": "k, #g.x",
            "ExpressionAttributeNames": {"#g": "g"},
        },
        "ForAllValues:StringEquals dynamodb:Attributes",
        "k g",
        "k",
    ),
    (
        "dynamodb",
        "update_item",
        {
            "TableName": "t",
            "Key": key("a"),
            "UpdateExpression": "SET secret = if_not_exists(n, :v)",
            "ExpressionAttributeValues": {":v": {"S": "x"}},
        },
        "ForAllValues:StringEquals dynamodb:Attributes",
        "k secret n",
        "k n",
    ),
    (
        "dynamodb",
        "scan",
        {"TableName": "t", "Select": "COUNT"},
        "StringEquals dynamodb:Select",
        "COUNT",
        "ALL_ATTRIBUTES",
    ),
    (
        "dynamodb",
        "delete_item",
        {"TableName": "t", "Key": key("a"), "ReturnValues": "ALL_OLD"},
        "StringEquals dynamodb:ReturnValues",
        "ALL_OLD",
        "NONE",
    ),
    (
        "dynamodb",
        "transact_get_items",
        {"TransactItems": [{"Get": {"TableName": "t", "Key": key("a")}}]},
        "StringEquals dynamodb:EnclosingOperation",
        "TransactGetItems",
        "TransactWriteItems",
    ),
    # IAM User Guide, "AWS global condition context keys"
    (
        "dynamodb",
        "get_item",
        {"TableName": "t", "Key": key("a")},
        "StringEquals aws:ResourceTag/team",
        "a",
        "b",
    ),
    ("dynamodb", "query", asked("g", "a", IndexName="i"), "StringEquals aws:ResourceTag/team", "a", "b"),
    (
        "sqs",
        "create_queue",
        {"QueueName": "q", "tags": {"x": "1"}},
        "ForAllValues:StringEquals aws:TagKeys",
        "x",
        "y",
    ),
    (
        "sns",
        "create_topic",
        {"Name": "n", "Tags": [{"Key": "x", "Value": "1"}]},
        "StringEquals aws:RequestTag/x",
        "1",
        "2",
    ),
    # SNS Developer Guide, "Amazon SNS policy keys"
    (
        "sns",
        "subscribe",
        {"TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:n", "Protocol": "email", "Endpoint": "a@example.com"},
        "StringLike sns:Endpoint",
        "*@example.com",
        "*@example.org",
    ),
    (
        "sns",
        "subscribe",
        {"TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:n", "Protocol": "email", "Endpoint": "a@example.com"},
        "StringEquals sns:Protocol",
        "email",
        "sms",
    ),
    # KMS Developer Guide, "AWS KMS condition keys"
    ("kms", "create_key", KEY, "StringEquals kms:KeyUsage", "ENCRYPT_DECRYPT", "SIGN_VERIFY"),
    ("kms", "create_key", KEY, "StringEquals kms:KeySpec", "SYMMETRIC_DEFAULT", "RSA_2048"),
    ("kms", "create_key", KEY, "StringEquals kms:CallerAccount", ACCOUNT, "444455556666"),
    ("kms", "create_key", KEY, "Bool kms:MultiRegion", "false", "true"),
    ("kms", "create_key", KEY, "Null kms:ViaService", "true", "false"),
    # IAM User Guide, "AWS global condition context keys"
    (
        "iam",
        "list_users",
        {},
        "StringEquals aws:PrincipalArn",
        f"arn:aws:iam::{ACCOUNT}:user/someone",
        "arn:aws:iam::*",
    ),
    ("iam", "list_users", {}, "StringLike aws:UserAgent", "*Botocore/*", "curl/*"),
    ("iam", "list_users", {}, "StringLike aws:userid", "AIDA*", "AROA*:*"),
    ("iam", "list_users", {}, "StringEquals aws:username", "someone", "somebody"),
    ("iam", "list_users", {}, "Null aws:Referer", "true", "false"),
    (
        "iam",
        "list_users",
        {},
        "DateGreaterThan aws:CurrentTime",
        "2020-01-01T00:00:00Z",
        "2099-01-01T00:00:00Z",
    ),
    ("iam", "list_users", {}, "NumericGreaterThan aws:EpochTime", "1577836800", "4070908800"),
    ("iam", "list_users", {}, "Bool aws:PrincipalIsAWSService", "false", "true"),
    ("iam", "list_users", {}, "Null aws:CalledVia", "true", "false"),
    ("iam", "get_user", {"UserName": "someone"}, "StringEquals aws:ResourceAccount", ACCOUNT, "444455556666"),
    (
        "iam",
        "tag_user",
        {"UserName": "none", "Tags": [{"Key": "x", "Value": "1"}]},
        "StringEquals aws:RequestTag/x",
        "1",
        "2",
    ),
    (
        "iam",
        "untag_user",
        {"UserName": "none", "TagKeys": ["x"]},
        "ForAllValues:StringEquals aws:TagKeys",
        "x",
        "y",
    ),
    # Service Authorization Reference, "Condition keys for AWS Identity and Access Management"
    (
        "iam",
        "attach_user_policy",
        {"UserName": "none", "PolicyArn": READ},
        "ArnEquals iam:PolicyARN",
        READ,
        f"{READ}2",
    ),
    (
        "iam",
        "detach_role_policy",
        {"RoleName": "none", "PolicyArn": READ},
        "ArnEquals iam:PolicyARN",
        READ,
        f"{READ}2",
    ),
    (
        "iam",
        "put_user_permissions_boundary",
        {"UserName": "none", "PermissionsBoundary": READ},
        "StringEquals iam:PermissionsBoundary",
        READ,
        f"{READ}2",
    ),
    (
        "iam",
        "create_service_linked_role",
        {"AWSServiceName": "ecs.amazonaws.com"},
        "StringEquals iam:AWSServiceName",
        "ecs.amazonaws.com",
        "ec2.amazonaws.com",
    ),
    # EC2 User Guide, "Grant permission to tag Amazon EC2 resources during creation"
    ("ec2", "create_volume", VOLUME, "StringEquals ec2:VolumeType", "gp3", "io2"),
    ("ec2", "create_volume", VOLUME, "NumericLessThan ec2:VolumeSize", "9", "8"),
    ("ec2", "describe_regions", {}, "StringEquals ec2:Region", "us-east-1", "eu-west-1"),
    # S3 API Reference, "Amazon S3 Signature Version 4 Authentication Specific Policy Keys"
    ("s3", "list_buckets", {}, "StringEquals s3:authType", "REST-HEADER", "REST-QUERY-STRING"),
    ("s3", "list_buckets", {}, "StringEquals s3:signatureversion", "AWS4-HMAC-SHA256", "AWS"),
    ("s3", "list_buckets", {}, "NumericLessThan s3:signatureAge", "600000", "0"),
    (
        "s3",
        "list_objects_v2",
        {"Bucket": "none", "MaxKeys": 5},
        "NumericLessThanEquals s3:max-keys",
        "5",
        "4",
    ),
    ("s3", "list_objects_v2", {"Bucket": "none", "Delimiter": "/"}, "StringEquals s3:delimiter", "/", "-"),
    (
        "s3",
        "get_object",
        {"Bucket": "none", "Key": "k", "VersionId": "v"},
        "StringEquals s3:VersionId",
        "v",
        "w",
    ),
    (
        "s3",
        "put_object",
        {"Bucket": "none", "Key": "k", "Tagging": "a=b"},
        "ForAllValues:StringEquals s3:RequestObjectTagKeys",
        "a",
        "c",
    ),
    (
        "s3",
        "put_object",
        {"Bucket": "none", "Key": "k", "Tagging": "a=b"},
        "StringEquals s3:RequestObjectTag/a",
        "b",
        "c",
    ),
    (
        "s3",
        "put_object",
        {"Bucket": "none", "Key": "k", "IfNoneMatch": "*"},
        "Null s3:if-none-match",
        "false",
        "true",
    ),
    # Secrets Manager User Guide, "Condition keys"
    (
        "secretsmanager",
        "create_secret",
        {"Name": "s", "SecretString": "x"},
        "StringEquals secretsmanager:Name",
        "s",
        "t",
    ),
    (
        "secretsmanager",
        "get_secret_value",
        {"SecretId": "s", "VersionStage": "AWSCURRENT"},
        "StringEquals secretsmanager:VersionStage",
        "AWSCURRENT",
        "AWSPREVIOUS",
    ),
]


class Someone:
    """One user whose policy a test changes; its clients are made once."""

    def __init__(self, sandbox: LocalSandbox) -> None:
        self._sandbox = sandbox
        self._iam = sandbox.client("iam")
        self._key = sandbox.user("someone")
        self._clients: dict[str, Any] = {}

    def may(self, service: str, *statements: dict[str, Any]) -> Any:
        entries = [entry for each in statements for entry in each["Statement"]]
        text = json.dumps({"Version": "2012-10-17", "Statement": entries})
        self._iam.put_user_policy(UserName="someone", PolicyName="p", PolicyDocument=text)
        if service not in self._clients:
            self._clients[service] = self._sandbox.client(service, self._key)
        return self._clients[service]


@pytest.fixture(scope="module")
def someone(sandbox: LocalSandbox) -> Someone:
    return Someone(sandbox)


@pytest.mark.parametrize(("service", "method", "given", "key", "met", "unmet"), KEYS)
def test_a_condition_lets_in_who_meets_it_and_a_deny_keeps_him_out(
    someone: Someone, service: str, method: str, given: dict[str, Any], key: str, met: str, unmet: str
) -> None:
    operator, name = key.split()
    every = f"{service}:*"
    meets, fails = ({operator: {name: word.split()}} for word in (met, unmet))
    assert is_let_in(getattr(someone.may(service, allow(every, when=meets)), method), **given)
    assert not is_let_in(getattr(someone.may(service, allow(every, when=fails)), method), **given)
    if operator.startswith("ForAll"):  # a Deny would ask for the opposite
        return
    kept_out = someone.may(service, allow(every), deny(every, when=meets))
    assert not is_let_in(getattr(kept_out, method), **given)
    assert is_let_in(getattr(someone.may(service, allow(every), deny(every, when=fails)), method), **given)


def test_an_encryption_context_is_a_condition(sandbox: LocalSandbox, someone: Someone) -> None:
    # KMS Developer Guide, "kms:EncryptionContext:context-key"
    made = sandbox.client("kms").create_key(Tags=[{"TagKey": "team", "TagValue": "a"}])["KeyMetadata"][
        "KeyId"
    ]
    when = {"StringEquals": {"kms:EncryptionContext:team": "a", "aws:ResourceTag/team": "a"}}
    given = {"KeyId": made, "Plaintext": b"x"}
    kms = someone.may("kms", allow("kms:Encrypt", when=when))
    assert is_let_in(kms.encrypt, **given, EncryptionContext={"team": "a"})
    assert not is_let_in(kms.encrypt, **given, EncryptionContext={"team": "b"})
    assert not is_let_in(kms.encrypt, **given)


OPEN = "organizations:PolicyType"


@pytest.mark.parametrize("operator", ["ForAllValues:StringEquals", "StringNotEquals", "StringEqualsIfExists"])
def test_a_key_that_aws_has_and_the_sandbox_has_not_lets_nobody_in(someone: Someone, operator: str) -> None:
    given = {"Filter": "TAG_POLICY"}
    when = {operator: {OPEN: "BACKUP_POLICY"}}
    every = "organizations:*"
    client = someone.may("organizations", allow(every, when=when))
    with pytest.raises(ClientError, match=f"a policy asks for {OPEN.lower()}"):
        client.list_policies(**given)
    assert is_let_in(client.list_roots)  # AWS has no such key there
    assert is_let_in(
        someone.may("organizations", allow(every), allow(every, when=when)).list_policies, **given
    )


def test_a_deny_by_a_key_that_the_sandbox_has_not_keeps_everybody_out(someone: Someone) -> None:
    given = {"Filter": "TAG_POLICY"}
    when = {"StringEquals": {OPEN: "BACKUP_POLICY"}}
    every = allow("organizations:*")
    kept_out = someone.may("organizations", every, deny("organizations:ListPolicies", when=when))
    assert not is_let_in(kept_out.list_policies, **given)
    other = someone.may("organizations", every, deny("organizations:CreatePolicy", when=when))
    assert is_let_in(other.list_policies, **given)


def test_tags_of_what_is_made_are_asked_for_with_the_action_that_makes_it(someone: Someone) -> None:
    # EC2 User Guide, "Grant permission to tag Amazon EC2 resources during creation"
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "a", "Value": "b"}]}]
    for action, expected in (("CreateVolume", True), ("RunInstances", False)):
        when = {"StringEquals": {"ec2:CreateAction": action}}
        ec2 = someone.may("ec2", allow("ec2:CreateVolume"), allow("ec2:CreateTags", when=when))
        assert is_let_in(ec2.create_volume, **VOLUME, TagSpecifications=tags) is expected
        assert is_let_in(ec2.create_volume, **VOLUME)


def test_a_key_of_ec2_that_the_sandbox_cannot_tell_lets_nobody_in(someone: Someone) -> None:
    # Service Authorization Reference, "Condition keys for Amazon EC2": ec2:Encrypted of CreateVolume
    when = {"BoolIfExists": {"ec2:Encrypted": "true"}}
    assert not is_let_in(someone.may("ec2", allow("ec2:*", when=when)).create_volume, **VOLUME)
    assert is_let_in(someone.may("ec2", allow("ec2:*", when=when)).describe_regions)
