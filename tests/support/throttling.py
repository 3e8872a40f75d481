"""Workers that make requests of a server with a token bucket, in simulated time: nothing here waits or touches a network."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from leastkey.aws.limiter import Limiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.clock import Clock


class SimulatedClock:
    """Time that moves only when somebody sleeps or the simulation goes on."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


@dataclass(slots=True)
class ServerBucket:
    """So many requests a second and so many at once, as AWS might keep it."""

    rate: float
    burst: float
    _tokens: float = field(init=False)
    _at: float = 0.0

    def __post_init__(self) -> None:
        self._tokens = self.burst

    def takes(self, now: float) -> bool:
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def floor(self, requests: int) -> float:
        """Give the least time in which these requests can be answered."""
        return (requests - self.burst) / self.rate


class Client(Protocol):
    """How a client paces itself."""

    def before(self) -> float:
        """Give the seconds to wait before a request."""

    def told(self, tries: int, *, is_throttled: bool) -> float:
        """Give the seconds to wait after an answer."""


class Paced:
    """Our limiter, with the door's pauses after a refusal."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._limiter = Limiter(clock)

    def before(self) -> float:
        self._clock.slept = 0.0
        self._limiter.wait()
        return self._clock.slept

    def told(self, tries: int, *, is_throttled: bool) -> float:
        if not is_throttled:
            self._limiter.succeeded()
            return 0.0
        self._limiter.throttled()
        return 0.75 * min(5.0, 0.05 * 2.0 ** min(tries, 6))


def simulate(
    client: Callable[[SimulatedClock], Client],
    server: ServerBucket,
    requests: int,
    *,
    workers: int = 16,
    latency: float = 0.06,
) -> tuple[float, int]:
    """Give the seconds until all requests were answered, and how many were sent for that."""
    clock, order = SimulatedClock(), itertools.count()
    paced = client(clock)
    queue: list[tuple[float, int, str, int]] = []

    def at(seconds: float, what: str, tries: int) -> None:
        heapq.heappush(queue, (seconds, next(order), what, tries))

    started = min(workers, requests)
    for _ in range(started):
        at(0.0, "send", 0)
    sent, ended = 0, 0.0
    while queue:
        clock.seconds, _, what, tries = heapq.heappop(queue)
        now = clock.seconds
        if what == "send":
            at(now + paced.before() + latency / 2, "arrive", tries)
        elif what == "arrive":
            sent += 1
            at(now + latency / 2, "answered" if server.takes(now) else "refused", tries)
        elif what == "refused":
            at(now + paced.told(tries + 1, is_throttled=True), "send", tries + 1)
        else:
            paced.told(tries, is_throttled=False)
            ended = now
            if started < requests:
                started += 1
                at(now, "send", 0)
    return ended, sent


if TYPE_CHECKING:
    _: Callable[[SimulatedClock], Clock] = lambda clock: clock  # noqa: E731  # the simulated clock is a Clock
