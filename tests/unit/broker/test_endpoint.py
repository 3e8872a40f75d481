"""A session kept at hand: served while it is renewed, renewed ahead, dropped when it was forgotten on purpose."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.support.served import read_reply
from tests.unit.broker.test_session import Clock
from tests.unit.keys.world import START

from leastkey.broker.endpoint import Watcher, open_endpoint
from leastkey.broker.kept import Kept
from leastkey.broker.session import least_left, refresh_at
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.served import Reply


@dataclass
class Mint:
    """Mints numbered sessions of an hour, each as slowly as the test wants."""

    clock: Clock
    go: threading.Event = field(default_factory=threading.Event)
    count: int = 0
    fails: bool = False
    mark: int = 0

    def __call__(self) -> bytes:
        assert self.go.wait(20)
        self.count += 1
        if self.fails:
            raise LeastkeyError("no-answer", "AWS could not be asked")
        end = (self.clock.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = {"Version": 1, "AccessKeyId": f"ASIA{self.count}", "SecretAccessKey": "s", "SessionToken": "t"}
        return json.dumps(told | {"Expiration": end, "AccountId": "111122223333"}).encode() + b"\n"


@dataclass
class Open:
    port: int
    token: str
    clock: Clock
    mint: Mint

    def ask(self) -> Reply:
        head = (
            f"GET /credentials HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: {self.token}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(head.encode())
            return read_reply(connection)

    def key(self) -> str:
        reply = self.ask()
        assert reply.status == 200
        return str(reply.json["AccessKeyId"])

    def until(self, key: str) -> None:
        """Ask until the session is this one."""
        given_up = time.monotonic() + 10
        while self.key() != key:
            assert time.monotonic() < given_up


class RealSpans(Clock):
    """The test moves the time of day; spans between connections are real."""

    def monotonic(self) -> float:
        return time.monotonic() + self.seconds


@contextmanager
def opened(seconds: int = 3_600) -> Iterator[Open]:
    clock = RealSpans()
    mint = Mint(clock)
    mint.go.set()
    kept = Kept(mint, seconds, clock, mark=lambda: mint.mark)
    kept.first()
    listener, url, token = open_endpoint(kept, clock, Watcher())
    thread = threading.Thread(target=listener.run)
    thread.start()
    try:
        yield Open(int(url.split(":")[2].split("/")[0]), token, clock, mint)
    finally:
        mint.go.set()
        listener.stop()
        thread.join()


def test_it_answers_at_once_while_it_renews_ahead() -> None:
    with opened() as endpoint:
        assert endpoint.key() == "ASIA1"
        endpoint.mint.go.clear()
        endpoint.clock.seconds = 2_401  # twenty minutes are left: due
        for _ in range(20):
            started = time.monotonic()
            assert endpoint.key() == "ASIA1"
            assert time.monotonic() - started < 1
        endpoint.mint.go.set()
        endpoint.until("ASIA2")
        assert endpoint.mint.count == 2


def test_who_asks_with_little_life_left_waits_for_the_renewal_and_gets_the_new_one() -> None:
    with opened() as endpoint:
        endpoint.mint.go.clear()
        endpoint.clock.seconds = 2_800  # less than a quarter of an hour
        threading.Timer(0.3, endpoint.mint.go.set).start()
        assert endpoint.key() == "ASIA2"


def test_a_renewal_that_takes_long_is_not_waited_for_beyond_what_sdks_wait() -> None:
    with opened() as endpoint:
        endpoint.mint.go.clear()
        endpoint.clock.seconds = 2_800
        started = time.monotonic()
        assert endpoint.key() == "ASIA1"
        assert time.monotonic() - started < 2
        endpoint.clock.seconds = 3_601  # over: it is not handed out any more
        started = time.monotonic()
        reply = endpoint.ask()
        assert (reply.status, reply.body) == (503, b"service unavailable\n")
        assert time.monotonic() - started < 2


def test_while_aws_cannot_be_asked_what_is_left_is_served() -> None:
    with opened() as endpoint:
        endpoint.mint.fails = True
        endpoint.clock.seconds = 2_800
        assert endpoint.key() == "ASIA1"
        assert endpoint.mint.count >= 2
        asked = endpoint.mint.count
        for _ in range(20):
            endpoint.key()
        assert endpoint.mint.count <= asked + 1, "a renewal that failed is not tried at every request"
        endpoint.mint.fails = False
        endpoint.clock.seconds += 60
        endpoint.until(f"ASIA{endpoint.mint.count + 1}")


def test_what_was_forgotten_on_purpose_is_not_served_again() -> None:
    with opened() as endpoint:
        assert endpoint.key() == "ASIA1"
        endpoint.mint.fails = True
        endpoint.mint.mark = 1
        assert endpoint.ask().status == 503
        endpoint.mint.fails = False
        endpoint.clock.seconds += 60
        endpoint.until(f"ASIA{endpoint.mint.count + 1}")


@pytest.mark.parametrize("seconds", [900, 959, 960, 1_079, 1_080, 1_500, 2_699, 2_700, 3_600, 43_200])
def test_a_session_handed_out_has_a_quarter_of_an_hour_where_it_is_given_more(seconds: int) -> None:
    left = START + timedelta(seconds=seconds) - refresh_at(seconds, START + timedelta(seconds=seconds))
    assert timedelta(0) < left < timedelta(seconds=seconds)
    assert left >= least_left(seconds)
    assert least_left(seconds) == timedelta(seconds=900 if seconds >= 960 else 0)
