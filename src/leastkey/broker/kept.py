"""A session kept at hand in memory: handed out at once, renewed ahead in the background.

What the user revokes elsewhere is dropped before the next answer: the cache's mark says when something was forgotten.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from leastkey.broker.session import least_left, refresh_at
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.clock import Clock

__all__ = ["Held", "Kept"]

_AGAIN: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds to wait after a renewal that failed; the last one repeats."""


@dataclass(frozen=True, slots=True)
class Held:
    """A session as its `credential_process` document, its end, when to renew it, and the cache's mark it came under."""

    document: bytes
    expiration: datetime
    due: datetime
    mark: object


class Kept:
    """One identity's session. `mint` gives a document or raises LeastkeyError; `mark` changes when sessions are forgotten.

    Asked from one thread; a renewal runs in another and calls `ready` at its end.
    """

    def __init__(
        self,
        mint: Callable[[], bytes],
        session_seconds: int,
        clock: Clock,
        *,
        mark: Callable[[], object] = lambda: None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._mint = mint
        self._seconds = session_seconds
        self._clock = clock
        self._mark = mark
        self.ready = ready
        self._held: Held | None = None
        self._renewing = threading.Lock()
        self._failures = 0
        self._not_before = 0.0

    def first(self) -> None:
        """Get the first session, in this very thread. Raises LeastkeyError."""
        self._held = self._minted()

    def fresh(self) -> bytes | None:
        """Give the document when it has life enough, or when a renewal was just tried in vain."""
        held = self._usable()
        if held is None:
            return None
        left = held.expiration - self._clock.now()
        return held.document if left >= least_left(self._seconds) or self._failures else None

    def spare(self) -> bytes | None:
        """Give the document as long as it is valid at all."""
        held = self._usable()
        return None if held is None else held.document

    @property
    def has_failed(self) -> bool:
        """Whether the last renewal failed."""
        return self._failures > 0

    @property
    def expiration(self) -> datetime | None:
        """When the session at hand ends."""
        held = self._usable()
        return None if held is None else held.expiration

    def renew_when_due(self) -> None:
        """Start a renewal where one is due, none is under way and the last failure was long enough ago."""
        held = self._usable()
        if held is not None and self._clock.now() < held.due:
            return
        if self._clock.monotonic() < self._not_before or not self._renewing.acquire(blocking=False):
            return
        threading.Thread(target=self._renew, name="renewal", daemon=True).start()

    def _usable(self) -> Held | None:
        held = self._held
        if held is None or held.mark != self._mark() or self._clock.now() >= held.expiration:
            return None
        return held

    def _renew(self) -> None:
        try:
            self._held = self._minted()
            self._failures = 0
        except LeastkeyError:
            wait = _AGAIN[min(self._failures, len(_AGAIN) - 1)]
            self._not_before = self._clock.monotonic() + wait
            self._failures += 1
        finally:
            self._renewing.release()
            self.ready()

    def _minted(self) -> Held:
        mark = self._mark()  # looked at first: what is forgotten meanwhile is not kept
        document = self._mint()
        try:
            end = datetime.fromisoformat(json.loads(document)["Expiration"]).astimezone(UTC)
        except (ValueError, KeyError, TypeError):
            raise LeastkeyError(
                "internal", "the credential helper's answer is none", state="no credentials were issued"
            ) from None
        # One that came from the cache may be due already; it is not asked for again at once.
        due = max(refresh_at(self._seconds, end), min(end, self._clock.now() + timedelta(seconds=5)))
        return Held(document, end, due, mark)
