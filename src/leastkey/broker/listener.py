"""Connections to a socket of this computer: each asks once, is answered once and closed. One thread, bounded.

A connection that does not ask in time is ended. When all places are taken, the one that has been silent longest makes
room, so whoever fills them with silence does not keep out who asks. An answer leaves in one write.
"""

from __future__ import annotations

import selectors
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CONNECTIONS", "Listener", "Service", "Wait"]

CONNECTIONS: Final = 32
ASK_SECONDS: Final = 5.0
"""How long a connection may take to ask, and again to take its answer."""
PATIENCE_SECONDS: Final = 1.4
"""How long one that asked is kept waiting for a session: AWS's clients give up after two seconds."""
_LINGER_SECONDS: Final = 0.5
_LINGER_BYTES: Final = 131_072
_TICK_SECONDS: Final = 0.25
_CHUNK: Final = 16_384


class Wait(Enum):
    """What a service wants instead of answering now."""

    MORE = "more bytes"
    LATER = "a session that is on its way"


class Service(Protocol):
    """What is asked. Its calls come from one thread."""

    too_slow: bytes
    """The answer to who does not ask in time; empty: none."""

    def admits(self, peer: socket.socket) -> bool:
        """Say whether this peer may ask at all."""
        ...

    def answer(self, received: bytes, *, is_last: bool) -> bytes | Wait:
        """Answer what was received so far. `is_last`: it can be told to wait no longer."""
        ...

    def tick(self) -> bool:
        """Do what is due, at least four times a second; False ends the service."""
        ...


class _Phase(Enum):
    ASKING = 1
    WAITING = 2
    ANSWERED = 3
    LEAVING = 4


@dataclass(eq=False, slots=True)
class _Connection:
    socket: socket.socket
    until: float
    phase: _Phase = _Phase.ASKING
    received: bytearray = field(default_factory=bytearray)
    rest: bytes = b""
    drained: int = 0


class Listener:
    """Serves a listening socket until it is told to stop, or its service says so."""

    def __init__(
        self, listening: socket.socket, service: Service, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._service = service
        self._monotonic = monotonic
        self._listening = listening
        self._waker, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._connections: dict[_Connection, None] = {}
        self._stopped = False
        for each in (listening, self._woken, self._waker):
            each.setblocking(False)

    def wake(self) -> None:
        """Look again at who waits; from any thread."""
        with suppress(OSError):  # full: it is about to wake anyway; closed: nobody waits
            self._waker.send(b"\0")

    def stop(self) -> None:
        """End the service; from any thread."""
        self._stopped = True
        self.wake()

    def run(self) -> None:
        """Serve. The listening socket is closed at the end."""
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        try:
            while not self._stopped and self._service.tick():
                for key, _ in self._selector.select(_TICK_SECONDS):
                    self._turn(key)
                self._look_at_times()
        finally:
            for each in tuple(self._connections):
                self._drop(each)
            self._selector.close()
            for one in (self._listening, self._woken, self._waker):
                one.close()

    def _turn(self, key: selectors.SelectorKey) -> None:
        if key.fileobj is self._listening:
            self._accept()
        elif key.fileobj is self._woken:
            self._woken.recv(_CHUNK)
            for each in [each for each in self._connections if each.phase is _Phase.WAITING]:
                self._ask(each, is_last=False)
        elif key.data in self._connections:
            try:
                self._move(key.data)
            except OSError:
                self._drop(key.data)

    def _accept(self) -> None:
        try:
            accepted, _ = self._listening.accept()
        except OSError:  # it left again, or this process has no more files to open
            return
        if len(self._connections) >= CONNECTIONS:
            silent = (each for each in self._connections if each.phase is not _Phase.WAITING)
            self._drop(next(silent, next(iter(self._connections))))
        if not self._service.admits(accepted):
            accepted.close()
            return
        accepted.setblocking(False)
        if accepted.family != socket.AF_UNIX:
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(accepted, self._monotonic() + ASK_SECONDS)
        self._connections[connection] = None
        self._selector.register(accepted, selectors.EVENT_READ, connection)

    def _move(self, one: _Connection) -> None:
        match one.phase:
            case _Phase.ANSWERED:
                self._write(one)
            case _Phase.LEAVING:
                data = one.socket.recv(_CHUNK)
                one.drained += len(data)
                if not data or one.drained > _LINGER_BYTES:
                    self._drop(one)
            case _:
                data = one.socket.recv(_CHUNK)
                if data and one.phase is _Phase.ASKING:
                    one.received += data
                    self._ask(one, is_last=False)
                elif not data and one.phase is _Phase.ASKING and one.received and self._service.too_slow:
                    self._answer(one, self._service.too_slow)
                elif not data:
                    self._drop(one)

    def _ask(self, one: _Connection, *, is_last: bool) -> None:
        answer = self._service.answer(bytes(one.received), is_last=is_last)
        if isinstance(answer, bytes):
            self._answer(one, answer)
        elif answer is Wait.LATER and one.phase is _Phase.ASKING:
            one.phase = _Phase.WAITING
            one.until = self._monotonic() + PATIENCE_SECONDS

    def _answer(self, one: _Connection, answer: bytes) -> None:
        one.phase, one.rest = _Phase.ANSWERED, answer
        one.received.clear()
        one.until = self._monotonic() + ASK_SECONDS
        try:
            self._write(one)
        except OSError:
            self._drop(one)

    def _write(self, one: _Connection) -> None:
        with suppress(BlockingIOError):
            one.rest = one.rest[one.socket.send(one.rest) :] if one.rest else b""
        if one.rest:
            self._selector.modify(one.socket, selectors.EVENT_WRITE, one)
            return
        # Who is still sending would lose the answer if the connection were reset now.
        one.socket.shutdown(socket.SHUT_WR)
        one.phase, one.until = _Phase.LEAVING, self._monotonic() + _LINGER_SECONDS
        self._selector.modify(one.socket, selectors.EVENT_READ, one)

    def _look_at_times(self) -> None:
        now = self._monotonic()
        for one in [each for each in self._connections if now >= each.until]:
            if one.phase is _Phase.WAITING:
                self._ask(one, is_last=True)
            elif one.phase is _Phase.ASKING and self._service.too_slow:
                self._answer(one, self._service.too_slow)
            else:
                self._drop(one)

    def _drop(self, one: _Connection) -> None:
        self._connections.pop(one, None)
        with suppress(KeyError, ValueError):
            self._selector.unregister(one.socket)
        one.socket.close()
