"""Tags of what exists, and the condition keys that tags become.

Source: IAM User Guide, "AWS global condition context keys": aws:ResourceTag, aws:RequestTag, aws:TagKeys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from leastkey.evaluate.request import Context

__all__ = ["of_entity", "request_tags", "resource_tags"]


_OLDER_NAME: Final = {
    "ec2": "ResourceTag",
    "ecs": "ResourceTag",
    "elasticloadbalancing": "ResourceTag",
    "iam": "ResourceTag",
    "secretsmanager": "ResourceTag",
    "ssm": "resourceTag",
}
"""Services that have a key of their own for tags besides the global one."""


def of_entity(entity: Any) -> dict[str, str]:
    """Give the tags of one of moto's IAM entities: a list of Key and Value, or such pairs by folded key."""
    tags = getattr(entity, "tags", None) or ()
    pairs = tags.values() if isinstance(tags, dict) else tags
    return {str(tag["Key"]): str(tag["Value"]) for tag in pairs}


def request_tags(tags: Mapping[str, str], removed: Iterable[str] = ()) -> Context:
    """Give the keys for tags a request sets, and for the names of those it removes."""
    keys = (*tags, *removed)
    if not keys:
        return {}
    return {**{f"aws:RequestTag/{key}": value for key, value in tags.items()}, "aws:TagKeys": keys}


def resource_tags(tags: Mapping[str, str], service: str) -> Context:
    """Give the keys for tags a resource carries, under the global name and the service's older one."""
    result = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
    if service in _OLDER_NAME:
        result.update({f"{service}:{_OLDER_NAME[service]}/{key}": value for key, value in tags.items()})
    return result
