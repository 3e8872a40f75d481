"""The control door: who does not know the token learns nothing and changes nothing."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from leastkey.sandbox.server.control import Control, ask
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TOKEN = Secret("a-token-of-the-right-shape")


@pytest.fixture
def door() -> Iterator[tuple[Control, list[str]]]:
    done: list[str] = []

    def stop(given: Mapping[str, str]) -> Mapping[str, object]:
        del given
        done.append("stop")
        return {"stopping": True}

    with Control(TOKEN, {"stop": stop}) as control:
        control.run()
        yield control, done
        control.shutdown()


def said(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read()


@pytest.mark.parametrize(
    "line",
    [
        {"token": "a-token-of-the-wrong-shap", "command": "stop"},
        {"token": "a-token-of-the-wrong-shape", "command": "stop"},
        {"token": "ä\u0000\ud83d\ude00", "command": "stop"},
        {"token": "\ud800", "command": "stop"},
        {"token": "", "command": "stop"},
        {"command": "stop"},
        {"token": ["a-token-of-the-right-shape"], "command": "stop"},
        {"token": True, "command": "stop"},
        ["stop"],
        "stop",
    ],
)
def test_a_wrong_token_gets_no_answer(door: tuple[Control, list[str]], line: object) -> None:
    control, done = door
    assert said(control.port, json.dumps(line).encode() + b"\n") == b""
    assert done == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"[" * 4096,
        b"\xff\xfe\n",
        (
            b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n\r\n"
            b'{"token":"a-token-of-the-right-shape","command":"stop"}\n'
        ),
        b" " * 5000 + b'{"token":"a-token-of-the-right-shape","command":"stop"}\n',
    ],
)
def test_what_is_no_line_for_it_gets_no_answer(door: tuple[Control, list[str]], data: bytes) -> None:
    control, done = door
    assert said(control.port, data) == b""
    assert done == []


def test_the_right_token_is_answered_during_a_flood_of_wrong_ones(door: tuple[Control, list[str]]) -> None:
    control, done = door
    over = threading.Event()

    def flood() -> None:
        while not over.is_set():
            said(control.port, b'{"token":"x","command":"stop"}\n')

    held = [socket.create_connection(("127.0.0.1", control.port), timeout=20) for _ in range(20)]
    threads = [threading.Thread(target=flood) for _ in range(4)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    assert ask(control.port, TOKEN, "nothing") == {"error": "no such command"}
    assert ask(control.port, Secret("x"), "stop") is None
    assert ask(control.port, TOKEN, "stop") == {"stopping": True}
    assert time.monotonic() - began < 2.0
    over.set()
    for thread in threads:
        thread.join()
    for each in held:
        each.close()
    assert done == ["stop"]
