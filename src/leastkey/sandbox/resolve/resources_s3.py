"""What S3's operations need: one or several actions on buckets and objects, with S3's condition keys.

Source: Service Authorization Reference, "Amazon S3"; Amazon S3 User Guide, "Required permissions for S3 API operations".
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote

from leastkey.sandbox.resolve import condition_keys_s3
from leastkey.sandbox.resolve.authorization import Authorization, UnjudgedError
from leastkey.sandbox.resolve.resources_iam import pass_role
from leastkey.sandbox.resolve.s3_operation import S3Target, target
from leastkey.sandbox.state.world import PARTITION

if TYPE_CHECKING:
    from leastkey.evaluate.request import Context
    from leastkey.sandbox.request import AwsRequest
    from leastkey.sandbox.state.world import World

__all__ = ["authorizations", "bypasses", "copy_source", "delete_asks", "deleted_keys", "is_quiet"]

_BUCKET_ACTIONS: Final = {
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
"""Operations on a bucket whose action has another name."""

_OBJECT_ACTIONS: Final[dict[str, tuple[str, ...]]] = {
    "AbortMultipartUpload": ("AbortMultipartUpload",),
    "CompleteMultipartUpload": ("PutObject",),
    "CopyObject": ("PutObject",),
    "CreateMultipartUpload": ("PutObject",),
    "DeleteObject": ("DeleteObject",),
    "DeleteObjectTagging": ("DeleteObjectTagging",),
    "GetObject": ("GetObject",),
    "GetObjectAcl": ("GetObjectAcl",),
    "GetObjectAttributes": ("GetObject", "GetObjectAttributes"),
    "GetObjectLegalHold": ("GetObjectLegalHold",),
    "GetObjectTagging": ("GetObjectTagging",),
    "HeadObject": ("GetObject",),
    "ListParts": ("ListMultipartUploadParts",),
    "PutObject": ("PutObject",),
    "PutObjectAcl": ("PutObjectAcl",),
    "PutObjectLegalHold": ("PutObjectLegalHold",),
    "PutObjectRetention": ("PutObjectRetention",),
    "PutObjectTagging": ("PutObjectTagging",),
    "RestoreObject": ("RestoreObject",),
    "SelectObjectContent": ("GetObject",),
    "UploadPart": ("PutObject",),
    "UploadPartCopy": ("PutObject",),
}

_VERSIONED: Final = {
    "DeleteObject": "DeleteObjectVersion",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "GetObject": "GetObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "GetObjectAttributes": "GetObjectVersionAttributes",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectAcl": "PutObjectVersionAcl",
    "PutObjectTagging": "PutObjectVersionTagging",
}
"""The action an operation needs when it names a version."""

_WRITES: Final = frozenset({"PutObject", "CopyObject", "CreateMultipartUpload"})
_GRANTS: Final = (
    "x-amz-acl",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
)


def authorizations(operation: str, request: AwsRequest, world: World) -> tuple[Authorization, ...]:
    """Give what an S3 operation needs."""
    where = target(request)
    context = condition_keys_s3.request_keys(request, where)
    if operation == "ListBuckets":
        return (Authorization("s3:ListAllMyBuckets", "*", request.account, context),)
    # A bucket is made in the caller's account; that the name is taken is said once that is allowed.
    owner = request.account if operation == "CreateBucket" else _owner(where.bucket, world)
    if operation == "DeleteObjects":
        return _deletes(request, where, owner, context, world)
    if operation in _OBJECT_ACTIONS:
        return _object(operation, request, where, owner, context, world)
    action = _BUCKET_ACTIONS.get(operation, operation)
    needed = [Authorization(f"s3:{action}", _bucket_arn(where.bucket), owner, context)]
    if operation == "PutBucketReplication":
        needed += [pass_role(role, "s3", world) for role in _replication_roles(request.body)]
    if operation == "CreateBucket":
        needed += [
            Authorization(f"s3:{extra}", _bucket_arn(where.bucket), owner, context)
            for extra, is_asked in (
                ("PutBucketAcl", any(name in request.headers for name in _GRANTS)),
                ("PutBucketOwnershipControls", "x-amz-object-ownership" in request.headers),
                ("PutBucketObjectLockConfiguration", "x-amz-bucket-object-lock-enabled" in request.headers),
            )
            if is_asked
        ]
    return tuple(needed)


def copy_source(request: AwsRequest) -> tuple[str, str, str]:
    """Give bucket, key and version of `x-amz-copy-source`."""
    path, _, query = request.headers.get("x-amz-copy-source", "").partition("?")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    return bucket, key, parse_qs(query).get("versionId", [""])[0]


def deleted_keys(body: bytes) -> tuple[tuple[str, str], ...]:
    """Give key and version of each object a DeleteObjects request names, none when it is no such request."""
    root = _delete_request(body)
    if root is None:
        return ()
    return tuple(
        (_child(each, "Key"), _child(each, "VersionId")) for each in root if _local(each.tag) == "Object"
    )


def is_quiet(body: bytes) -> bool:
    """Say whether a DeleteObjects request wants to hear of errors only."""
    root = _delete_request(body)
    return root is not None and _child(root, "Quiet").strip().lower() == "true"


def delete_asks(
    request: AwsRequest, bucket: str, owner: str, key: str, version: str, world: World
) -> tuple[Authorization, ...]:
    """Give what the deletion of one object needs."""
    context = {
        **condition_keys_s3.request_keys(request, S3Target(bucket, key, target(request).query)),
        **condition_keys_s3.object_keys(world, bucket, key, version),
        **({"s3:VersionId": version} if version else {}),
    }
    names = ["DeleteObjectVersion" if version else "DeleteObject"]
    names += ["BypassGovernanceRetention"] if bypasses(request) else []
    return tuple(Authorization(f"s3:{name}", _object_arn(bucket, key), owner, context) for name in names)


def bypasses(request: AwsRequest) -> bool:
    """Say whether a request asks to pass over governance retention: moto takes any text for a yes."""
    return bool(request.headers.get("x-amz-bypass-governance-retention", ""))


def _delete_request(body: bytes) -> Any | None:
    root = _parsed(body)
    return root if root is not None and _local(root.tag) == "Delete" else None


def _parsed(body: bytes) -> Any | None:
    if b"<!" in body:
        return None
    try:
        return ET.fromstring(body)  # noqa: S314  # a document type is refused above, so there is nothing to expand
    except (ET.ParseError, ValueError):
        return None


def _replication_roles(body: bytes) -> tuple[str, ...]:
    """Give the roles that a replication hands to S3. Raises UnjudgedError for what cannot be read."""
    root = _parsed(body)
    if root is None:
        raise UnjudgedError("the replication")
    return tuple(
        (each.text or "").strip() for each in root.iter() if _local(each.tag) == "Role" and each.text
    )


def _deletes(
    request: AwsRequest, where: S3Target, owner: str, context: Context, world: World
) -> tuple[Authorization, ...]:
    needed = [
        each
        for key, version in deleted_keys(request.body)
        for each in delete_asks(request, where.bucket, owner, key, version, world)
    ]
    return tuple(needed) or (
        Authorization("s3:DeleteObject", _bucket_arn(where.bucket), owner, context, unresolved=True),
    )


def _object(  # one private step of `authorizations`
    operation: str, request: AwsRequest, where: S3Target, owner: str, context: Context, world: World
) -> tuple[Authorization, ...]:
    arn = _object_arn(where.bucket, where.key)
    version = where.query.get("versionId", "")
    names = tuple(_VERSIONED.get(name, name) if version else name for name in _OBJECT_ACTIONS[operation])
    names += _with_headers(operation, request)
    full = {**context, **condition_keys_s3.object_keys(world, where.bucket, where.key, version)}
    needed = [Authorization(f"s3:{name}", arn, owner, full) for name in names]
    if operation in ("CopyObject", "UploadPartCopy"):
        needed.insert(0, _source(request, context, world))
    return tuple(needed)


def _with_headers(operation: str, request: AwsRequest) -> tuple[str, ...]:
    """Give the further actions that headers of a write ask for."""
    if operation not in _WRITES:
        return ("BypassGovernanceRetention",) if _bypasses(operation, request) else ()
    asked = (
        ("PutObjectTagging", "x-amz-tagging" in request.headers),
        ("PutObjectAcl", any(name in request.headers for name in _GRANTS)),
        ("PutObjectRetention", "x-amz-object-lock-mode" in request.headers),
        ("PutObjectLegalHold", "x-amz-object-lock-legal-hold" in request.headers),
    )
    return tuple(name for name, is_asked in asked if is_asked)


def _bypasses(operation: str, request: AwsRequest) -> bool:
    return operation in ("DeleteObject", "PutObjectRetention") and bypasses(request)


def _source(request: AwsRequest, context: Context, world: World) -> Authorization:
    bucket, key, version = copy_source(request)
    return Authorization(
        "s3:GetObjectVersion" if version else "s3:GetObject",
        _object_arn(bucket, key),
        _owner(bucket, world),
        {**context, **condition_keys_s3.object_keys(world, bucket, key, version)},
    )


def _owner(bucket: str, world: World) -> str:
    found = world.bucket(bucket)
    return "" if found is None else found[0]


def _bucket_arn(bucket: str) -> str:
    return f"arn:{PARTITION}:s3:::{bucket}"


def _object_arn(bucket: str, key: str) -> str:
    return f"arn:{PARTITION}:s3:::{bucket}/{key}"


def _child(element: Any, name: str) -> str:
    return next((each.text or "" for each in element if _local(each.tag) == name), "")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
