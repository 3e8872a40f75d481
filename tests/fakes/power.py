"""The switch of a simulated computer: once it is off, nothing of the run reaches AWS or the disk any more."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


class PowerCut(BaseException):
    """The process is dead."""


class Power:
    """On until `cut`; `on` again is the next process."""

    def __init__(self) -> None:
        self.is_on = True

    def check(self) -> None:
        if not self.is_on:
            raise PowerCut

    def cut(self) -> None:
        self.is_on = False
        raise PowerCut


@dataclass
class FakeClock:
    """A clock that moves when somebody sleeps."""

    start: datetime = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
    passed: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.passed += seconds
