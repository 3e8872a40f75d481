"""S3's condition keys, from the request's headers and query and from the object that is there.

Source: Service Authorization Reference, "Condition keys for Amazon S3".
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from leastkey.sandbox.resolve.tags import request_tags

if TYPE_CHECKING:
    from leastkey.evaluate.request import Context
    from leastkey.sandbox.request import AwsRequest
    from leastkey.sandbox.resolve.s3_operation import S3Target
    from leastkey.sandbox.state.world import World

__all__ = ["object_keys", "request_keys"]

_HEADERS: Final = {
    "if-match": "s3:if-match",
    "if-none-match": "s3:if-none-match",
    "x-amz-object-lock-legal-hold": "s3:object-lock-legal-hold",
    "x-amz-object-lock-mode": "s3:object-lock-mode",
    "x-amz-object-lock-retain-until-date": "s3:object-lock-retain-until-date",
} | {
    name: f"s3:{name}"
    for name in (
        "x-amz-acl",
        "x-amz-content-sha256",
        "x-amz-copy-source",
        "x-amz-grant-full-control",
        "x-amz-grant-read",
        "x-amz-grant-read-acp",
        "x-amz-grant-write",
        "x-amz-grant-write-acp",
        "x-amz-metadata-directive",
        "x-amz-object-ownership",
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-aws-kms-key-id",
        "x-amz-server-side-encryption-customer-algorithm",
        "x-amz-storage-class",
        "x-amz-website-redirect-location",
    )
}
_QUERY: Final = {
    "prefix": "s3:prefix",
    "delimiter": "s3:delimiter",
    "max-keys": "s3:max-keys",
    "versionId": "s3:VersionId",
}


def request_keys(request: AwsRequest, where: S3Target) -> Context:
    """Give the keys a request itself carries."""
    context: dict[str, str | tuple[str, ...]] = {
        key: request.headers[header] for header, key in _HEADERS.items() if header in request.headers
    }
    context.update({key: where.query[name] for name, key in _QUERY.items() if name in where.query})
    if "authorization" in request.headers:
        context["s3:authType"] = "REST-HEADER"
    elif any(name.lower() == "x-amz-signature" for name in where.query):
        context["s3:authType"] = "REST-QUERY-STRING"
    if "s3:authType" in context:
        context["s3:signatureversion"] = "AWS4-HMAC-SHA256"
    elif "Signature" in where.query:
        context.update({"s3:authType": "REST-QUERY-STRING", "s3:signatureversion": "AWS"})
    context.update(_age(request, where))
    tags = dict(parse_qsl(request.headers.get("x-amz-tagging", ""), keep_blank_values=True))
    context.update({f"s3:RequestObjectTag/{key}": value for key, value in tags.items()})
    if tags:
        context["s3:RequestObjectTagKeys"] = tuple(tags)
        context.update(request_tags(tags))
    return context


def _age(request: AwsRequest, where: S3Target) -> Context:
    """Give how old a signature of Version 4 is, in milliseconds.

    Source: S3 API Reference, "Amazon S3 Signature Version 4 Authentication Specific Policy Keys".
    """
    made = where.query.get("X-Amz-Date") or request.headers.get("x-amz-date", "")
    try:
        age = request.now - datetime.strptime(made, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return {}
    return {"s3:signatureAge": str(max(0, round(age.total_seconds() * 1000)))}


def object_keys(world: World, bucket: str, key: str, version: str) -> Context:
    """Give the tags of the object that is there, as `s3:ExistingObjectTag`."""
    found = world.bucket(bucket)
    if found is None:
        return {}
    versions = [each for each in found[1].keys.getlist(key, []) if hasattr(each, "arn")]
    if version:
        versions = [each for each in versions if each.version_id == version]
    if not versions:
        return {}
    tags = world.backend("s3", found[0]).tagger.get_tag_dict_for_resource(versions[-1].arn)
    return {f"s3:ExistingObjectTag/{name}": value for name, value in tags.items()}
