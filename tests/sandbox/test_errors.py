"""What goes wrong reaches boto3 as the exception that AWS raises there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.sandbox_client import ACCOUNT, LocalSandbox, allow

if TYPE_CHECKING:
    from collections.abc import Iterator

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
MISSING = f"arn:aws:iam::{ACCOUNT}:policy/none"


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    iam = made.client("iam")
    iam.create_user(UserName="bob")
    iam.create_access_key(UserName="bob")
    iam.create_access_key(UserName="bob")
    made.client("s3").create_bucket(Bucket="box")
    made.client("s3").put_object(Bucket="box", Key="k", Body=b"")
    yield made
    made.wipe()


CASES: list[tuple[str, str, dict[str, Any], str, int]] = [
    ("iam", "get_user", {"UserName": "none"}, "NoSuchEntityException", 404),
    ("iam", "create_user", {"UserName": "bob"}, "EntityAlreadyExistsException", 409),
    ("iam", "delete_user", {"UserName": "bob"}, "DeleteConflictException", 409),
    ("iam", "create_access_key", {"UserName": "bob"}, "LimitExceededException", 409),
    (
        "iam",
        "create_role",
        {"RoleName": "r", "AssumeRolePolicyDocument": "{"},
        "MalformedPolicyDocumentException",
        400,
    ),
    (
        "iam",
        "attach_user_policy",
        {"UserName": "bob", "PolicyArn": MISSING},
        "NoSuchEntityException",
        404,
    ),
    (
        "iam",
        "tag_user",
        {"UserName": "bob", "Tags": [{"Key": "aws:x", "Value": ""}]},
        "InvalidInputException",
        400,
    ),
    ("iam", "get_credential_report", {}, "CredentialReportNotPresentException", 410),
    ("s3", "get_object", {"Bucket": "box", "Key": "none"}, "NoSuchKey", 404),
    ("s3", "list_objects_v2", {"Bucket": "no-such-box"}, "NoSuchBucket", 404),
    ("s3", "create_bucket", {"Bucket": "taken"}, "BucketAlreadyExists", 409),
    (
        "s3",
        "complete_multipart_upload",
        {"Bucket": "box", "Key": "k", "UploadId": "none", "MultipartUpload": {"Parts": []}},
        "NoSuchUpload",
        404,
    ),
    ("dynamodb", "describe_table", {"TableName": "none"}, "ResourceNotFoundException", 400),
    ("sqs", "get_queue_url", {"QueueName": "none"}, "QueueDoesNotExist", 400),
    ("kms", "describe_key", {"KeyId": "alias/none"}, "NotFoundException", 400),
    ("secretsmanager", "get_secret_value", {"SecretId": "none"}, "ResourceNotFoundException", 400),
    ("logs", "describe_log_streams", {"logGroupName": "none"}, "ResourceNotFoundException", 400),
]


@pytest.mark.parametrize(("service", "call", "given", "name", "status"), CASES)
def test_a_refusal_is_the_exception_of_its_service(
    sandbox: LocalSandbox, service: str, call: str, given: dict[str, Any], name: str, status: int
) -> None:
    from tests.support.sandbox_client import OTHER

    sandbox.client("s3", sandbox.root(OTHER)).create_bucket(Bucket="taken")
    client = sandbox.client(service)
    with pytest.raises(getattr(client.exceptions, name)) as caught:
        getattr(client, call)(**given)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert answer["Error"]["Message"]


DENIED = [
    ("iam", "list_users", {}, "AccessDenied", 403),
    ("sts", "get_access_key_info", {"AccessKeyId": "AKIAAAAAAAAAAAAAAAAA"}, "AccessDenied", 403),
    ("ec2", "describe_vpcs", {}, "UnauthorizedOperation", 403),
    ("s3", "list_buckets", {}, "AccessDenied", 403),
    ("s3", "head_bucket", {"Bucket": "box"}, "403", 403),
    ("dynamodb", "list_tables", {}, "AccessDeniedException", 400),
    ("sqs", "list_queues", {}, "AccessDeniedException", 400),
    ("kms", "list_keys", {}, "AccessDeniedException", 400),
    ("secretsmanager", "list_secrets", {}, "AccessDeniedException", 400),
    ("logs", "describe_log_groups", {}, "AccessDeniedException", 400),
]


@pytest.mark.parametrize(("service", "call", "given", "code", "status"), DENIED)
def test_a_denial_has_the_code_of_its_service(
    sandbox: LocalSandbox, service: str, call: str, given: dict[str, Any], code: str, status: int
) -> None:
    from botocore.exceptions import ClientError

    key = sandbox.user("eve", allow("iam:GetUser"))
    with pytest.raises(ClientError) as caught:
        getattr(sandbox.client(service, key), call)(**given)
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
