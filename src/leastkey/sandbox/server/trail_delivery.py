"""Puts the records of calls into the buckets of the trails that log them, as CloudTrail does.

Which calls a trail logs its event selectors say. The bucket's policy is asked each time, and the trail's status tells what came of it.
Source: CloudTrail User Guide, "Finding your CloudTrail log files"; "Creating a trail with the AWS CLI".
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from leastkey.sandbox.authorize.trail_bucket import log_folder, may_deliver
from leastkey.sandbox.rules.trail_selectors import selects
from leastkey.sandbox.server.trail_files import file_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leastkey.sandbox.state.world import World

__all__ = ["deliver"]

_GLOBAL: Final = frozenset({"iam.amazonaws.com", "sts.amazonaws.com"})


def deliver(events: Sequence[Mapping[str, Any]], world: World, now: datetime) -> int:
    """Put the events into buckets, a file for each trail and day; gives how many files. The caller holds the gate's lock."""
    files = 0
    for account in {str(each["recipientAccountId"]) for each in events}:
        if not world.accounts.has(account):
            continue
        for trail in _trails(account):
            days: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
            for event in events:
                if event["recipientAccountId"] == account and _logs(trail, event):
                    key = str(event["awsRegion"]), str(event["eventTime"])[:10]
                    days.setdefault(key, []).append(event)
            if days and _may(trail, world, now):
                for (region, day), found in days.items():
                    _put(trail, region, day, found, world)
                    files += 1
    return files


def _may(trail: Any, world: World, now: datetime) -> bool:
    """Say whether the bucket takes the trail's files now, and note it in the trail's status with S3's code."""
    status = trail.status
    status.attempted_at, status.failed = now, ""
    if world.bucket(trail.bucket_name) is None:
        status.failed = "NoSuchBucket"
    elif not may_deliver(trail.arn, trail.bucket_name, trail.s3_key_prefix or "", world):
        status.failed = "AccessDenied"
    else:
        status.delivered_at = now
    return not status.failed


def _trails(account: str) -> list[Any]:
    from moto.cloudtrail.models import cloudtrail_backends

    regions: Mapping[str, Any] = cloudtrail_backends.get(account, {})
    return [trail for backend in list(regions.values()) for trail in backend.trails.values()]


def _logs(trail: Any, event: Mapping[str, Any]) -> bool:
    """Say whether a trail logged when the call was made, and logs such calls."""
    status = trail.status
    if status.started is None or not selects(trail.event_selectors, event):
        return False
    if not trail.is_multi_region and event["awsRegion"] != trail.region_name:
        return False
    if event["eventSource"] in _GLOBAL and not trail.include_global_service_events:
        return False
    at = datetime.fromisoformat(str(event["eventTime"]))
    began = _utc(status.started).replace(microsecond=0)
    return began <= at and (status.is_logging or at <= _utc(status.stopped))


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _put(trail: Any, region: str, day: str, events: list[Mapping[str, Any]], world: World) -> None:
    account = trail.account_id
    name = file_name(account, region, str(events[-1]["eventTime"]))
    folder = f"{log_folder(trail.s3_key_prefix or '', account)}/CloudTrail/{region}/{day.replace('-', '/')}"
    data = gzip.compress(json.dumps({"Records": events}).encode(), 6)
    found = world.bucket(trail.bucket_name)
    if found is None:
        return
    key = world.backend("s3", found[0]).put_object(trail.bucket_name, f"{folder}/{name}", data)
    key.metadata["Content-Type"] = "application/json"
    key.metadata["Content-Encoding"] = "gzip"
