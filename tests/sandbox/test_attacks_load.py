"""Clients that hold on to the server: idle, slow, many, large. Whoever comes properly is served meanwhile."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from tests.sandbox.wires import CALLS, exchange, query

from leastkey.sandbox.gate.wire import UNSIGNED_LIMIT
from leastkey.sandbox.server.http import Server
from leastkey.sandbox.server.room import Room

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.conftest import Place

SOON = 9.0
"""Seconds within which an answer must come, on a busy computer too; without the bounds it takes 15 or 30."""


@pytest.fixture
def small(place: Place) -> Iterator[Server]:
    """A server of few threads, with the real limits of time."""
    server = Server(place.sandbox.gate.handle, 0, threads=16)
    server.open()
    server.run()
    yield server
    server.close()


@contextmanager
def held(server: Server, number: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
            for _ in range(number)
        ]


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"POST / HTTP/1.1\r\nHost: 127",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nx",
    ],
    ids=["nothing", "half a head", "half a body", "half a chunk"],
)
def test_those_who_wait_keep_nobody_waiting(place: Place, small: Server, said: bytes) -> None:
    with held(small, 40) as connections:
        for each in connections:
            each.sendall(said)
        began = time.monotonic()
        assert CALLS["sts"]().send(small.port, place.root).status == 200
        assert time.monotonic() - began < SOON


def test_more_connections_than_the_limit_cost_the_oldest_their_place(place: Place, small: Server) -> None:
    small.keep_alive_conn_limit = 8
    with held(small, 30) as connections:
        began = time.monotonic()
        assert CALLS["sts"]().send(small.port, place.root).status == 200
        assert time.monotonic() - began < SOON
        with suppress(ConnectionError):
            assert connections[0].recv(1) == b""


@pytest.mark.parametrize("framing", [f"Content-Length: {UNSIGNED_LIMIT + 1}", "Transfer-Encoding: chunked"])
def test_a_large_body_must_at_least_claim_a_signature(place: Place, framing: str) -> None:
    head = f"PUT /b/k HTTP/1.1\r\nHost: 127.0.0.1\r\n{framing}\r\n\r\n".encode()
    body = b"%x\r\n" % (UNSIGNED_LIMIT + 1) if "chunked" in framing else b""
    assert exchange(place.port, head + body).status == 413


def test_a_message_is_not_read_beyond_what_a_service_takes(place: Place) -> None:
    form = query("sts", "GetCallerIdentity", "2011-06-15", Filler="&" * 1_500_000)
    assert (form.send(place.port, place.root).status, len(form.body) > 4_194_304) == (413, True)
    message = CALLS["dynamodb"]()
    message.body = b'{"x":"%s"}' % (b"x" * 21_000_000)
    answer = message.send(place.port, place.root)
    assert (answer.status, answer.code) == (413, "RequestEntityTooLarge")


def test_bodies_wait_for_room() -> None:
    room, order = Room(10), list[str]()

    def second() -> None:
        with room.of(5):
            order.append("second")

    with room.of(6):
        thread = threading.Thread(target=second)
        thread.start()
        with room.of(4):
            thread.join(timeout=0.05)
        order.append("first")
    thread.join(timeout=5)
    assert order == ["first", "second"]
