"""Clients that send byte by byte: cut off after a fixed time, so that they hold no thread."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Final

__all__ = ["Deadlines"]

_STEP: Final = 0.1
_CROWDED_SECONDS: Final = 1.0
"""How long each may take when many keep threads waiting."""


class Deadlines:
    """Sockets whose request head or body is awaited, each with the moment it must be there."""

    def __init__(self, seconds: float, crowd: int) -> None:
        self._seconds = seconds
        self._crowd = crowd
        self._lock = threading.Lock()
        self._waiting: dict[socket.socket, tuple[float, float]] = {}
        """By socket, since when and until when."""
        self._ends = threading.Event()

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._run, name="deadlines", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._ends.set()

    def begin(self, connection: socket.socket, seconds: float | None = None) -> None:
        """Say that a head is awaited, or something else for some seconds."""
        with self._lock:
            now = time.monotonic()
            self._waiting[connection] = now, now + (self._seconds if seconds is None else seconds)

    def end(self, connection: socket.socket) -> None:
        """Say that it has come, or that nobody waits any more."""
        with self._lock:
            self._waiting.pop(connection, None)

    def _run(self) -> None:
        while not self._ends.wait(_STEP):
            now = time.monotonic()
            with (
                self._lock
            ):  # held over the shutdown: the socket cannot be closed and its number reused meanwhile
                for connection in self._late(now):
                    del self._waiting[connection]
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)

    def _late(self, now: float) -> list[socket.socket]:
        latest = now - _CROWDED_SECONDS if len(self._waiting) > self._crowd else 0.0
        return [each for each, (since, due) in self._waiting.items() if due < now or since < latest]
