"""Time as a Protocol: flows ask a Clock, so that tests move it and nothing sleeps for real."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Wall time (always UTC), a monotonic counter in seconds, and waiting."""

    def now(self) -> datetime:
        """Give the current time, UTC and aware."""
        ...

    def monotonic(self) -> float:
        """Give seconds that only grow, for measuring spans."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The computer's own clock."""

    def now(self) -> datetime:
        """Give the current time, UTC and aware."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Give seconds that only grow."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
