"""Trails that CloudTrail would not make: moto takes any parameter and asks no policy of the bucket.

Source: CloudTrail API Reference, CreateTrail, DeleteTrail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.sandbox.authorize.trail_bucket import may_deliver
from leastkey.sandbox.errors import not_built
from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import text
from leastkey.sandbox.state.world import PARTITION

if TYPE_CHECKING:
    from leastkey.sandbox.request import AwsRequest
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["delete_by_arn", "refusal"]

_BUILT: Final = frozenset(
    {"Name", "S3BucketName", "S3KeyPrefix", "IncludeGlobalServiceEvents", "IsMultiRegionTrail"}
)


def refusal(request: AwsRequest, operation: str, given: Parameters, world: World) -> Refusal | None:
    """Refuse a trail that cannot be, or that is not there."""
    trails = world.backend("cloudtrail", request.account, request.region).trails
    name = text(given, "Name")
    if operation == "DeleteTrail" and _named(name) not in trails:
        return Refusal(
            400, "TrailNotFoundException", f"Unknown trail: {name} for the user: {request.account}"
        )
    if operation != "CreateTrail":
        return None
    stranger = min((each for each in given if each not in _BUILT and given[each]), default=None)
    if stranger is not None:
        return not_built(f"The parameter {stranger} of cloudtrail:CreateTrail")
    if name in trails:
        words = f"Trail {name} already exists for customer: {request.account}"
        return Refusal(400, "TrailAlreadyExistsException", words)
    bucket, prefix = text(given, "S3BucketName"), text(given, "S3KeyPrefix")
    found = world.bucket(bucket)
    if found is None:
        return Refusal(400, "S3BucketDoesNotExistException", f"S3 bucket {bucket} does not exist!")
    if found[0] != request.account:
        return not_built("A trail into a bucket of another account")
    arn = f"arn:{PARTITION}:cloudtrail:{request.region}:{request.account}:trail/{name}"
    if not may_deliver(arn, bucket, prefix, world):
        words = f"Incorrect S3 bucket policy is detected for bucket: {bucket}"
        return Refusal(400, "InsufficientS3BucketPolicyException", words)
    return None


def delete_by_arn(request: AwsRequest, given: Parameters, world: World) -> None:
    """Delete a trail that is named by its ARN: moto finds it by its name alone."""
    world.backend("cloudtrail", request.account, request.region).trails.pop(_named(text(given, "Name")), None)


def _named(name: str) -> str:
    return name.rpartition(":trail/")[2]
