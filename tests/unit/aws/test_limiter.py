"""The limiter against a server's token bucket, in a simulated second hand."""

from __future__ import annotations

import pytest
from tests.support.throttling import Paced, ServerBucket, SimulatedClock, simulate

from leastkey.aws.limiter import FIRST_FLOOR, LEAST_RATE, Limiter


@pytest.mark.parametrize(
    ("rate", "burst", "requests"),
    [(15, 20, 300), (5, 10, 300), (10, 20, 600), (30, 50, 600), (100, 100, 600)],
)
def test_requests_through_a_servers_bucket_stay_near_the_floor_with_few_refusals(
    rate: float, burst: float, requests: int
) -> None:
    server = ServerBucket(rate, burst)
    seconds, sent = simulate(Paced, server, requests)
    assert seconds <= 1.15 * server.floor(requests)
    assert sent <= 1.1 * requests


def test_a_server_that_refuses_nothing_is_asked_ever_faster() -> None:
    seconds, _ = simulate(Paced, ServerBucket(1e9, 1e9), 600)
    assert seconds < 4.5


def test_one_burst_of_refusals_cuts_the_rate_once() -> None:
    clock = SimulatedClock()
    limiter = Limiter(clock)
    for _ in range(10):
        limiter.throttled()
    once = limiter.rate
    assert once == pytest.approx(FIRST_FLOOR * 0.8)
    clock.seconds += 1
    limiter.throttled()
    assert limiter.rate == pytest.approx(once * 0.8)


def test_a_server_that_refuses_for_ever_is_still_asked_now_and_then() -> None:
    clock = SimulatedClock()
    limiter = Limiter(clock)
    for _ in range(100):
        clock.seconds += 1
        limiter.throttled()
    assert limiter.rate == LEAST_RATE


def test_without_refusals_nothing_waits_for_a_burst() -> None:
    clock = SimulatedClock()
    limiter = Limiter(clock)
    for _ in range(20):
        limiter.wait()
    assert clock.slept == 0
