"""One run's surroundings: journal, doors, what it made. Every write of a run goes through `Work.write`."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

from leastkey.apply.local_state import project_of
from leastkey.apply.retry import Hopes, patiently
from leastkey.errors import AwsError
from leastkey.iam.limits import PROPAGATION_SECONDS
from leastkey.keys.retire import unless_missing
from leastkey.ports.local import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from leastkey.compile.wanted import Wanted
    from leastkey.ports.aws import Connect
    from leastkey.ports.binding import Binding
    from leastkey.ports.local import Local
    from leastkey.ports.people import Progress

__all__ = ["Work"]

T = TypeVar("T")


class Work:
    """What the parts of one run share. Used from many threads."""

    def __init__(
        self,
        run: str,
        wanted: Wanted,
        connect: Connect,
        local: Local,
        progress: Progress,
    ) -> None:
        self.run = run
        self.wanted = wanted
        self.connect = connect
        self.iam = connect.iam()
        self.local = local
        self.progress = progress
        self.project = project_of(wanted, connect.endpoint_url)
        self.writes = 0
        self._lock = threading.Lock()
        self._made: dict[str, float] = {}
        self._new_users: dict[str, datetime] = {}
        self._bound: tuple[Binding, ...] | None = None

    def journal(
        self,
        phase: Literal["begin", "about", "done", "failed", "end"],
        call: str,
        target: str,
        note: str = "",
    ) -> None:
        """Write a journal line; it is on the disk before this returns."""
        now = self.local.clock.now()
        self.local.journal.write(JournalEntry(self.run, now, phase, call, target, note))

    def write(
        self,
        call: str,
        target: str,
        send: Callable[[], T],
        *,
        names: tuple[str, ...] = (),
        again: bool = True,
    ) -> T:
        """Make one write: journal it, send it, journal what became of it. Raises AwsError.

        `names` are the entities it names, such as `role reports`: one that this run made may not be known everywhere
        yet. `again=False`: after a lost answer the caller finds out what happened instead of asking again.
        """
        self.journal("about", call, target)
        with self._lock:
            self.writes += 1
        hopes = Hopes(fresh=any(map(self.is_fresh, names)), again=again)
        try:
            answer = patiently(send, self.local.clock, hopes)
        except AwsError as error:
            self.journal("failed", call, target, error.code or "no answer")
            raise
        self.journal("done", call, target)
        return answer

    def remove(self, call: str, target: str, send: Callable[[], None]) -> None:
        """Make one write that takes something away: what is not there any more is done."""
        self.write(call, target, partial(unless_missing, send))

    def set_tags(self, kind: Literal["user", "role"], name: str, tags: dict[str, str]) -> None:
        """Set tags of a user or role."""
        self.write(f"iam:Tag{kind.capitalize()}", name, lambda: self.iam.tag(kind, name, tags))

    def made(self, entity: str) -> None:
        """Remember that this run made an entity."""
        with self._lock:
            self._made[entity] = self.local.clock.monotonic()

    def is_fresh(self, entity: str) -> bool:
        """Say whether this run made an entity moments ago."""
        with self._lock:
            when = self._made.get(entity)
        return when is not None and self.local.clock.monotonic() - when < PROPAGATION_SECONDS

    def made_user(self, user: str, created: datetime) -> None:
        """Remember that this run made a user, and when by AWS's clock: its key list is known to be empty."""
        with self._lock:
            self._new_users[user.lower()] = created

    def new_user(self, user: str) -> datetime | None:
        """Say when this run made a user, or None when it did not."""
        with self._lock:
            return self._new_users.get(user.lower())

    def bindings(self) -> tuple[Binding, ...]:
        """Give what this computer had bound when the run first asked, which removals do: all is made by then."""
        with self._lock:
            if self._bound is None:
                self._bound = self.local.bindings.all()
            return self._bound
