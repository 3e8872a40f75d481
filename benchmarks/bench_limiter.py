"""300 writes through a simulated server bucket (15 a second, 20 at once): the limiter, beside plain backoff.

Time is simulated: 16 workers, 60 ms an answer.
"""

from __future__ import annotations

import random
import statistics

from measure import line
from tests.support.throttling import Paced, ServerBucket, SimulatedClock, simulate

WRITES = 300
WORKERS = 16
SEEDS = range(25)


class BackingOff:
    """Doubles a random pause up to 20 s, as SDKs do."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def before(self) -> float:
        return 0.0

    def told(self, tries: int, *, is_throttled: bool) -> float:
        return self._chance.uniform(0, min(20.0, 0.05 * 2.0**tries)) if is_throttled else 0.0


def main() -> None:
    def server() -> ServerBucket:
        return ServerBucket(15, 20)

    def plainly(seed: int) -> tuple[float, int]:
        def client(_: SimulatedClock) -> BackingOff:
            return BackingOff(seed)

        return simulate(client, server(), WRITES, workers=WORKERS)

    floor = server().floor(WRITES)
    seconds, calls = simulate(Paced, server(), WRITES, workers=WORKERS)
    plain, plain_calls = (statistics.median(each) for each in zip(*map(plainly, SEEDS), strict=True))
    line(
        f"{WRITES} writes, server at 15 a second, simulated",
        f"{seconds:.1f} s = {seconds / floor:.2f} x the floor of {floor:.1f} s, {calls} calls",
        f"plain backoff, {WORKERS} workers, {plain:.1f} s = {plain / floor:.2f} x the floor, {plain_calls:.0f} calls",
        seconds / plain,
    )


if __name__ == "__main__":
    main()
