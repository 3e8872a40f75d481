"""Which files and folders of the state folder are open to others, and closing them."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leastkey.disk.files import FILE_MODE, FOLDER_MODE, failure

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["OpenPlace", "close_to_others", "open_places"]

_OTHERS: Final = 0o077
_WRITE_BY_OTHERS: Final = 0o022
_MOST: Final = 100_000


@dataclass(frozen=True, slots=True)
class OpenPlace:
    """A file or folder that others can read or write, or that is not ours. `is_ours`: we can close it."""

    path: Path
    why: str
    is_ours: bool


def open_places(home: Path) -> Iterator[OpenPlace]:
    """Give what is open to others below a state folder, itself first. Nothing where there is no folder yet.

    The folder itself may be read by others: what lies in it is closed. Links are not followed. Raises LeastkeyError.
    """
    if not home.exists():
        return
    if (found := _judged(home, _WRITE_BY_OTHERS)) is not None:
        yield found
    waiting, seen = [home], 0
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda each: each.name)
        except OSError as error:
            raise failure(error, folder) from error
        for entry in entries:
            seen += 1
            path = Path(entry.path)
            if seen > _MOST:
                return
            if entry.is_symlink():
                continue
            if (found := _judged(path, _OTHERS)) is not None:
                yield found
            if entry.is_dir():
                waiting.append(path)


def close_to_others(path: Path) -> None:
    """Take every right of others away from a file or folder of ours. A link put in its place is not followed."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            is_folder = stat.S_ISDIR(os.fstat(fd).st_mode)
            os.fchmod(fd, FOLDER_MODE if is_folder else FILE_MODE)
        finally:
            os.close(fd)
    except OSError as error:
        raise failure(error, path) from error


def _judged(path: Path, rights: int) -> OpenPlace | None:
    try:
        status = path.stat() if rights == _WRITE_BY_OTHERS else path.lstat()
    except FileNotFoundError:  # gone meanwhile: a lock, a temporary file
        return None
    except OSError as error:
        raise failure(error, path) from error
    if status.st_uid != os.geteuid():
        return OpenPlace(path, f"belongs to user {status.st_uid}, we are user {os.geteuid()}", is_ours=False)
    if stat.S_IMODE(status.st_mode) & rights and not stat.S_ISSOCK(status.st_mode):
        return OpenPlace(path, f"has the mode {stat.S_IMODE(status.st_mode):04o}", is_ours=True)
    return None
