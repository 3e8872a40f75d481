"""IAM is eventually consistent: what was just made or changed does not count yet, for as long as was asked for.

Source: IAM User Guide, "Troubleshoot IAM", "Changes that I make are not always immediately visible".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from leastkey.clock import SystemClock

if TYPE_CHECKING:
    from leastkey.clock import Clock
    from leastkey.evaluate.request import NamedDocument

__all__ = ["Propagation"]


class Propagation:
    """How long changes take, and what counted before them. Used under the gate's lock."""

    def __init__(self) -> None:
        self.clock: Clock = SystemClock()
        self._delay = timedelta()
        self._since = datetime.min.replace(tzinfo=UTC)
        self._former: dict[str, list[tuple[datetime, tuple[NamedDocument, ...]]]] = {}

    @property
    def delay(self) -> timedelta:
        """How long changes take from when this was set; nothing by default."""
        return self._delay

    @delay.setter
    def delay(self, delay: timedelta) -> None:
        self._delay = delay
        self._since = self.clock.now()
        self._former = {}

    def is_new(self, made: datetime) -> bool:
        """Say whether a key, user or role that was made then (UTC without a zone, as moto keeps it) is not seen yet."""
        if not self._delay:
            return False
        moment = made.replace(tzinfo=UTC)
        return self._since <= moment and self.clock.now() < moment + self._delay

    def keep(self, entity_id: str, documents: tuple[NamedDocument, ...]) -> None:
        """Keep what counts for a user, role or group up to a change that is made now."""
        if self._delay:
            until = self.clock.now() + self._delay
            self._former.setdefault(entity_id, []).append((until, documents))

    def former(self, entity_id: str) -> tuple[NamedDocument, ...] | None:
        """Give what still counts for a user, role or group; None when its own documents do."""
        held = self._former.get(entity_id)
        if held is None:
            return None
        now = self.clock.now()
        held[:] = [each for each in held if each[0] > now]
        if not held:
            del self._former[entity_id]
            return None
        return held[0][1]
