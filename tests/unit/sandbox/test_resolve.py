"""Every operation of the services' own models is told by its request; whatever moto might read otherwise is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, StructureShape
from botocore.serialize import create_serializer
from tests.support.sandbox_request import FORM, request

from leastkey.sandbox.request import Operation, Refusal
from leastkey.sandbox.resolve import operation as resolve

if TYPE_CHECKING:
    from leastkey.sandbox.request import AwsRequest


def found(asked: AwsRequest) -> str:
    """The operation's name, or the refusal's code."""
    result = resolve.operation(asked)
    return result.name if isinstance(result, Operation) else result.code


def value_of(shape: Any, depth: int = 0) -> Any:
    """Give the least value botocore would serialize for a shape."""
    match shape:
        case StructureShape():
            names = shape.required_members if depth < 4 else []
            return {name: value_of(shape.members[name], depth + 1) for name in names}
        case ListShape():
            return [value_of(shape.member, depth + 1)]
        case MapShape():
            return {"k": value_of(shape.value, depth + 1)}
    match shape.type_name:
        case "string":
            return (
                shape.enum[0]
                if getattr(shape, "enum", None)
                else "x" * int(shape.metadata.get("min", 1) or 1)
            )
        case "integer" | "long":
            return int(shape.metadata.get("min", 1))
        case "float" | "double":
            return 1.0
        case "boolean":
            return True
        case "timestamp":
            return datetime(2026, 1, 1, tzinfo=UTC)
        case _:
            return b"x"


def serialized(service: str) -> list[tuple[str, AwsRequest]]:
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    serializer = create_serializer(model.metadata["protocol"], include_validation=False)
    cases = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        shape = operation.input_shape
        made = serializer.serialize_to_request({} if shape is None else value_of(shape), operation)
        headers = {key.lower(): str(value) for key, value in dict(made["headers"]).items()}
        body = made["body"]
        if isinstance(body, dict):
            body = urlencode(body).encode()
        elif isinstance(body, str):
            body = body.encode()
        path, _, fixed = made["url_path"].partition("?")
        query = "&".join(part for part in (fixed, urlencode(made["query_string"] or {}, doseq=True)) if part)
        cases.append((name, request(service, made["method"], path, query, headers=headers, body=body or b"")))
    return cases


@pytest.mark.parametrize(
    "service",
    [
        "iam",
        "sts",
        "ec2",
        "sns",
        "dynamodb",
        "kms",
        "logs",
        "ssm",
        "secretsmanager",
        "events",
        "stepfunctions",
        "sqs",
        "rds",
        "cloudformation",
        "organizations",
        "cloudtrail",
        "ecr",
    ],
)
def test_every_operation_of_a_query_or_json_service_is_told_by_its_request(service: str) -> None:
    wrong = {name: found(asked) for name, asked in serialized(service) if found(asked) != name}
    assert wrong == {}


@pytest.mark.parametrize(
    "service", ["lambda", "route53", "apigateway", "efs", "eks", "scheduler", "batch", "xray"]
)
def test_every_operation_of_a_rest_service_is_told_by_method_and_path(service: str) -> None:
    cases = serialized(service)
    wrong = {name: found(asked) for name, asked in cases if found(asked) != name}
    # A model may hold two operations at one address, told apart by nothing in the request; one old name may win.
    addresses = [(asked.method, asked.raw_path, asked.raw_query) for _, asked in cases]
    doubled = {
        name for name, asked in cases if addresses.count((asked.method, asked.raw_path, asked.raw_query)) > 1
    }
    assert set(wrong) <= doubled


S3 = [
    ("GET", "/", "", "ListBuckets"),
    ("GET", "/", "x-id=ListBuckets", "ListBuckets"),
    ("HEAD", "/", "", "MethodNotAllowed"),
    ("PUT", "/", "", "MethodNotAllowed"),
    ("GET", "/b", "", "ListObjects"),
    ("GET", "/b/", "", "ListObjects"),
    ("GET", "/b", "list-type=2&prefix=a%2F&delimiter=%2F", "ListObjectsV2"),
    ("GET", "/b", "versions", "ListObjectVersions"),
    ("GET", "/b", "uploads", "ListMultipartUploads"),
    ("GET", "/b", "location", "GetBucketLocation"),
    ("GET", "/b", "policy", "GetBucketPolicy"),
    ("GET", "/b", "policyStatus", "GetBucketPolicyStatus"),
    ("GET", "/b", "publicAccessBlock", "GetPublicAccessBlock"),
    ("GET", "/b", "encryption", "GetBucketEncryption"),
    ("GET", "/b", "inventory", "ListBucketInventoryConfigurations"),
    ("GET", "/b", "inventory&id=i", "GetBucketInventoryConfiguration"),
    ("GET", "/b", "object-lock", "GetObjectLockConfiguration"),
    ("GET", "/b", "policy&acl", "InvalidArgument"),
    ("GET", "/b", "list-type=2&policy", "GetBucketPolicy"),
    ("GET", "/b", "analytics", "NotImplemented"),
    ("GET", "/b", "metrics&id=m", "NotImplemented"),
    ("GET", "/b", "requestPayment", "NotImplemented"),
    ("GET", "/b", "session", "NotImplemented"),
    ("GET", "/b", "prefix=a&prefix=b", "InvalidArgument"),
    ("HEAD", "/b", "", "HeadBucket"),
    ("PUT", "/b", "", "CreateBucket"),
    ("PUT", "/b", "policy", "PutBucketPolicy"),
    ("PUT", "/b", "tagging", "PutBucketTagging"),
    ("PUT", "/b", "versioning", "PutBucketVersioning"),
    ("PUT", "/b", "accelerate", "PutBucketAccelerateConfiguration"),
    ("PUT", "/b", "metrics&id=m", "NotImplemented"),
    ("DELETE", "/b", "", "DeleteBucket"),
    ("DELETE", "/b", "policy", "DeleteBucketPolicy"),
    ("DELETE", "/b", "lifecycle", "DeleteBucketLifecycle"),
    ("DELETE", "/b", "inventory&id=i", "NotImplemented"),
    ("DELETE", "/b", "analytics&id=i", "NotImplemented"),
    ("POST", "/b", "delete", "DeleteObjects"),
    ("POST", "/b", "", "MethodNotAllowed"),
    ("PATCH", "/b", "", "MethodNotAllowed"),
    ("GET", "/b/k", "", "GetObject"),
    ("GET", "/b/k", "versionId=v", "GetObject"),
    ("GET", "/b/k%2Fl", "", "GetObject"),
    ("GET", "/b//k", "", "GetObject"),
    ("GET", "/b/k", "acl", "GetObjectAcl"),
    ("GET", "/b/k", "tagging", "GetObjectTagging"),
    ("GET", "/b/k", "attributes", "GetObjectAttributes"),
    ("GET", "/b/k", "uploadId=u", "ListParts"),
    ("GET", "/b/k", "retention", "NotImplemented"),
    ("GET", "/b/k", "torrent", "NotImplemented"),
    ("GET", "/b/k", "policy", "MethodNotAllowed"),
    ("HEAD", "/b/k", "", "HeadObject"),
    ("HEAD", "/b/k", "acl", "MethodNotAllowed"),
    ("PUT", "/b/k", "", "PutObject"),
    ("PUT", "/b/k", "acl", "PutObjectAcl"),
    ("PUT", "/b/k", "tagging", "PutObjectTagging"),
    ("PUT", "/b/k", "retention", "PutObjectRetention"),
    ("PUT", "/b/k", "legal-hold", "PutObjectLegalHold"),
    ("PUT", "/b/k", "uploadId=u&partNumber=1", "UploadPart"),
    ("PUT", "/b/k", "uploadId=u", "InvalidArgument"),
    ("PUT", "/b/k", "partNumber=1", "InvalidArgument"),
    ("PUT", "/b/k", "uploadId=&partNumber=1", "InvalidArgument"),
    ("PUT", "/b/k", "uploadId=u&partNumber=1&acl", "InvalidArgument"),
    ("PUT", "/b/k", "renameObject", "NotImplemented"),
    ("DELETE", "/b/k", "", "DeleteObject"),
    ("DELETE", "/b/k", "versionId=v", "DeleteObject"),
    ("DELETE", "/b/k", "tagging", "DeleteObjectTagging"),
    ("DELETE", "/b/k", "uploadId=u", "AbortMultipartUpload"),
    ("DELETE", "/b/k", "uploadId=u&tagging", "InvalidArgument"),
    ("POST", "/b/k", "uploads", "CreateMultipartUpload"),
    ("POST", "/b/k", "uploadId=u", "CompleteMultipartUpload"),
    ("POST", "/b/k", "restore", "RestoreObject"),
    ("POST", "/b/k", "select&select-type=2", "SelectObjectContent"),
    ("POST", "/b/k", "delete", "MethodNotAllowed"),
    ("GET", "/b%2Fk", "", "InvalidURI"),
    ("GET", "//b/k", "", "InvalidURI"),
    ("DELETE", "/%62/k", "", "InvalidURI"),
]


@pytest.mark.parametrize(("method", "path", "query", "expected"), S3)
def test_s3_is_told_by_method_address_and_sub_resource(
    method: str, path: str, query: str, expected: str
) -> None:
    assert found(request("s3", method, path, query)) == expected


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        ("GET", "/", "", "ListObjects"),
        ("GET", "/k", "", "GetObject"),
        ("PUT", "/", "", "CreateBucket"),
        ("PUT", "/a/b/", "", "PutObject"),
        ("HEAD", "/", "", "HeadBucket"),
        ("POST", "/", "delete", "DeleteObjects"),
    ],
)
def test_the_bucket_of_a_virtual_host_leaves_the_whole_path_to_the_key(
    method: str, path: str, query: str, expected: str
) -> None:
    assert found(request("s3", method, path, query, bucket_host="b")) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("b/k", "CopyObject"),
        ("/b/k%23x", "CopyObject"),
        ("b/k?versionId=v", "CopyObject"),
        ("b/k#x", "InvalidArgument"),
        ("b/k;p", "InvalidArgument"),
        ("//b/k", "InvalidArgument"),
        ("x:b/k", "InvalidArgument"),
        ("b/k?versionId=v&versionId=w", "InvalidArgument"),
        ("", "InvalidArgument"),
    ],
)
def test_a_copy_source_that_two_readers_could_split_differently_is_refused(
    source: str, expected: str
) -> None:
    assert found(request("s3", "PUT", "/b/k2", headers={"x-amz-copy-source": source})) == expected


@pytest.mark.parametrize(
    ("method", "query", "headers", "body"),
    [
        ("DELETE", "", {}, b'{"versionId": "v"}'),
        ("GET", "", FORM, b"versionId=v"),
        ("PUT", "", FORM, b"key=other"),
        ("PUT", "", {"content-type": "multipart/form-data; boundary=b"}, b"--b--"),
        ("POST", "uploads", {}, b"<x/>"),
    ],
)
def test_s3_bodies_that_moto_would_take_parameters_from_are_refused(
    method: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    result = resolve.operation(request("s3", method, "/b/k", query, headers=headers, body=body))
    assert isinstance(result, Refusal)


QUERY = [
    ({"query": "Action=ListUsers"}, "ListUsers"),
    ({"query": "Action=ListUsers&X-Amz-Signature=s"}, "ListUsers"),
    ({"headers": FORM, "body": b"Action=ListUsers"}, "ListUsers"),
    ({"headers": FORM, "body": b"Action=ListUsers", "query": "X-Amz-Expires=60"}, "ListUsers"),
    ({}, "MissingAction"),
    ({"headers": FORM, "body": b"Action=ListNobody"}, "InvalidAction"),
    ({"headers": FORM, "body": b"Action=listusers"}, "InvalidAction"),
    (
        {"headers": FORM, "body": b"Action=ListUsers", "query": "Action=DeleteUser"},
        "InvalidParameterCombination",
    ),
    (
        {"headers": FORM, "body": b"Action=GetUser&UserName=a", "query": "UserName=b"},
        "InvalidParameterCombination",
    ),
    ({"headers": FORM, "body": b"Action=GetUser&Action=DeleteUser"}, "InvalidParameterCombination"),
    ({"headers": FORM, "body": b"Action=GetUser&UserName=a&UserName=b"}, "InvalidParameterCombination"),
    ({"query": "Action=GetUser", "body": b"Action=DeleteUser"}, "InvalidParameterCombination"),
    (
        {
            "query": "Action=GetUser",
            "headers": {"content-type": "multipart/form-data; boundary=b"},
            "body": b"--b",
        },
        "InvalidParameterCombination",
    ),
    ({"query": "Action=GetUser", "headers": {"x-amz-target": "X.DeleteUser"}}, "InvalidParameterCombination"),
    ({"path": "/x", "query": "Action=GetUser"}, "InvalidParameterCombination"),
]


@pytest.mark.parametrize(("given", "expected"), QUERY)
def test_the_query_protocol_takes_its_parameters_from_one_place(given: dict[str, Any], expected: str) -> None:
    assert found(request("iam", "POST", **given)) == expected


def test_ec2_words_an_unknown_action_in_its_own_way() -> None:
    result = resolve.operation(request("ec2", query="Action=Nonsense"))
    assert isinstance(result, Refusal)
    assert (result.status, result.code) == (400, "InvalidAction")
    assert result.message == "The action Nonsense is not valid for this web service."


TARGET = {"x-amz-target": "DynamoDB_20120810.GetItem"}
JSON = [
    ({"headers": TARGET, "body": b'{"TableName": "t"}'}, "GetItem"),
    ({"headers": TARGET, "body": b'{"TableName": "a=b&c=d"}'}, "GetItem"),
    ({"headers": {}}, "MissingAction"),
    ({"headers": {"x-amz-target": "GetItem"}}, "UnknownOperationException"),
    ({"headers": {"x-amz-target": "AmazonSQS.GetItem"}}, "UnknownOperationException"),
    ({"headers": {"x-amz-target": "DynamoDB_20120810.Nonsense"}}, "UnknownOperationException"),
    ({"headers": TARGET, "body": b'{"a": "&Action=DeleteTable&"}'}, "GetItem"),
    ({"headers": TARGET, "body": b"Action=DeleteTable"}, "SerializationException"),
    ({"headers": TARGET, "body": b"&Action=DeleteTable&{}"}, "SerializationException"),
    ({"headers": TARGET, "body": b"[" * 100_000}, "SerializationException"),
    ({"headers": TARGET, "query": "TableName=u"}, "InvalidRequest"),
    ({"headers": TARGET, "query": "Action=DeleteTable"}, "InvalidRequest"),
    ({"headers": {**TARGET, "action": "DeleteTable"}}, "InvalidRequest"),
    ({"headers": {**TARGET, "key": "x"}}, "InvalidRequest"),
    ({"headers": {**TARGET, **FORM}, "body": b"Action=DeleteTable"}, "InvalidRequest"),
    ({"headers": TARGET, "path": "/x"}, "InvalidRequest"),
]


@pytest.mark.parametrize(("given", "expected"), JSON)
def test_a_json_service_is_told_by_its_target_and_nothing_else(given: dict[str, Any], expected: str) -> None:
    assert found(request("dynamodb", "POST", **given)) == expected


def test_a_rest_path_that_reads_differently_once_decoded_is_refused() -> None:
    inside = "/2015-03-31/functions/f%2Fcode"
    assert found(request("lambda", "PUT", "/2015-03-31/functions/f/code")) == "UpdateFunctionCode"
    assert found(request("lambda", "DELETE", inside)) == "InvalidRequest"
    assert found(request("lambda", "GET", "/2015-03-31/nothing")) == "UnknownOperationException"


def test_a_rest_service_follows_neither_a_target_nor_a_hidden_action() -> None:
    path = "/2015-03-31/functions/f"
    body = json.dumps({"x": "&Action=DeleteFunction&"}).encode()
    assert found(request("lambda", "GET", path)) == "GetFunction"
    assert (
        found(request("lambda", "GET", path, headers={"x-amz-target": "x.DeleteFunction"}))
        == "InvalidRequest"
    )
    assert found(request("lambda", "GET", path, "Action=DeleteFunction")) == "InvalidRequest"
    assert found(request("lambda", "PUT", f"{path}/code", body=body)) == "InvalidRequest"


def test_an_unknown_service_is_not_built() -> None:
    assert found(request("nonsense")) == "NotImplemented"
