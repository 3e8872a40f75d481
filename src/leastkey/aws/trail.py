"""CloudTrail's event history as the administrator, through botocore.

Source: CloudTrail API Reference, LookupEvents; CloudTrail User Guide, "CloudTrail record contents".
"""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from leastkey.ports.trail import TrailEvent, TrailPage

if TYPE_CHECKING:
    from leastkey.aws.door import Door
    from leastkey.ports.trail import TrailAttribute

__all__ = ["AwsTrail"]

PAGE: Final = 50
"""The most that one answer holds."""


class AwsTrail:
    """Implements `ports.aws.Trail`."""

    def __init__(self, client: Any, door: Door) -> None:
        self._client = client
        self._door = door

    def lookup(self, attribute: TrailAttribute, value: str, *, most: int) -> TrailPage:
        """Look events up, newest first."""
        wanted = [{"AttributeKey": attribute, "AttributeValue": value}]
        found: list[TrailEvent] = []
        more: dict[str, object] = {}
        while True:
            given = {"LookupAttributes": wanted, "MaxResults": min(PAGE, most - len(found)), **more}
            answer = self._door.ask(self._client, "LookupEvents", given, repeat="read")
            found.extend(map(_event, answer.get("Events", ())))
            token = answer.get("NextToken")
            if not token or len(found) >= most:
                return TrailPage(tuple(found), is_whole=not token)
            more = {"NextToken": token}


def _event(raw: Any) -> TrailEvent:
    record = _mapping(raw.get("CloudTrailEvent"))
    service = str(raw.get("EventSource", "")).removesuffix(".amazonaws.com")
    return TrailEvent(
        id=str(raw["EventId"]),
        time=raw["EventTime"].astimezone(UTC),
        call=f"{service}:{raw.get('EventName', '')}",
        source_ip=str(record.get("sourceIPAddress", "")),
        error=str(record.get("errorCode", "")),
        actor=str(_inner(record, "userIdentity").get("arn", "")),
        session=str(_inner(record, "requestParameters").get("roleSessionName", "")),
    )


def _mapping(text: Any) -> dict[str, Any]:
    """Read the record inside an entry; without one the rest of the entry says enough."""
    try:
        record = json.loads(text or "{}")
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _inner(record: dict[str, Any], name: str) -> dict[str, Any]:
    value = record.get(name)
    return value if isinstance(value, dict) else {}
