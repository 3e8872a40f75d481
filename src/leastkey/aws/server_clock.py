"""What time it is at AWS, asked without credentials: GetCallerIdentity unsigned is refused, and the refusal has a date.

Source: AWS General Reference, "Troubleshoot Signature Version 4 signing" (clock skew).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.aws.connect import ask_unsigned
from leastkey.errors import AwsError, LeastkeyError

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.clock import Clock

__all__ = ["server_clock"]


def server_clock(region: str, endpoint_url: str | None, clock: Clock) -> datetime:
    """Give the time by STS in a region, or at an endpoint. Raises LeastkeyError `no-answer`."""
    where = endpoint_url or f"AWS in {region}"
    try:
        told = ask_unsigned("sts", "GetCallerIdentity", region, endpoint_url, clock)
    except AwsError as error:
        if error.server_time is not None:
            return error.server_time
        why = error.message
    else:
        if told is not None:
            return told
        why = "the answer has no `Date` header"
    raise LeastkeyError(
        "no-answer",
        f"{where} could not be asked for its time",
        why=why,
        remedy="look at the network, or ask nothing: `leastkey doctor --offline`",
    )
