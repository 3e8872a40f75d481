"""For programs that a kill loop starts: SIGKILL just before the n-th time the program makes, changes or removes a file.

`LEASTKEY_KILL_BELOW` is the folder that counts, `LEASTKEY_KILL_AT` the number, and `LEASTKEY_KILL_COUNT` a file whose
length is how many there were.
"""

from __future__ import annotations

import itertools
import os
import runpy
import signal
import sys
from pathlib import Path

_BELOW = os.environ.pop("LEASTKEY_KILL_BELOW", "")
_AT = int(os.environ.pop("LEASTKEY_KILL_AT", "0"))
_COUNT = os.environ.pop("LEASTKEY_KILL_COUNT", "")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES = frozenset(
    {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "fcntl.flock"}
)
_log = os.open(_COUNT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600) if _COUNT else -1
_numbers = itertools.count(1)


def _count(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        counts = isinstance(flags, int) and bool(flags & _WRITES) and str(path).startswith(_BELOW)
    elif event == "fcntl.flock":
        counts = True
    else:
        counts = event in _CHANGES and str(arguments[0]).startswith(_BELOW)
    if counts:
        os.write(_log, b".")
        if next(_numbers) == _AT:
            os.kill(os.getpid(), signal.SIGKILL)


runpy.run_path(str(Path(__file__).parents[1] / "watch/sitecustomize.py"))
if _BELOW:
    sys.addaudithook(_count)
