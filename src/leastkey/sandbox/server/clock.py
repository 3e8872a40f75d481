"""The sandbox's clock: the computer's, moved. It rules expiry, `aws:CurrentTime` and every timestamp.

Clients go on signing with their own time. The AWS CLI and boto3 do not follow the date of an answer, so a header
signature may be of either time unless the clock is strict; then only the sandbox's counts, as at AWS.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from leastkey.clock import Clock

__all__ = ["MovableClock", "read_span"]

_SPAN: Final = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)
_SPANS: Final = re.compile(r"(?:[0-9]{1,9}[smhd])+", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2100, 1, 1, tzinfo=UTC)


def read_span(text: str) -> timedelta:
    """Read a span such as `90s` or `1d12h`. Raises ValueError, whose text is for people."""
    if not _SPANS.fullmatch(text):
        raise ValueError(f"`{text}` is no span of time; `90s`, `15m`, `2h` and `1d12h` are")
    return timedelta(seconds=sum(int(number) * _SECONDS[unit] for number, unit in _SPAN.findall(text)))


class _Clients:
    """The time that clients may have signed with."""

    def __init__(self, clock: MovableClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now() if self._clock.is_strict else self._clock.base.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)


class MovableClock:
    """A clock that goes on from where it was moved to. Spans and waiting are the computer's."""

    def __init__(self, base: Clock) -> None:
        self.base = base
        self.offset = timedelta()
        self.is_strict = False
        self.clients = _Clients(self)

    def now(self) -> datetime:
        """Give the sandbox's time."""
        return self.base.now() + self.offset

    def monotonic(self) -> float:
        """Give seconds that only grow, also when the clock is moved back."""
        return self.base.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.base.sleep(seconds)

    def move(self, to: str, *, strict: bool = False) -> None:
        """Move by `+2h` or `-30m`, to a moment such as `2026-12-01T00:00:00Z`, or back to `now`. Raises ValueError."""
        real = self.base.now()
        if to == "now":
            moment = real
        elif to[:1] in ("+", "-"):
            span = read_span(to[1:])
            try:
                moment = self.now() + (span if to[0] == "+" else -span)
            except OverflowError:
                raise ValueError(_OUT) from None
        else:
            moment = _moment(to)
        if not _FIRST <= moment < _LAST:
            raise ValueError(_OUT)
        self.offset = moment - real
        self.is_strict = strict


_OUT: Final = "the clock goes from the year 2000 to the end of 2099"


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"`{text}` is no time; `+2h`, `-30m`, `2026-12-01T00:00:00Z` and `now` are")
    return moment.astimezone(UTC)
