"""Which refusals are only AWS catching up with itself, and for how long they are waited out.

Source: IAM User Guide, "Troubleshoot IAM" ("Changes that I make are not always immediately visible"); IAM API
Reference, "Common errors" (ConcurrentModification, EntityTemporarilyUnmodifiable). Throttling is the adapter's business.
Never repeated: LimitExceeded, EntityAlreadyExists, AccessDenied, UnmodifiableEntity, any other MalformedPolicyDocument.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final, TypeVar

from leastkey.errors import AwsError
from leastkey.iam.limits import PROPAGATION_SECONDS
from leastkey.iam.refusals import is_changing, is_missing, is_unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.clock import Clock

__all__ = ["Hopes", "patiently"]

T = TypeVar("T")

_UNANSWERED_TRIES: Final = 4


@dataclass(frozen=True, slots=True)
class Hopes:
    """What a call may hope for. `fresh`: it names what this run made; `again`: repeating it after a lost answer is harmless."""

    fresh: bool = False
    again: bool = True


@dataclass(frozen=True, slots=True)
class _Rule:
    tries: int
    seconds: float


def patiently(send: Callable[[], T], clock: Clock, hopes: Hopes) -> T:
    """Make a call until it is answered, or until waiting has no more sense. Raises AwsError."""
    started = clock.monotonic()
    for tries in count(1):
        try:
            return send()
        except AwsError as error:
            rule = _rule(error, hopes)
            if rule is None or tries >= rule.tries or clock.monotonic() - started >= rule.seconds:
                raise
        clock.sleep(_pause(tries))
    raise AssertionError  # the loop ends by return or raise


def _rule(error: AwsError, hopes: Hopes) -> _Rule | None:
    if is_unknown(error):
        return _Rule(_UNANSWERED_TRIES, PROPAGATION_SECONDS) if hopes.again else None
    if error.code == "":
        return _Rule(_UNANSWERED_TRIES, PROPAGATION_SECONDS)
    if is_changing(error):
        return _Rule(8, 30.0)
    if hopes.fresh and (is_missing(error) or _names_the_new(error)):
        return _Rule(1_000, PROPAGATION_SECONDS)
    return None


def _names_the_new(error: AwsError) -> bool:
    return error.code == "MalformedPolicyDocument" and "invalid principal" in error.message.lower()


def _pause(tries: int) -> float:
    """Give seconds to wait: doubling to five, with jitter so that writers of one entity part ways."""
    return min(5.0, 0.25 * 2.0**tries) * (0.5 + secrets.randbelow(1_000) / 2_000)
