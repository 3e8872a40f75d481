"""An adaptive token bucket: speeds up until AWS first says slow down, falls back to what AWS answered, then creeps up.

AWS publishes no rates for IAM. Against server buckets of 5 to 100 requests a second this stays within 1.15 of the
floor, and learns a generous one in seconds (`benchmarks/bench_limiter.py`).
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from leastkey.clock import Clock

__all__ = ["Limiter"]

START_RATE: Final = 40.0
BURST: Final = 20.0
LEAST_RATE: Final = 0.5
CUT: Final = 0.8
CUT_PAUSE_SECONDS: Final = 0.5
FIRST_GROWTH: Final = 0.5
"""What an answer adds to the rate while AWS has refused nothing: the rate doubles in under two seconds."""
FIRST_FLOOR: Final = 5.0
"""Below this the first refusal says nothing: others may have emptied the account's bucket."""
GROWTH: Final = 0.02
"""What an answer adds once AWS has refused something."""


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
        self._growth = FIRST_GROWTH
        self._answers: deque[float] = deque()

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
            self._rate += self._growth
            if self._growth == FIRST_GROWTH:
                self._answers.append(self._clock.monotonic())
                self._forget_answers()

    def throttled(self) -> None:
        """Note a throttled answer: cut the rate and drain the bucket, at most once in half a second."""
        with self._lock:
            now = self._clock.monotonic()
            if now - self._last_cut < CUT_PAUSE_SECONDS:
                return
            self._last_cut = now
            self._fill()
            if self._growth == FIRST_GROWTH:
                self._forget_answers()
                self._rate = min(self._rate, max(FIRST_FLOOR, float(len(self._answers))))
                self._growth = GROWTH
            self._rate = max(LEAST_RATE, self._rate * CUT)
            self._tokens = min(self._tokens, 0.0)

    def _forget_answers(self) -> None:
        """Keep the answers of the last second: they are what AWS really takes."""
        oldest = self._clock.monotonic() - 1.0
        while self._answers and self._answers[0] < oldest:
            self._answers.popleft()

    def _fill(self) -> None:
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
