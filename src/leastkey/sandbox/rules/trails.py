"""Trails as CloudTrail keeps them: moto takes any parameter, asks no policy of the bucket and forgets what a trail selects.

Source: CloudTrail API Reference, CreateTrail, UpdateTrail, DeleteTrail, GetTrailStatus, PutEventSelectors.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from leastkey.sandbox.authorize.trail_bucket import may_deliver
from leastkey.sandbox.errors import not_built
from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import text
from leastkey.sandbox.rules.trail_selectors import DEFAULT, selector_fault
from leastkey.sandbox.state.world import PARTITION

if TYPE_CHECKING:
    from leastkey.sandbox.request import AwsRequest, Operation, Response
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["refusal", "settle"]

_BUILT: Final = frozenset(
    {"Name", "S3BucketName", "S3KeyPrefix", "IncludeGlobalServiceEvents", "IsMultiRegionTrail"}
)
_OF_ONE: Final = frozenset({"DeleteTrail", "UpdateTrail", "PutEventSelectors", "GetEventSelectors"})
"""Operations on a trail of this region; moto finds the others' itself."""


def refusal(request: AwsRequest, operation: str, given: Parameters, world: World) -> Refusal | None:
    """Refuse a trail that cannot be, or that is not there."""
    trails = world.backend("cloudtrail", request.account, request.region).trails
    name = text(given, "TrailName") or text(given, "Name")
    if operation in _OF_ONE and _named(name) not in trails:
        return Refusal(
            400, "TrailNotFoundException", f"Unknown trail: {name} for the user: {request.account}"
        )
    if operation == "PutEventSelectors":
        return selector_fault(given)
    if operation not in ("CreateTrail", "UpdateTrail"):
        return None
    stranger = min((each for each in given if each not in _BUILT and given[each]), default=None)
    if stranger is not None:
        return not_built(f"The parameter {stranger} of cloudtrail:{operation}")
    if operation == "UpdateTrail":
        return _update_fault(request, trails[_named(name)], given, world)
    if name in trails:
        words = f"Trail {name} already exists for customer: {request.account}"
        return Refusal(400, "TrailAlreadyExistsException", words)
    return _bucket_fault(request, name, text(given, "S3BucketName"), text(given, "S3KeyPrefix"), world)


def _update_fault(request: AwsRequest, trail: Any, given: Parameters, world: World) -> Refusal | None:
    """Refuse an update that leaves a trail which CreateTrail would not make."""
    is_multi = given.get("IsMultiRegionTrail", trail.is_multi_region)
    if is_multi and not given.get("IncludeGlobalServiceEvents", trail.include_global_service_events):
        words = "Multi-Region trail must include global service events."
        return Refusal(400, "InvalidParameterCombinationException", words)
    bucket = text(given, "S3BucketName") or trail.bucket_name
    prefix = text(given, "S3KeyPrefix") if "S3KeyPrefix" in given else trail.s3_key_prefix or ""
    return _bucket_fault(request, trail.trail_name, bucket, prefix, world)


def _bucket_fault(request: AwsRequest, name: str, bucket: str, prefix: str, world: World) -> Refusal | None:
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


def settle(
    request: AwsRequest, operation: Operation, given: Parameters, world: World, response: Response
) -> Response:
    """Put right what moto answers of trails."""
    if response.status != 200:
        return response
    here = world.backend("cloudtrail", request.account, request.region)
    body = json.loads(response.body)
    match operation.name:
        case "DeleteTrail":  # by its ARN: moto finds it by its name alone
            here.trails.pop(_named(text(given, "Name")), None)
            return response
        case "StartLogging":  # from this very call on: moto looks at its clock a moment later
            here.get_trail_status(text(given, "Name")).started = request.now.replace(tzinfo=None)
            return response
        case "GetEventSelectors":
            body["EventSelectors"] = body.get("EventSelectors") or [DEFAULT]
            body.pop("AdvancedEventSelectors", None)
        case "PutEventSelectors":
            body.pop("AdvancedEventSelectors", None)
        case "GetTrailStatus":
            body |= _delivered(here.get_trail_status(text(given, "Name")))
        case "GetTrail":
            _mark(body["Trail"], here)
        case "DescribeTrails":
            for each in body["trailList"]:
                _mark(each, here)
        case _:
            return response
    return replace(response, body=json.dumps(body).encode())


def _mark(trail: dict[str, Any], here: Any) -> None:
    """Say whether a trail has event selectors of its own; moto always says no."""
    known = {each.arn: each for each in here.describe_trails(include_shadow_trails=True)}
    trail["HasCustomEventSelectors"] = bool(known[trail["TrailARN"]].event_selectors)


def _delivered(status: Any) -> dict[str, Any]:
    """Give what came of the last delivery; moto calls each moment of logging one."""
    told: dict[str, Any] = {"LatestDeliveryError": getattr(status, "failed", "")}
    attempted, delivered = getattr(status, "attempted_at", None), getattr(status, "delivered_at", None)
    told["LatestDeliveryAttemptTime"] = "" if attempted is None else f"{attempted:%Y-%m-%dT%H:%M:%SZ}"
    told["LatestDeliveryAttemptSucceeded"] = "" if delivered is None else f"{delivered:%Y-%m-%dT%H:%M:%SZ}"
    told["LatestDeliveryTime"] = None if delivered is None else delivered.timestamp()
    return told


def _named(name: str) -> str:
    return name.rpartition(":trail/")[2]
