"""What CloudTrail calls a call, where it files it, and which errors it renames.

Source: S3 User Guide, "Amazon S3 CloudTrail events"; CloudTrail User Guide, "Logging data events", "CloudTrail record
contents".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.sandbox.service_models import service_model

if TYPE_CHECKING:
    from leastkey.sandbox.request import Refusal
    from leastkey.sandbox.services import Service

__all__ = ["data_type", "error_code", "event_name", "is_read", "leaves_nothing", "region_of", "source_of"]

_S3: Final = {
    "DeletePublicAccessBlock": "DeleteBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketLifecycleConfiguration": "GetBucketLifecycle",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "ListObjectsV2": "ListObjects",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketLifecycleConfiguration": "PutBucketLifecycle",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
"""S3's events whose names differ from the operations'."""

_LAMBDA: Final = {
    "AddPermission": "AddPermission20150331v2",
    "CreateFunction": "CreateFunction20150331",
    "DeleteFunction": "DeleteFunction20150331",
    "PublishVersion": "PublishVersion20150331",
    "RemovePermission": "RemovePermission20150331v2",
    "UpdateFunctionCode": "UpdateFunctionCode20150331v2",
    "UpdateFunctionConfiguration": "UpdateFunctionConfiguration20150331v2",
}
"""Lambda's events whose names carry a version.

Source: Lambda Developer Guide, "Logging AWS Lambda API calls using AWS CloudTrail".
"""

_S3_DATA: Final = frozenset(
    {
        "AbortMultipartUpload",
        "CompleteMultipartUpload",
        "CopyObject",
        "CreateMultipartUpload",
        "DeleteObject",
        "DeleteObjectTagging",
        "DeleteObjects",
        "GetObject",
        "GetObjectAcl",
        "GetObjectAttributes",
        "GetObjectLegalHold",
        "GetObjectTagging",
        "HeadBucket",
        "HeadObject",
        "ListMultipartUploads",
        "ListObjectVersions",
        "ListObjects",
        "ListParts",
        "PutObject",
        "PutObjectAcl",
        "PutObjectLegalHold",
        "PutObjectRetention",
        "PutObjectTagging",
        "RestoreObject",
        "SelectObjectContent",
        "UploadPart",
        "UploadPartCopy",
    }
)
_DATA: Final[dict[str, tuple[str, frozenset[str]]]] = {
    "s3": ("AWS::S3::Object", _S3_DATA),
    "dynamodb": (
        "AWS::DynamoDB::Table",
        frozenset(
            {
                "BatchExecuteStatement",
                "BatchGetItem",
                "BatchWriteItem",
                "DeleteItem",
                "ExecuteStatement",
                "ExecuteTransaction",
                "GetItem",
                "PutItem",
                "Query",
                "Scan",
                "TransactGetItems",
                "TransactWriteItems",
                "UpdateItem",
            }
        ),
    ),
    "kinesis": (
        "AWS::Kinesis::Stream",
        frozenset({"GetRecords", "GetShardIterator", "PutRecord", "PutRecords"}),
    ),
    "lambda": ("AWS::Lambda::Function", frozenset({"Invoke"})),
    "sns": ("AWS::SNS::Topic", frozenset({"Publish", "PublishBatch"})),
    "sqs": (
        "AWS::SQS::Queue",
        frozenset(
            {
                "ChangeMessageVisibility",
                "ChangeMessageVisibilityBatch",
                "DeleteMessage",
                "DeleteMessageBatch",
                "ReceiveMessage",
                "SendMessage",
                "SendMessageBatch",
            }
        ),
    ),
}
_SOURCES: Final = {"efs": "elasticfilesystem", "elbv2": "elasticloadbalancing", "stepfunctions": "states"}
_GLOBAL: Final = frozenset({"iam", "route53"})
_PURE: Final = (
    "BatchGet",
    "Describe",
    "Get",
    "Head",
    "List",
    "Lookup",
    "Query",
    "Scan",
    "Select",
    "Simulate",
    "TransactGet",
)
_READS: Final = (*_PURE, "ExecuteStatement", "Generate", "ReceiveMessage")
"""How operations begin that CloudTrail counts as reads: the last three leave something behind all the same."""
_READS_OF: Final = {
    "kms": frozenset({"Decrypt", "Encrypt", "ReEncrypt", "Sign", "Verify", "VerifyMac"}),
    "sts": frozenset(
        {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "DecodeAuthorizationMessage"}
    ),
}
"""Operations that CloudTrail counts as reads although their names do not say so."""


def event_name(service: str, operation: str) -> str:
    """Give CloudTrail's name of an operation."""
    renamed = {"lambda": _LAMBDA, "s3": _S3}.get(service, {})
    return renamed.get(operation, operation)


def data_type(service: str, event: str) -> str:
    """Give the resource type of a data event, "" for a management event."""
    kind, names = _DATA.get(service, ("", frozenset()))
    return kind if event in names else ""


def leaves_nothing(operation: str) -> bool:
    """Say whether an operation leaves the state as it was."""
    return operation.startswith(_PURE)


def is_read(service: str, operation: str) -> bool:
    """Say whether an operation changes nothing, as `readOnly` counts it."""
    return operation.startswith(_READS) or operation in _READS_OF.get(service, ())


def source_of(service: str) -> str:
    """Give the service as `eventSource` names it."""
    return f"{_SOURCES.get(service, service)}.amazonaws.com"


def region_of(service: str, region: str) -> str:
    """Give the region an event is filed in; those of global services are in us-east-1."""
    return "us-east-1" if service in _GLOBAL else region


def error_code(refusal: Refusal, service: Service | None) -> str:
    """Give the error as records name it: EC2's with its side, others by the exception of the service's model."""
    if service is None:
        return refusal.code
    if service.protocol == "ec2":
        return f"{'Client' if refusal.status < 500 else 'Server'}.{refusal.code}"
    if refusal.code == "AccessDeniedException":
        return "AccessDenied"
    model = service_model(service.name)
    if model is None or service.protocol != "query":
        return refusal.code
    shapes = (name for name, shape in model.shapes.items() if _wire_code(shape) == refusal.code)
    return next(shapes, refusal.code)


def _wire_code(shape: object) -> str:
    error = shape.get("error") if isinstance(shape, dict) else None
    return str(error.get("code", "")) if isinstance(error, dict) else ""
