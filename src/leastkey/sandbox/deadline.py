"""Clients that send their headers byte by byte: cut off after a fixed time, so that they hold no thread."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Final

__all__ = ["Deadlines"]

_STEP: Final = 0.1


class Deadlines:
    """Sockets whose request head is awaited, each with the moment it must be there."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._waiting: dict[socket.socket, float] = {}
        self._ends = threading.Event()

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._run, name="deadlines", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._ends.set()

    def begin(self, connection: socket.socket) -> None:
        """Say that a head is awaited."""
        with self._lock:
            self._waiting[connection] = time.monotonic() + self._seconds

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
                for connection in [each for each, due in self._waiting.items() if due < now]:
                    del self._waiting[connection]
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)
