"""A proxy in a process of its own that adds a round trip's time to each request and counts them."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from measure import ROOT
from tests.support.proxy import Phase, Proxy, Seen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

assert ROOT.is_dir()  # importing it lets `tests` be found


@dataclass(frozen=True, slots=True)
class Slow:
    """A running proxy."""

    url: str
    _pipe: Connection

    def requests(self) -> Counter[str]:
        """Give what was asked since this was called last, by action."""
        self._pipe.send(None)
        made: Counter[str] = self._pipe.recv()
        return made

    def delay(self, seconds: float) -> None:
        """Add this much to each request from now on."""
        self._pipe.send(seconds)


@contextlib.contextmanager
def delaying(port: int, seconds: float) -> Iterator[Slow]:
    """Run a proxy before a port for the length of a block."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, port, seconds))
    process.start()
    try:
        yield Slow(ours.recv(), ours)
    finally:
        ours.send("stop")
        process.join()


def _serve(pipe: Connection, port: int, seconds: float) -> None:
    pause = seconds

    def wait(_: Seen, phase: Phase) -> None:
        if phase == "before":
            time.sleep(pause)

    proxy = Proxy(port, wait)
    proxy.start()
    pipe.send(proxy.url)
    counted = 0
    while (told := pipe.recv()) != "stop":
        if told is None:
            made = proxy.seen[counted:]
            counted += len(made)
            pipe.send(Counter(each.action for each in made))
        else:
            pause = told
    proxy.stop()
