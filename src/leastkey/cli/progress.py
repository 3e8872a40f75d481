"""Progress on stderr: one line a finished change, so that a log of it reads as well as a terminal."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from leastkey.cli.show import plain

if TYPE_CHECKING:
    from leastkey.cli.show import Show

__all__ = ["LineProgress"]


class LineProgress:
    """Implements `ports.people.Progress`; flows tell it from many threads."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Tell one line."""
        with self._lock:
            self._show.talk(text)

    def done(self, noun: str, name: str, seconds: float, note: str = "") -> None:
        """Tell that one change is made."""
        tail = f"   {note}" if note else ""
        with self._lock:
            self._show.marked("  ok", "good", f"  {noun:<16} {plain(name):<28} {seconds:.1f} s{tail}")

    def failed(self, noun: str, name: str) -> None:
        """Tell that one change was refused."""
        with self._lock:
            self._show.marked("  NO", "bad", f"  {noun:<16} {name}")
