"""One server a state folder: a lock that lives as long as its process, a fork included."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from leastkey.disk.files import FILE_MODE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["hold_folder"]


@contextlib.contextmanager
def hold_folder(folder: Path) -> Iterator[bool]:
    """Hold a state folder for one server; gives False when another one has it."""
    fd = os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(fd)
