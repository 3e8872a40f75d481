"""A link that appears in a file's place at any moment: what it points to is neither read, written, locked nor changed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.support.torture import rounds

from leastkey.disk import files
from leastkey.disk.locks import hold_file
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

THEIRS = b"theirs"
OURS = b"ours"


SWAP = """
import os, sys
target, outside, link, own, ready = sys.argv[1:]
os.umask(0o077)
is_folder = os.path.isdir(outside)
open(ready, "w").close()
while True:
    try:
        os.symlink(outside, link)
        os.rename(link, target)
        if is_folder:
            os.unlink(target)
        else:
            with open(own, "wb") as file:
                file.write(b"ours")
            os.rename(own, target)
    except OSError:
        for left in (link, own):
            if os.path.lexists(left):
                os.unlink(left)
"""


@contextmanager
def swapping(target: Path, outside: Path) -> Iterator[None]:
    """Put a link to `outside` in the place of `target`, and something else again, as fast as another process can."""
    ready = outside.with_name("ready")
    names = (target, outside, target.with_name("link"), target.with_name("own"), ready)
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", SWAP, *map(str, names)]) as process:
        while not ready.exists():
            assert process.poll() is None
            time.sleep(0.01)
        try:
            yield
        finally:
            process.kill()


def write(target: Path) -> None:
    files.write_private(target, OURS)


def read(target: Path) -> None:
    assert files.read_private(target) in {None, OURS}


def create(target: Path) -> None:
    files.remove(target)
    files.create_private(target, OURS)


def append(target: Path) -> None:
    with files.open_private(target, os.O_WRONLY | os.O_APPEND) as fd:
        os.write(fd, b"")
        assert os.fstat(fd).st_size != len(THEIRS)


def lock(target: Path) -> None:
    with hold_file(target, "it", "a test", wait_seconds=0):
        pass


def folder(target: Path) -> None:
    files.ensure_folder(target)
    target.rmdir()


@pytest.mark.torture
@pytest.mark.parametrize("door", [write, read, create, append, lock, folder])
def test_ten_thousand_races_of_links_touch_nothing_outside(
    door: Callable[[Path], None], tmp_path: Path
) -> None:
    inside = tmp_path / "state"
    files.ensure_folder(inside)
    outside = tmp_path / "outside"
    if door is folder:
        outside.mkdir(mode=0o755)
    else:
        outside.write_bytes(THEIRS)
        outside.chmod(0o600)
    before = outside.stat()
    done = 0
    refused: set[str] = set()
    with swapping(inside / "target", outside):
        until = time.monotonic() + 60
        tries = 0
        while tries < rounds(200, 10_000) or not (done and refused):
            assert time.monotonic() < until or (done and refused), "the links never came in between"
            tries += 1
            try:
                door(inside / "target")
                done += 1
            except LeastkeyError as error:
                refused.add(error.code)
            except OSError as error:  # it went away between two steps of the test's own
                refused.add(type(error).__name__)
    assert refused <= {"unsafe-file", "io-failed", "FileNotFoundError", "NotADirectoryError"}
    after = outside.stat()
    assert (after.st_mode, after.st_mtime_ns, after.st_ino) == (
        before.st_mode,
        before.st_mtime_ns,
        before.st_ino,
    )
    assert stat.S_ISDIR(after.st_mode) or outside.read_bytes() == THEIRS
    assert [path for path in inside.iterdir() if path.name not in {"target", "link", "own"}] == []
