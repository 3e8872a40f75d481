"""What S3 refuses and moto would carry out, and what a new bucket is like.

Source: S3 API Reference, "Error responses"; Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leastkey.iam.document import DocumentError
from leastkey.sandbox.authorize.public_access import close, is_public
from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.resources_s3 import copy_source
from leastkey.sandbox.resolve.s3_operation import target
from leastkey.sandbox.rules.iam_documents import unknown_principal
from leastkey.sandbox.state.world import PARTITION, document

if TYPE_CHECKING:
    from leastkey.iam.document import PolicyDocument
    from leastkey.sandbox.request import AwsRequest, Operation, Response
    from leastkey.sandbox.state.world import World

__all__ = ["refusal", "settle"]

_POLICY_BYTES: Final = 20_480
_OF_UPLOAD: Final = frozenset(
    {"AbortMultipartUpload", "CompleteMultipartUpload", "ListParts", "UploadPart", "UploadPartCopy"}
)


def refusal(request: AwsRequest, operation: Operation, world: World) -> Refusal | None:
    """Give S3's refusal of a request, or None."""
    where = target(request)
    found = world.bucket(where.bucket)
    if not _is_expected(request, where.bucket, world):
        return Refusal(403, "AccessDenied", "The bucket does not belong to the account that was expected.")
    if operation.name in _OF_UPLOAD:
        return _upload_fault(where.query.get("uploadId", ""), where.key, None if found is None else found[1])
    if operation.name == "PutBucketPolicy":
        return _policy_fault(request.body, where.bucket, None if found is None else found[1], world)
    if operation.name == "CreateBucket" and found is not None and found[0] != request.account:
        return Refusal(409, "BucketAlreadyExists", "The requested bucket name is not available.")
    return None


def _is_expected(request: AwsRequest, bucket: str, world: World) -> bool:
    """Say whether the buckets of a request belong to whom its sender expects."""
    pairs = (
        ("x-amz-expected-bucket-owner", bucket),
        ("x-amz-source-expected-bucket-owner", copy_source(request)[0]),
    )
    for header, name in pairs:
        found = world.bucket(name)
        if header in request.headers and found is not None and found[0] != request.headers[header]:
            return False
    return True


def settle(request: AwsRequest, operation: Operation, world: World, response: Response) -> None:
    """Close a new bucket to the public, as AWS does."""
    if operation.name != "CreateBucket" or response.status != 200:
        return
    found = world.bucket(target(request).bucket)
    if found is not None and found[1].public_access_block is None and not found[1].keys:
        close(found[1])


def _upload_fault(upload: str, key: str, bucket: Any | None) -> Refusal | None:
    """Refuse an upload that is not there, or is another key's: moto finds it by its id alone."""
    if bucket is None:
        return None
    known = bucket.multiparts.get(upload)
    if known is not None and known.key_name == key:
        return None
    return Refusal(
        404,
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
        "completed.",
    )


def _policy_fault(body: bytes, name: str, bucket: Any | None, world: World) -> Refusal | None:
    if len(body) > _POLICY_BYTES:
        return _malformed("The policy exceeds the maximum size of 20 KB.")
    try:
        policy = document(body.decode("utf-8"), "resource")
    except (DocumentError, UnicodeDecodeError) as error:
        return _malformed(f"Policies must be valid JSON and policy language: {error}")
    if not _is_about(policy, name):
        return _malformed("Policy has invalid resource")
    for statement in policy.statements:
        for principals in (statement.principal, statement.not_principal):
            if principals is not None and unknown_principal(principals, world) is not None:
                return _malformed("Invalid principal in policy")
    block = getattr(bucket, "public_access_block", None)
    if getattr(block, "block_public_policy", False) and is_public(policy):
        return Refusal(
            403,
            "AccessDenied",
            "The bucket policy grants public access and the BlockPublicPolicy setting of Block Public Access is on.",
        )
    return None


def _is_about(policy: PolicyDocument, name: str) -> bool:
    """Say whether every resource of a policy lies in its bucket."""
    arn = f"arn:{PARTITION}:s3:::{name}"
    patterns = [
        pattern
        for statement in policy.statements
        for pattern in (*statement.resources, *statement.not_resources)
    ]
    return all(pattern == arn or pattern.startswith((f"{arn}/", f"{arn}*")) for pattern in patterns)


def _malformed(words: str) -> Refusal:
    return Refusal(400, "MalformedPolicy", words)
