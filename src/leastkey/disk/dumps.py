"""A process that holds secrets leaves no core file, and other processes of its user cannot read its memory.

Source: Linux manual page prctl(2), PR_SET_DUMPABLE: not inherited by a program that is started, so `leastkey run` changes
nothing for its child. Elsewhere the soft limit of core files is set, which a child may raise again.
"""

from __future__ import annotations

import os
import sys

__all__ = ["forbid_dumps"]

_SET_DUMPABLE = 4


def forbid_dumps() -> None:
    """Switch core files off for this process; debuggers of the same user stay out too, on Linux."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    elif os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
