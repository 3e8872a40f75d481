"""Event selectors: which calls a trail logs.

Source: CloudTrail API Reference, PutEventSelectors, EventSelector, DataResource; CloudTrail User Guide, "Logging data events".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leastkey.sandbox.errors import not_built
from leastkey.sandbox.request import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leastkey.sandbox.resolve.parameters import Parameters

__all__ = ["DEFAULT", "selector_fault", "selects"]

DEFAULT: Final[dict[str, Any]] = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}
"""What a trail logs for which nobody has asked otherwise."""
_SELECTORS: Final = 5
_RESOURCES: Final = 250
_TYPES: Final = {
    "AWS::S3::Object": "arn:aws:s3",
    "AWS::DynamoDB::Table": "arn:aws:dynamodb",
    "AWS::Lambda::Function": "arn:aws:lambda",
}
_READ_WRITE: Final = frozenset({"All", "ReadOnly", "WriteOnly"})
_EXCLUDABLE: Final = frozenset({"kms.amazonaws.com", "rdsdata.amazonaws.com"})


def selector_fault(given: Parameters) -> Refusal | None:
    """Refuse selectors that CloudTrail would not take, and those that are not built."""
    if given.get("AdvancedEventSelectors"):
        return not_built("The parameter AdvancedEventSelectors of cloudtrail:PutEventSelectors")
    selectors = given.get("EventSelectors") or []
    resources = [each for selector in selectors for each in selector.get("DataResources") or ()]
    wrong = (
        not 1 <= len(selectors) <= _SELECTORS
        or any(_is_wrong(selector) for selector in selectors)
        or sum(len(each.get("Values") or ()) for each in resources) > _RESOURCES
        or any(_names_nothing(each) for each in resources)
    )
    words = "The event selectors are not valid: at most five, each with a read-write type and resources that CloudTrail logs."
    return Refusal(400, "InvalidEventSelectorsException", words) if wrong else None


def _is_wrong(selector: Mapping[str, Any]) -> bool:
    excluded = set(selector.get("ExcludeManagementEventSources") or ())
    return (
        selector.get("ReadWriteType", "All") not in _READ_WRITE
        or not excluded <= _EXCLUDABLE
        or (bool(excluded) and not selector.get("IncludeManagementEvents", True))
    )


def _names_nothing(resource: Mapping[str, Any]) -> bool:
    start = _TYPES.get(resource.get("Type", ""))
    values = resource.get("Values") or []
    return start is None or not values or not all(str(value).startswith(start) for value in values)


def selects(selectors: Sequence[Mapping[str, Any]], event: Mapping[str, Any]) -> bool:
    """Say whether a trail with these selectors logs an event; without any it logs all management events."""
    return any(_selects(selector, event) for selector in selectors or (DEFAULT,))


def _selects(selector: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    wanted = selector.get("ReadWriteType", "All")
    if wanted != "All" and event["readOnly"] != (wanted == "ReadOnly"):
        return False
    if event["managementEvent"]:
        excluded = selector.get("ExcludeManagementEventSources") or ()
        return bool(selector.get("IncludeManagementEvents", True)) and event["eventSource"] not in excluded
    logged = [
        (each["Type"], value) for each in selector.get("DataResources") or () for value in each["Values"]
    ]
    return any(
        _covers(kind, value, resource["ARN"])
        for resource in event.get("resources", ())
        for kind, value in logged
        if resource.get("type") == kind
    )


def _covers(kind: str, value: str, arn: str) -> bool:
    """Say whether a value names a resource: all of a service, a table or function, a bucket's objects by their prefix."""
    if value.rstrip(":") == _TYPES[kind]:
        return True
    return arn.startswith(value) if kind == "AWS::S3::Object" else arn == value
