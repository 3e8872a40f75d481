"""Rate limits: a bucket of tokens for each account and operation, refilled by the computer's clock, also a moved one.

Source: EC2 API Reference, "Request throttling for the Amazon EC2 API": the token bucket, its rate and its size.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leastkey.sandbox.gate.targets import covers, known_target

if TYPE_CHECKING:
    from leastkey.clock import Clock
    from leastkey.sandbox.request import AwsRequest

__all__ = ["Limits"]

_MOST: Final = 100_000


@dataclass(frozen=True, slots=True)
class _Limit:
    rate: float
    burst: int


class Limits:
    """The limits in force. Where several cover an operation, each must have a token."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._limits: dict[str, _Limit] = {}
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}

    def put(self, target: str, rate: float, burst: int) -> None:
        """Limit a target to `rate` calls a second after a burst; replaces. Raises ValueError, whose text is for people."""
        known_target(target)
        if not 0 < rate <= _MOST or not 1 <= burst <= _MOST:
            raise ValueError("a limit has a rate above 0 and a burst of at least 1, both up to 100000")
        with self._lock:
            self._limits[target] = _Limit(rate, burst)
            self._buckets = {key: each for key, each in self._buckets.items() if key[0] != target}

    def clear(self) -> int:
        """Drop all limits; gives how many there were."""
        with self._lock:
            dropped = len(self._limits)
            self._limits, self._buckets = {}, {}
        return dropped

    def listed(self) -> list[dict[str, object]]:
        """Give the limits."""
        return [
            {"operation": target, "rate": limit.rate, "burst": limit.burst}
            for target, limit in self._limits.items()
        ]

    def takes(self, request: AwsRequest, operation: str) -> bool:
        """Say whether a call has its tokens, and take them."""
        if not self._limits:
            return True
        with self._lock:
            now = self._clock.monotonic()
            left: dict[tuple[str, str, str], float] = {}
            for target, limit in self._limits.items():
                if covers(target, request.signing_name, operation):
                    key = (target, request.account, operation)
                    tokens, since = self._buckets.get(key, (float(limit.burst), now))
                    left[key] = min(float(limit.burst), tokens + (now - since) * limit.rate)
            has_all = all(tokens >= 1 for tokens in left.values())
            self._buckets.update({key: (tokens - has_all, now) for key, tokens in left.items()})
        return has_all
