"""CloudTrail's LookupEvents, answered from the sandbox's own event history.

Source: CloudTrail API Reference, LookupEvents; CloudTrail User Guide, "Working with CloudTrail Event history".
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from leastkey.sandbox.request import Refusal, Response
from leastkey.sandbox.resolve.parameters import Parameters, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["lookup_events"]

_MOST: Final = 50
_KEPT: Final = timedelta(days=90)
_LOOKS_AT: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[str, ...]]]] = {
    "EventId": lambda event: (event["eventID"],),
    "EventName": lambda event: (event["eventName"],),
    "ReadOnly": lambda event: (_read_only(event),),
    "Username": lambda event: (_user_name(event),),
    "ResourceType": lambda event: tuple(each["ResourceType"] for each in _resources(event)),
    "ResourceName": lambda event: tuple(each["ResourceName"] for each in _resources(event)),
    "EventSource": lambda event: (event["eventSource"],),
    "AccessKeyId": lambda event: (event["userIdentity"].get("accessKeyId", ""),),
}


def lookup_events(given: Parameters, history: Sequence[str], now: datetime) -> Response | Refusal:
    """Answer with a page, newest first. `history` holds the records of the caller's account and region, oldest first."""
    fault = _fault(given)
    if fault is not None:
        return fault
    start, end = _time(given.get("StartTime")), _time(given.get("EndTime"))
    wanted = [(each["AttributeKey"], each["AttributeValue"]) for each in given.get("LookupAttributes") or ()]
    category = text(given, "EventCategory")
    found = [] if category else [json.loads(each) for each in reversed(history)]
    kept = [
        event
        for event in found
        if max(start or now - _KEPT, now - _KEPT) <= _at(event) <= (end or now)
        and all(value in _LOOKS_AT[key](event) for key, value in wanted)
    ]
    token = text(given, "NextToken")
    ids = [event["eventID"] for event in kept]
    if token and token not in ids:
        return Refusal(400, "InvalidNextTokenException", "The token is not valid or has expired.")
    begin = ids.index(token) if token else 0
    stop = begin + int(given.get("MaxResults") or _MOST)
    answer: dict[str, Any] = {"Events": [_entry(event) for event in kept[begin:stop]]}
    if stop < len(kept):
        answer["NextToken"] = ids[stop]
    return Response(200, (("Content-Type", "application/x-amz-json-1.1"),), json.dumps(answer).encode())


def _fault(given: Parameters) -> Refusal | None:
    attributes, most = given.get("LookupAttributes") or [], given.get("MaxResults") or _MOST
    is_listed = isinstance(attributes, list) and len(attributes) <= 1
    if not is_listed or not all(_is_attribute(each) for each in attributes):
        words = "The lookup attribute is not valid: one of LookupEvents' own keys, with a value."
        return Refusal(400, "InvalidLookupAttributesException", words)
    if not isinstance(most, int) or not 1 <= most <= _MOST:
        return Refusal(400, "InvalidMaxResultsException", f"MaxResults must be between 1 and {_MOST}.")
    if text(given, "EventCategory") not in ("", "insight"):
        return Refusal(400, "InvalidEventCategoryException", "The event category is not valid.")
    times = [given[name] for name in ("StartTime", "EndTime") if given.get(name) is not None]
    moments = [_time(each) for each in times]
    known = [each for each in moments if each is not None]
    if len(known) < len(moments) or (len(known) == 2 and known[0] > known[1]):
        return Refusal(400, "InvalidTimeRangeException", "The time range is not valid.")
    return None


def _is_attribute(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("AttributeKey") in _LOOKS_AT
        and isinstance(value.get("AttributeValue"), str)
        and 0 < len(value["AttributeValue"]) <= 2000
    )


def _time(value: Any) -> datetime | None:
    """Read a time as JSON clients write it: seconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _at(event: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(event["eventTime"])


def _entry(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "EventId": event["eventID"],
        "EventName": event["eventName"],
        "ReadOnly": _read_only(event),
        "AccessKeyId": event["userIdentity"].get("accessKeyId", ""),
        "EventTime": _at(event).timestamp(),
        "EventSource": event["eventSource"],
        "Username": _user_name(event),
        "Resources": _resources(event),
        "CloudTrailEvent": json.dumps(event),
    }


def _read_only(event: Mapping[str, Any]) -> str:
    return "true" if event["readOnly"] else "false"


def _user_name(event: Mapping[str, Any]) -> str:
    who = event["userIdentity"]
    if who["type"] == "Root":
        return "root"
    return str(who.get("userName") or who.get("arn", "").rpartition("/")[2])


def _resources(event: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {"ResourceType": each.get("type", ""), "ResourceName": each["ARN"]}
        for each in event.get("resources", ())
    ]
