"""Files that `init` writes: they must not exist yet, and are written whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, TextIO

from leastkey.disk.hardening import as_started
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["refuse_existing", "write_all", "write_new"]


_REMEDY: Final = ("look at it: `leastkey plan`", "write another: `leastkey init --spec OTHER.yaml`")


def refuse_existing(path: Path, shown: str, *remedy: str) -> None:
    """Refuse a file that is there already, also as a link to nowhere."""
    if os.path.lexists(path):
        raise _exists(shown, *remedy)


def _exists(shown: str, *remedy: str) -> LeastkeyError:
    return LeastkeyError("spec-exists", f"`{shown}` is there already", remedy=remedy or _REMEDY)


def write_new(path: Path, shown: str, text: str) -> None:
    """Write a file that must not exist yet, whole or not at all; under no umask may others write to it."""
    is_made = False
    try:
        with as_started(), open(path, "x", encoding="utf-8", opener=_not_for_others) as file:
            is_made = True
            _put(file, text)
    except FileExistsError:
        raise _exists(shown) from None
    except BaseException as error:
        if is_made:
            path.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise LeastkeyError(
            "io-failed", f"`{shown}` cannot be written", why=str(error.strerror), remedy="--spec FILE"
        ) from None


def _put(file: TextIO, text: str) -> None:
    file.write(text)


def _not_for_others(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o644)


def write_all(files: Sequence[tuple[Path, str, str]]) -> None:
    """Write several files (path, name to show, text) that must not exist yet: all of them, or none."""
    written: list[Path] = []
    try:
        for path, shown, text in files:
            _make_folder(path.parent, shown)
            write_new(path, shown, text)
            written.append(path)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def _make_folder(folder: Path, shown: str) -> None:
    try:
        with as_started():
            folder.mkdir(mode=0o755, exist_ok=True)
    except OSError as error:
        raise LeastkeyError(
            "io-failed",
            f"the folder of `{shown}` cannot be made",
            why=str(error.strerror),
            remedy="--spec FILE, in a folder you may write to",
        ) from None
