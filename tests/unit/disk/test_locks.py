"""Locks between processes: one holder, who names itself; freed by the kernel; no file left."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from leastkey.disk.locks import FileLocks
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys, time
from pathlib import Path
from leastkey.disk.locks import FileLocks
with FileLocks(Path(sys.argv[1])).hold("111122223333/bot", "leastkey up"):
    print("held", flush=True)
    time.sleep(60)
"""


class QuietClock:
    """A clock whose waiting takes no time, and which counts what was waited."""

    def __init__(self) -> None:
        self.waited = 0.0

    def monotonic(self) -> float:
        return self.waited

    def sleep(self, seconds: float) -> None:
        self.waited += seconds

    def now(self) -> object:
        raise AssertionError("a lock never asks what time it is")


def test_the_second_process_learns_who_holds_the_lock_and_the_kernel_frees_it(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        clock = QuietClock()
        locks = FileLocks(tmp_path, clock)  # type: ignore[arg-type]  # no wall time in it
        with (
            pytest.raises(LeastkeyError) as caught,
            locks.hold("111122223333/bot", "leastkey up", wait_seconds=2),
        ):
            pass
        assert caught.value.code == "locked"
        assert caught.value.why == (f"process {holder.pid} on {os.uname().nodename} is at `leastkey up`",)
        assert clock.waited == pytest.approx(2)
        with locks.hold("111122223333/other", "leastkey up"):
            pass
        holder.kill()
        holder.wait()
    with FileLocks(tmp_path).hold("111122223333/bot", "leastkey up"):
        pass
    assert list((tmp_path / "locks").iterdir()) == []


def test_threads_never_hold_one_lock_together_even_as_its_file_comes_and_goes(tmp_path: Path) -> None:
    inside = 0
    worst = 0

    def work() -> None:
        nonlocal inside, worst
        locks = FileLocks(tmp_path)
        for _ in range(40):
            with locks.hold("one", "test", wait_seconds=60):
                inside += 1
                worst = max(worst, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert worst == 1
    assert list((tmp_path / "locks").iterdir()) == []


def test_the_lock_is_freed_when_its_work_fails(tmp_path: Path) -> None:
    locks = FileLocks(tmp_path)
    with pytest.raises(ZeroDivisionError), locks.hold("one", "test"):
        raise ZeroDivisionError
    with locks.hold("one", "test"):
        pass


def test_a_lock_file_that_was_removed_between_open_and_lock_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last holder leaves and a third comes in just after the second has opened the file."""
    locks = FileLocks(tmp_path)
    flock = fcntl.flock
    third = contextlib.ExitStack()
    turns: list[int] = []

    def late(fd: int, operation: int) -> None:
        turns.append(fd)
        if len(turns) == 1:
            (path,) = (tmp_path / "locks").iterdir()
            path.unlink()
            third.enter_context(FileLocks(tmp_path).hold("one", "the third"))
        flock(fd, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with third, pytest.raises(LeastkeyError) as caught, locks.hold("one", "the second"):
        pass
    assert "the third" in caught.value.why[0]
