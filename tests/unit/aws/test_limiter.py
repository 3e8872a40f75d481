"""The limiter against a server's token bucket, in a simulated second hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leastkey.aws.limiter import Limiter


class SimulatedClock:
    """Time that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class ServerBucket:
    """Fifteen a second, twenty at once, as AWS might keep it."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock, self._tokens, self._at = clock, 20.0, 0.0

    def takes(self) -> bool:
        self._tokens = min(20.0, self._tokens + (self._clock.seconds - self._at) * 15.0)
        self._at = self._clock.seconds
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def test_300_writes_through_a_bucket_of_15_a_second_stay_near_the_floor() -> None:
    clock = SimulatedClock()
    limiter, server = Limiter(clock), ServerBucket(clock)
    done = throttled = 0
    while done < 300:
        limiter.wait()
        if server.takes():
            limiter.succeeded()
            done += 1
        else:
            limiter.throttled()
            throttled += 1
    floor = (300 - 20) / 15
    assert clock.seconds <= 1.15 * floor
    assert throttled <= 40


def test_one_burst_of_refusals_cuts_the_rate_once() -> None:
    clock = SimulatedClock()
    limiter = Limiter(clock)
    before = limiter.rate
    for _ in range(10):
        limiter.throttled()
    assert limiter.rate == before * 0.7


def test_without_refusals_nothing_waits_for_a_burst() -> None:
    clock = SimulatedClock()
    limiter = Limiter(clock)
    for _ in range(20):
        limiter.wait()
    assert clock.seconds == 0
