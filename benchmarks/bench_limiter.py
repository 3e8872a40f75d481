"""300 writes through a simulated server bucket (15 a second, 20 at once): the limiter, beside plain backoff.

Time is simulated and answers take none of it, so only the pace counts.
"""

from __future__ import annotations

import heapq
import random
import statistics

from measure import line
from tests.unit.aws.test_limiter import ServerBucket, SimulatedClock

from leastkey.aws.limiter import Limiter

WRITES = 300
WORKERS = 20
FLOOR = (WRITES - 20) / 15


def limited() -> tuple[float, int]:
    """Give seconds and calls of the limiter."""
    clock = SimulatedClock()
    limiter, server = Limiter(clock), ServerBucket(clock)
    done = calls = 0
    while done < WRITES:
        limiter.wait()
        calls += 1
        if server.takes():
            limiter.succeeded()
            done += 1
        else:
            limiter.throttled()
    return clock.seconds, calls


def backing_off(seed: int) -> tuple[float, int]:
    """Give seconds and calls of 20 workers that double a random pause up to 20 s, as SDKs do."""
    clock, chance = SimulatedClock(), random.Random(seed)
    server = ServerBucket(clock)
    waiting = [(0.0, worker, 0) for worker in range(WORKERS)]
    started, calls, ended = WORKERS, 0, 0.0
    while waiting:
        clock.seconds, worker, tries = heapq.heappop(waiting)
        calls += 1
        if not server.takes():
            pause = chance.uniform(0, min(20.0, 0.05 * 2**tries))
            heapq.heappush(waiting, (clock.seconds + pause, worker, tries + 1))
            continue
        ended = clock.seconds
        if started < WRITES:
            started += 1
            heapq.heappush(waiting, (clock.seconds, worker, 0))
    return ended, calls


def main() -> None:
    seconds, calls = limited()
    runs = [backing_off(seed) for seed in range(25)]
    plain, plain_calls = (statistics.median(each) for each in zip(*runs, strict=True))
    line(
        f"{WRITES} writes, server at 15 a second, simulated",
        f"{seconds:.1f} s = {seconds / FLOOR:.2f} x the floor of {FLOOR:.1f} s, {calls} calls",
        f"plain backoff, {WORKERS} workers, {plain:.1f} s = {plain / FLOOR:.2f} x the floor, {plain_calls:.0f} calls",
        seconds / plain,
    )


if __name__ == "__main__":
    main()
