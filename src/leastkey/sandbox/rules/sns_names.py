"""SNS's names that are none: moto fails over them where AWS says which parameter is wrong.

Source: SNS API Reference, the error InvalidParameter of Publish, DeleteTopic, GetTopicAttributes and others.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import text

if TYPE_CHECKING:
    from leastkey.sandbox.resolve.parameters import Parameters

__all__ = ["name_fault"]

_ARN: Final = re.compile(r"arn:aws:sns:[a-z0-9-]+:[0-9]{12}:.+", re.ASCII)
_NAMES: Final = ("TopicArn", "TargetArn", "PlatformApplicationArn", "EndpointArn")


def name_fault(given: Parameters) -> Refusal | None:
    """Refuse what is no ARN of SNS."""
    for name in _NAMES:
        value = text(given, name)
        if name in given and not _ARN.fullmatch(value):
            return Refusal(400, "InvalidParameter", f"Invalid parameter: {name}")
    return None
