"""S3's operations: method, bucket or key, and the sub-resource named in the query.

Two sub-resources in one request, and those moto would silently answer as something else, are refused.
Source: Amazon S3 API Reference; Service Authorization Reference, "Actions defined by Amazon S3".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote

from leastkey.sandbox.request import Operation, Refusal, is_form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.sandbox.request import AwsRequest

__all__ = ["S3Target", "operation", "target"]

_BUCKET: Final[dict[str, dict[str, str]]] = {
    "HEAD": {"": "HeadBucket"},
    "GET": {
        "": "ListObjects",
        "accelerate": "GetBucketAccelerateConfiguration",
        "acl": "GetBucketAcl",
        "cors": "GetBucketCors",
        "encryption": "GetBucketEncryption",
        "inventory": "ListBucketInventoryConfigurations",
        "lifecycle": "GetBucketLifecycleConfiguration",
        "location": "GetBucketLocation",
        "logging": "GetBucketLogging",
        "notification": "GetBucketNotificationConfiguration",
        "object-lock": "GetObjectLockConfiguration",
        "ownershipControls": "GetBucketOwnershipControls",
        "policy": "GetBucketPolicy",
        "policyStatus": "GetBucketPolicyStatus",
        "publicAccessBlock": "GetPublicAccessBlock",
        "replication": "GetBucketReplication",
        "tagging": "GetBucketTagging",
        "uploads": "ListMultipartUploads",
        "versioning": "GetBucketVersioning",
        "versions": "ListObjectVersions",
        "website": "GetBucketWebsite",
    },
    "PUT": {
        "": "CreateBucket",
        "accelerate": "PutBucketAccelerateConfiguration",
        "acl": "PutBucketAcl",
        "cors": "PutBucketCors",
        "encryption": "PutBucketEncryption",
        "inventory": "PutBucketInventoryConfiguration",
        "lifecycle": "PutBucketLifecycleConfiguration",
        "logging": "PutBucketLogging",
        "notification": "PutBucketNotificationConfiguration",
        "object-lock": "PutObjectLockConfiguration",
        "ownershipControls": "PutBucketOwnershipControls",
        "policy": "PutBucketPolicy",
        "publicAccessBlock": "PutPublicAccessBlock",
        "replication": "PutBucketReplication",
        "tagging": "PutBucketTagging",
        "versioning": "PutBucketVersioning",
        "website": "PutBucketWebsite",
    },
    "DELETE": {
        "": "DeleteBucket",
        "cors": "DeleteBucketCors",
        "encryption": "DeleteBucketEncryption",
        "lifecycle": "DeleteBucketLifecycle",
        "ownershipControls": "DeleteBucketOwnershipControls",
        "policy": "DeleteBucketPolicy",
        "publicAccessBlock": "DeletePublicAccessBlock",
        "replication": "DeleteBucketReplication",
        "tagging": "DeleteBucketTagging",
        "website": "DeleteBucketWebsite",
    },
    "POST": {"delete": "DeleteObjects"},
}

_KEY: Final[dict[str, dict[str, str]]] = {
    "HEAD": {"": "HeadObject"},
    "GET": {
        "": "GetObject",
        "acl": "GetObjectAcl",
        "attributes": "GetObjectAttributes",
        "legal-hold": "GetObjectLegalHold",
        "tagging": "GetObjectTagging",
        "uploadId": "ListParts",
    },
    "PUT": {
        "": "PutObject",
        "acl": "PutObjectAcl",
        "legal-hold": "PutObjectLegalHold",
        "retention": "PutObjectRetention",
        "tagging": "PutObjectTagging",
        "uploadId": "UploadPart",
    },
    "DELETE": {"": "DeleteObject", "tagging": "DeleteObjectTagging", "uploadId": "AbortMultipartUpload"},
    "POST": {
        "restore": "RestoreObject",
        "select": "SelectObjectContent",
        "uploadId": "CompleteMultipartUpload",
        "uploads": "CreateMultipartUpload",
    },
}

_UNBUILT: Final = frozenset(
    {
        "analytics",
        "intelligent-tiering",
        "metadataConfiguration",
        "metadataInventoryTable",
        "metadataJournalTable",
        "metadataTable",
        "metrics",
        "renameObject",
        "requestPayment",
        "session",
        "torrent",
    }
)
"""Sub-resources of S3 that moto does not know: it would list, read or create instead."""

_UNBUILT_BY_METHOD: Final = frozenset({("DELETE", "inventory"), ("GET", "retention"), ("PUT", "encryption")})
"""Operations of S3 on known sub-resources that moto does not have."""

_SUBRESOURCES: Final = _UNBUILT.union(*_BUCKET.values(), *_KEY.values()) - {""}

_SOURCE: Final = re.compile(r"/?[^/#;:?]+/[^#;?]+(\?versionId=[^&#;?]+)?")
"""A copy source that every reader splits alike: characters that could end its path must be percent-encoded."""


@dataclass(frozen=True, slots=True)
class S3Target:
    """What an S3 request addresses: the bucket ("" for the service itself), the key ("" for the bucket), the query."""

    bucket: str
    key: str
    query: Mapping[str, str]


def operation(request: AwsRequest) -> Operation | Refusal:
    """Give the S3 operation a request asks for, or S3's refusal."""
    fault = _address_fault(request) or _body_fault(request)
    if fault is not None:
        return fault
    where = target(request)
    named = sorted(_SUBRESOURCES & where.query.keys())
    if len(named) > 1:
        return Refusal(400, "InvalidArgument", f"Conflicting query string parameters: {', '.join(named)}")
    subresource = named[0] if named else ""
    if not where.bucket:
        name = "ListBuckets" if request.method == "GET" and not subresource else None
    else:
        table = _KEY if where.key else _BUCKET
        name = table.get(request.method, {}).get(subresource)
    if name is None:
        return _no_operation(request.method, subresource)
    return _refined(name, request, where)


