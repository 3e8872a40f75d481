"""Time as a Protocol: flows ask a Clock, so that tests move it and nothing sleeps for real."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock", "SystemClock", "within"]

_T = TypeVar("_T")


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


def within(seconds: float, call: Callable[[], _T]) -> _T:
    """Make a call that is given up after so many seconds (TimeoutError); it may not keep the process alive."""
    import threading

    results: list[_T] = []
    errors: list[Exception] = []

    def work() -> None:
        try:
            results.append(call())
        except Exception as error:  # noqa: BLE001  # carried over to the caller's thread
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True, name="leastkey-within")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError
    if errors:
        raise errors[0]
    return results[0]
