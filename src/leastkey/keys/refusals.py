"""AWS's refusals by what they mean for a key, and the clock measured from them.

Source: IAM User Guide, "Troubleshoot IAM" (changes are not always immediately visible); AWS General Reference,
"Troubleshoot Signature Version 4 signing".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.errors import AwsError, LeastkeyError

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["NOT_YET", "NO_ENTITY", "clock_skew", "in_words", "is_busy", "is_missing", "is_unanswered"]

NO_ENTITY: Final = frozenset({"NoSuchEntity", "NoSuchEntityException"})
NOT_YET: Final = frozenset(
    {
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "AuthFailure",
        "InvalidSignatureException",
    }
)
"""What AWS says to a key that has not reached every server yet, and to one that is gone."""
CHANGING: Final = frozenset(
    {
        "ConcurrentModification",
        "ConcurrentModificationException",
        "EntityTemporarilyUnmodifiable",
        "EntityTemporarilyUnmodifiableException",
    }
)
SLOW_DOWN: Final = frozenset({"RequestLimitExceeded", "SlowDown", "TooManyRequestsException"})
SKEWED: Final = frozenset(
    {"RequestTimeTooSkewed", "RequestExpired", "SignatureDoesNotMatch", "InvalidSignatureException"}
)
SKEW_SECONDS: Final = 240
"""AWS takes five minutes of skew; a refusal with less than four was not about the clock."""
SKEW_WORDS: Final = re.compile(r"expired|not yet current|too skewed|request timestamp", re.IGNORECASE)


def is_missing(error: AwsError) -> bool:
    """Say whether the entity is not there, or not there yet."""
    return error.code in NO_ENTITY


def is_busy(error: AwsError) -> bool:
    """Say whether AWS did nothing and wants to be asked again: throttled, or another change is under way."""
    throttled = error.code.startswith(("Throttl", "RequestThrottl")) or error.code in SLOW_DOWN
    return error.outcome == "refused" and (throttled or error.status == 429 or error.code in CHANGING)


def is_unanswered(error: AwsError) -> bool:
    """Say whether no usable answer came: nothing was heard, or the server failed inside."""
    return error.code == "" or error.outcome == "unknown"


def clock_skew(error: AwsError, now: datetime, *, state: str) -> LeastkeyError | None:
    """Give the clock's error when that is why AWS refused, measured from the `Date` header of its answer."""
    if error.server_time is None or error.code not in SKEWED:
        return None
    behind = (error.server_time - now).total_seconds()
    if abs(behind) < SKEW_SECONDS and not (error.code not in NOT_YET or SKEW_WORDS.search(error.message)):
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
