"""Locks between processes: flock on a private file, so that the kernel frees a lock when its holder dies.

The holder writes who it is into the file. It removes the file before it lets go; who then locks a removed file
notices and starts again, so no lock file is left behind and no two hold one lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
from typing import TYPE_CHECKING, Final

from leastkey.clock import SystemClock
from leastkey.disk.files import (
    FILE_MODE,
    ensure_folder,
    failure,
    hashed_name,
    read_all,
    write_all,
)
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.clock import Clock
    from leastkey.disk.home import AnyPath

__all__ = ["FileLocks", "hold_file"]

_STEPS: Final = (0.002, 0.005, 0.01, 0.02, 0.05)
"""Pauses between two tries, in seconds; the last one repeats."""


class FileLocks:
    """Locks by name, below the state folder. Implements ports.local.Locks."""

    def __init__(self, home: AnyPath, clock: Clock | None = None) -> None:
        self._folder = home / "locks"
        self._clock = clock or SystemClock()

    @contextlib.contextmanager
    def hold(self, name: str, operation: str, *, wait_seconds: float = 0) -> Iterator[None]:
        """Hold a lock. Raises LeastkeyError `locked` naming the holder's pid, host and operation."""
        ensure_folder(self._folder)
        path = self._folder / hashed_name(name, ".lock")
        with hold_file(path, name, operation, wait_seconds=wait_seconds, clock=self._clock):
            yield


@contextlib.contextmanager
def hold_file(
    path: AnyPath, name: str, operation: str, *, wait_seconds: float, clock: Clock | None = None
) -> Iterator[None]:
    """Hold a lock whose file has a place of its own, such as beside a file of the user's."""
    try:
        fd = _take(path, name, wait_seconds, clock or SystemClock())
    except OSError as error:
        raise failure(error, path) from error
    try:
        try:
            _sign(fd, operation)
        except (
            OSError
        ) as error:  # a lock nobody can read the holder of is still a lock, but a full disk must show
            raise failure(error, path) from error
        yield
    finally:
        with contextlib.suppress(
            FileNotFoundError
        ):  # somebody cleared the folder: the lock itself held all along
            path.unlink()
        os.close(fd)


def _take(path: AnyPath, name: str, wait_seconds: float, clock: Clock) -> int:
    deadline = clock.monotonic() + wait_seconds
    for step in _steps():
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, FILE_MODE)
        try:
            _refuse_planted(fd, path)
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = read_all(fd)
            os.close(fd)
            if clock.monotonic() >= deadline:
                raise _locked(name, holder) from None
            clock.sleep(min(step, max(0.0, deadline - clock.monotonic())))
            continue
        except BaseException:
            os.close(fd)
            raise
        if _is_current(fd, path):
            return fd
        os.close(fd)
    raise AssertionError("the steps never end")


def _refuse_planted(fd: int, path: AnyPath) -> None:
    """Refuse a file that has another name too: who signs a lock empties it, and somebody may have linked it here."""
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        raise LeastkeyError(
            "unsafe-file",
            f"`{path}` is not safe to use",
            why="it is no lock of ours: not a regular file, or one that has a second name",
            remedy=f"`ls -li {path}`",
        )


def _steps() -> Iterator[float]:
    yield from _STEPS
    while True:
        yield _STEPS[-1]


def _is_current(fd: int, path: AnyPath) -> bool:
    """Say whether the locked file still has its name: the last holder removes it before letting go."""
    try:
        named = path.lstat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(fd), named)


def _sign(fd: int, operation: str) -> None:
    os.fchmod(fd, FILE_MODE)
    os.ftruncate(fd, 0)
    signature = {"pid": os.getpid(), "host": os.uname().nodename, "operation": operation}
    write_all(fd, json.dumps(signature).encode())


def _locked(name: str, holder: bytes) -> LeastkeyError:
    try:
        signed = json.loads(holder)
        who = f"process {signed['pid']} on {signed['host']} is at `{signed['operation']}`"
    except (ValueError, KeyError, TypeError):
        who = "its holder has not yet said who it is"  # it was caught between taking the lock and signing it
    return LeastkeyError(
        "locked",
        f"another leastkey is at work on {name}",
        why=who,
        remedy="wait until it is done, then run the same command again",
    )
