"""Keeps the latest calls, and hands their records on: built in a thread of its own, in order, none left out.

Bounds: 2,000 calls that can be explained, 10,000 management events for LookupEvents, 10,000 records that a full disk
keeps waiting, and 500 calls that wait for their record; when so many wait, the next one builds them itself. What goes wrong is told by `trouble`; no call is refused.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Final

from leastkey.sandbox.trail.event import events
from leastkey.sandbox.trail.why import Call, call_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leastkey.sandbox.trail.event import Event
    from leastkey.sandbox.trail.seen import Seen

__all__ = ["CALLS", "Trail"]

_LOG: Final = logging.getLogger(__name__)
CALLS: Final = 2_000
_HISTORY: Final = 10_000
_UNWRITTEN: Final = 10_000
_WAITING: Final = 500
_PAUSE: Final = 0.2
_FLUSH_SECONDS: Final = 5.0


class Trail:
    """Implements `Observer`. `write` takes finished records, at the latest five seconds after the call; None keeps no files."""

    def __init__(self, write: Callable[[Sequence[Event]], None] | None = None) -> None:
        self._write = write
        self._waiting: deque[Seen] = deque()
        self._changed = threading.Condition()
        self._building = threading.RLock()
        self._unwritten: list[Event] = []
        self._calls: deque[Call] = deque(maxlen=CALLS)
        self._events: deque[tuple[str, str, str]] = deque(maxlen=_HISTORY)
        self._ends = False
        self.trouble = ""
        """What went wrong with the last records; "" when nothing did."""
        self._thread = threading.Thread(target=self._run, name="trail", daemon=True)

    def saw(self, seen: Seen) -> None:
        """Take note of a request."""
        seen.trim()
        with self._changed:
            self._waiting.append(seen)
            count = len(self._waiting)
            if count == 1:
                self._changed.notify()
        if count >= _WAITING:
            self._build()

    def start(self) -> None:
        """Begin to build records."""
        self._thread.start()

    def stop(self) -> None:
        """Build and write what is left."""
        with self._changed:
            self._ends = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()
        self._build()
        self._flush()

    def forget(self) -> None:
        """Drop everything that is kept in memory."""
        self._build()
        with self._building:
            self._calls.clear()
            self._events.clear()
            self._unwritten.clear()

    def calls(self) -> tuple[Call, ...]:
        """Give the latest calls, oldest first."""
        self._build()
        with self._building:
            return tuple(self._calls)

    def history(self, account: str, region: str) -> list[str]:
        """Give the management events of an account in a region as JSON, oldest first."""
        self._build()
        with self._building:
            return [record for *place, record in self._events if place == [account, region]]

    def _build(self) -> None:
        """Build the records of all calls that wait, in their order."""
        with self._building:
            while self._waiting:
                seen = self._waiting.popleft()
                for event in self._noted(seen):
                    if event["managementEvent"]:
                        place = event["recipientAccountId"], event["awsRegion"]
                        self._events.append((*place, json.dumps(event)))
                    if self._write is not None:
                        self._unwritten.append(event)

    def _noted(self, seen: Seen) -> tuple[Event, ...]:
        try:
            self._calls.append(call_of(seen))
            return events(seen)
        except Exception as error:  # noqa: BLE001  # said in `status`; the call was answered long ago
            self.trouble = f"no event for request {seen.request_id}: {type(error).__name__}"
            _LOG.error("%s", self.trouble)  # the words of the exception may quote the request
            return ()

    def _flush(self) -> None:
        with self._building:
            ready, self._unwritten = self._unwritten, []
        if self._write is None or not ready:
            return
        try:
            self._write(ready)
        except Exception as error:  # noqa: BLE001  # they are kept, and the next flush tries again
            with self._building:
                self._unwritten = (ready + self._unwritten)[-_UNWRITTEN:]
            self.trouble = f"the trail's events are not on disk: {type(error).__name__}"
            _LOG.error("%s", self.trouble)
        else:
            if self.trouble.startswith("the trail's"):
                self.trouble = ""

    def _run(self) -> None:
        quiet = 0.0
        while not self._ends:
            with self._changed:
                self._changed.wait_for(lambda: self._ends or self._waiting or self._unwritten)
                self._changed.wait_for(lambda: self._ends, _PAUSE)
            quiet += _PAUSE
            self._build()
            if quiet >= _FLUSH_SECONDS or len(self._unwritten) >= _WAITING:
                self._flush()
                quiet = 0.0
