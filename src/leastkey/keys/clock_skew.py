"""How far this computer's clock is from AWS's, where that is why AWS refused a call.

Source: AWS General Reference, "Troubleshoot Signature Version 4 signing".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError
from leastkey.iam.refusals import BAD_SIGNATURE

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.errors import AwsError

__all__ = ["SKEW_SECONDS", "clock_skew", "in_words"]

_SKEWED: Final = BAD_SIGNATURE | {"RequestExpired", "RequestTimeTooSkewed"}
SKEW_SECONDS: Final = 240
"""AWS takes five minutes of skew; a refusal with less than four was not about the clock."""
_SKEW_WORDS: Final = re.compile(r"expired|not yet current|too skewed|request timestamp", re.IGNORECASE)
"""How AWS says of a signature that its time was the fault."""


def clock_skew(error: AwsError, now: datetime, *, state: str) -> LeastkeyError | None:
    """Give the clock's error when that is why AWS refused, measured from the `Date` header of its answer."""
    if error.server_time is None or error.code not in _SKEWED:
        return None
    behind = (error.server_time - now).total_seconds()
    is_certain = error.code not in BAD_SIGNATURE or _SKEW_WORDS.search(error.message)
    if abs(behind) < SKEW_SECONDS and not is_certain:
        return None
    direction = "behind" if behind > 0 else "ahead of"
    return LeastkeyError(
        "clock-skew",
        f"this clock is {in_words(abs(behind))} {direction} AWS, most calls fail past 5",
        why="measured from AWS's Date header, not guessed",
        state=state,
        remedy="timedatectl set-ntp true",
    )


def in_words(seconds: float) -> str:
    """Give a span as people say it: `11 min 40 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
