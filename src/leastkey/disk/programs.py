"""A program that the user named: it must be one that nobody else could exchange for another."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from leastkey.disk.files import failure
from leastkey.disk.home import who_could_exchange
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["refuse_unsafe_program"]

_WRITE_BY_OTHERS = 0o022


def refuse_unsafe_program(path: Path) -> None:
    """Refuse what is no program, is somebody else's, or that others can write to or put another in the place of."""
    try:
        status = path.stat()
        above = who_could_exchange(path)
    except OSError as error:
        raise failure(error, path) from error
    why = None
    if not stat.S_ISREG(status.st_mode) or not os.access(path, os.X_OK):
        why = "it is no program that can be started"
    elif status.st_uid not in {os.geteuid(), 0}:
        why = f"it belongs to user {status.st_uid}, we are user {os.geteuid()}"
    elif status.st_mode & _WRITE_BY_OTHERS:
        why = f"its mode is {stat.S_IMODE(status.st_mode):04o}: others can write to it"
    elif above is not None:
        why = f"`{above[0]}` {above[1]}"
    if why is not None:
        raise LeastkeyError(
            "unsafe-file",
            f"`{path}` is not safe to start",
            why=why,
            remedy=f"`ls -l {path}`; give it to yourself alone: `chmod go-w {path}`",
        )
