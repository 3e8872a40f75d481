"""A process that holds secrets leaves no core file, its memory is closed to its user's other processes, its files to others.

Source: Linux manual pages prctl(2), PR_SET_DUMPABLE (a program that is started does not inherit it), core(5) and umask(2).
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["as_started", "close_memory", "harden"]

_SET_DUMPABLE: Final = 4
_OURS_ALONE: Final = 0o077
_STARTED: Final[list[tuple[int, int]]] = []
"""The umask and the largest core file that this process was started with."""


def harden() -> None:
    """Leave no core file, and make files for our user alone. All that loads is paid by every command."""
    _STARTED.append((os.umask(_OURS_ALONE), _largest_core(0)))


def close_memory() -> None:
    """Keep debuggers of the same user out, on Linux; no core file is made then, whatever the limits say."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)


@contextmanager
def as_started() -> Iterator[None]:
    """Start a program of the user's, or make a file of his, with the umask and the limit this process was started with."""
    if not _STARTED:
        yield
        return
    umask, core = _STARTED[0]
    ours = os.umask(umask), _largest_core(core)
    try:
        yield
    finally:
        os.umask(ours[0])
        _largest_core(ours[1])


def _largest_core(size: int) -> int:
    """Set how large a core file may be; gives how large it might be before. Its bound stays, so that a child may raise it."""
    if os.name != "posix":
        return size
    import resource

    before, bound = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (size, bound))
    return before
