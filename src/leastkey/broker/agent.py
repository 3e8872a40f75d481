"""The agent: holds the sessions of this computer's identities in memory and renews them ahead, for who runs as its user.

A line in, an answer out: a binding's id gives its `credential_process` document, or nothing where none is at hand in
time; `status` tells what is held, `stop` ends it. It never holds a long-lived secret: sessions come from a process of
their own (`apart`). What nobody asked for during the life of a session is not renewed.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Final

from leastkey.broker.listener import Wait

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from leastkey.broker.kept import Kept
    from leastkey.clock import Clock

__all__ = ["Agent"]

_BINDING: Final = re.compile("[0-9a-f]{16}")
_LINE: Final = 64
_IDLE_SECONDS: Final = 3_600.0


@dataclass(slots=True)
class _Entry:
    kept: Kept
    asked: float


class Agent:
    """Answers clients. Implements listener.Service. `keep` gives what holds a binding's session, None for an unknown one."""

    too_slow = b""

    def __init__(
        self,
        keep: Callable[[str], Kept | None],
        clock: Clock,
        *,
        is_ours: Callable[[socket.socket], bool],
        alive: Callable[[], bool],
    ) -> None:
        self._keep = keep
        self._clock = clock
        self._is_ours = is_ours
        self._alive = alive
        self._entries: dict[str, _Entry] = {}
        self._is_stopped = False

    def admits(self, peer: socket.socket) -> bool:
        """Say whether the peer runs as our user."""
        return self._is_ours(peer)

    def tick(self) -> bool:
        """Renew ahead what is in use, drop what is not; end when told to, or when the socket's file is gone."""
        now = self._clock.monotonic()
        for binding, entry in tuple(self._entries.items()):
            if now - entry.asked < _IDLE_SECONDS:
                entry.kept.renew_when_due()
            elif entry.kept.spare() is None:
                del self._entries[binding]
        return not self._is_stopped and self._alive()

    def answer(self, received: bytes, *, is_last: bool) -> bytes | Wait:
        """Answer a line."""
        line, ended, _ = received.partition(b"\n")
        if not ended:
            return Wait.MORE if len(received) <= _LINE else b""
        word = line.decode("ascii", "replace")
        if word == "status":
            return json.dumps(self._status()).encode()
        if word == "stop":
            self._is_stopped = True
            return b"stopping\n"
        return self._document(word, is_last=is_last) if _BINDING.fullmatch(word) else b""

    def _document(self, binding: str, *, is_last: bool) -> bytes | Wait:
        entry = self._entries.get(binding)
        if entry is None:
            kept = self._keep(binding)
            if kept is None:
                return b""
            entry = self._entries[binding] = _Entry(kept, 0.0)
        entry.asked = self._clock.monotonic()
        document = entry.kept.fresh()
        if document is None and not is_last:
            entry.kept.renew_when_due()
        if document is not None:
            return document
        return b"" if is_last or entry.kept.has_failed else Wait.LATER

    def _status(self) -> dict[str, object]:
        ends = {binding: entry.kept.expiration for binding, entry in self._entries.items()}
        return {
            "pid": os.getpid(),
            "held": {
                binding: end.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                for binding, end in ends.items()
                if end is not None
            },
        }