def target(request: AwsRequest) -> S3Target:
    """Split an S3 address into bucket and key, path style or virtual host."""
    query = {name: values[0] for name, values in parse_qs(request.raw_query, keep_blank_values=True).items()}
    if request.bucket_host:
        return S3Target(request.bucket_host, unquote(request.raw_path[1:]), query)
    bucket, _, key = request.raw_path[1:].partition("/")
    return S3Target(unquote(bucket), unquote(key), query)


def _address_fault(request: AwsRequest) -> Refusal | None:
    """Refuse addresses that two readers could split differently, and a query parameter given twice."""
    twice = any(len(values) > 1 for values in parse_qs(request.raw_query, keep_blank_values=True).values())
    if twice:
        return Refusal(400, "InvalidArgument", "A query string parameter is given twice.")
    if "x-amz-copy-source" in request.headers and not _SOURCE.fullmatch(request.headers["x-amz-copy-source"]):
        return Refusal(400, "InvalidArgument", "Invalid copy source encoding.")
    if request.bucket_host:
        return None
    bucket, _, rest = request.raw_path[1:].partition("/")
    if "%" in bucket or (not bucket and rest):
        return Refusal(400, "InvalidURI", "Couldn't parse the specified URI.")
    return None


def _body_fault(request: AwsRequest) -> Refusal | None:
    """Refuse bodies from which moto would take parameters: forms, and any body of a request that has none."""
    kind = request.headers.get("content-type", "").lower()
    if is_form(request.headers) or kind.startswith("multipart/"):
        return Refusal(501, "NotImplemented", "Form uploads are not built here; name another Content-Type.")
    if request.body and request.method in ("GET", "HEAD", "DELETE"):
        return Refusal(400, "InvalidRequest", "This request takes no body.")
    return None


def _no_operation(method: str, subresource: str) -> Refusal:
    if subresource in _UNBUILT or (method, subresource) in _UNBUILT_BY_METHOD:
        return Refusal(501, "NotImplemented", f"The sub-resource {subresource} is not built here.")
    return Refusal(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")


def _refined(name: str, request: AwsRequest, where: S3Target) -> Operation | Refusal:
    """Tell apart the operations that share method and sub-resource."""
    copies = "x-amz-copy-source" in request.headers
    part = "partNumber" in where.query
    match name:
        case "ListObjects" if where.query.get("list-type") == "2":
            name = "ListObjectsV2"
        case "ListBucketInventoryConfigurations" if "id" in where.query:
            name = "GetBucketInventoryConfiguration"
        case "PutObject" if part:
            return Refusal(400, "InvalidArgument", "This operation needs uploadId beside partNumber.")
        case "PutObject" if copies:
            name = "CopyObject"
        case "UploadPart" if not part or not where.query["uploadId"]:
            return Refusal(400, "InvalidArgument", "This operation needs uploadId and partNumber.")
        case "UploadPart" if copies:
            name = "UploadPartCopy"
        case "CreateMultipartUpload" if request.body:
            return Refusal(400, "MalformedXML", "This operation takes no body.")
        case _:
            pass
    return Operation(name, "rest-xml")
