"""The endpoint as `serve` and `run --serve` start it: prepared, with its first session, before anybody can ask."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from leastkey.broker.apart import minting_apart
from leastkey.broker.endpoint import Watcher, open_endpoint
from leastkey.broker.kept import Kept
from leastkey.cli.machine import helper_command
from leastkey.cli.sessions import prepared
from leastkey.disk.sessions import Sessions
from leastkey.ports.binding import binding_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leastkey.broker.listener import Listener
    from leastkey.cli.machine import Machine
    from leastkey.cli.show import Show
    from leastkey.ports.binding import Binding

__all__ = ["GUESSED", "Heard", "endpoint_for", "endpoint_of_child", "same_parent"]

GUESSED: Final = (
    "somebody is guessing the token of the endpoint: wrong ones are slowed, the right one is served"
)


def endpoint_for(here: Machine, binding: Binding, watcher: Watcher) -> tuple[Listener, str, str]:
    """Get the first session, then open the port; gives the listener, its URL and the token."""
    prepared(here, binding)
    kept = Kept(
        minting_apart(helper_command(here.home), binding_id(binding.key)),
        binding.session_seconds,
        here.clock,
        mark=Sessions(here.home).forgotten_mark,
    )
    kept.first()
    return open_endpoint(kept, here.clock, watcher)


@contextmanager
def endpoint_of_child(here: Machine, binding: Binding, show: Show) -> Iterator[tuple[str, str]]:
    """Serve from a thread while the block runs; gives the URL and the token. It ends with this process at the latest."""
    heard = Heard(show)
    watcher = Watcher(guessed=lambda: heard.say(show.warn, GUESSED))
    listener, url, token = endpoint_for(here, binding, watcher)
    thread = threading.Thread(target=listener.run, name="endpoint", daemon=True)
    thread.start()
    try:
        yield url, token
    finally:
        listener.stop()
        thread.join(timeout=2)


class Heard:
    """What a server says while it serves. What stderr does not take at once is left out, and counted: who asks comes first."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._missed = 0

    def say(self, say: Callable[[str], None], text: str) -> None:
        """Say a text, and before it how many were left out."""
        if not self._show.takes_talk():
            self._missed += 1
            return
        if self._missed:
            self._show.talk(f"left out, while nobody read what is said here: {self._missed}")
            self._missed = 0
        say(text)


def same_parent() -> Callable[[], bool]:
    """Give what says whether the process that started this one is still there."""
    parent = os.getppid()
    return lambda: os.getppid() == parent
