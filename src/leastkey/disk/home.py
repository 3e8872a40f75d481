"""Where leastkey's state lies, and whether that place is safe.

Source: XDG Base Directory Specification 0.8, `$XDG_STATE_HOME`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leastkey.clock import SystemClock
from leastkey.disk.files import FOLDER_MODE, failure, refuse_open_folder, sweep
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.clock import Clock

__all__ = ["leastkey_home", "prepare_home", "who_could_exchange"]

_FOLDERS: Final = ("", "bindings", "intents", "journal", "sandbox", "sent", "sessions", "vault")
"""Where a killed process can leave a temporary file."""
_UNMAPPED: Final = 65_534
"""Who owns, inside a user namespace, what belongs to nobody there: the host's root, as a rule."""


def leastkey_home(environ: Mapping[str, str]) -> Path:
    """Give the state folder: `LEASTKEY_HOME`, else `$XDG_STATE_HOME/leastkey`, else `~/.local/state/leastkey`."""
    if named := environ.get("LEASTKEY_HOME"):
        return Path(os.path.abspath(named))  # noqa: PTH100  # `resolve` would follow links that we must judge
    state = environ.get("XDG_STATE_HOME", "")
    if state.startswith("/"):  # the specification: a relative path is ignored
        return Path(state, "leastkey")
    home = environ.get("HOME", "")
    if home.startswith("/"):
        return Path(home, ".local", "state", "leastkey")
    raise LeastkeyError(
        "usage",
        "there is no folder to keep state in",
        why="`LEASTKEY_HOME`, `XDG_STATE_HOME` and `HOME` are unset or no absolute paths",
        remedy="`export LEASTKEY_HOME=/path/to/a/private/folder`",
    )


def prepare_home(path: Path, *, clock: Clock | None = None) -> None:
    """Make the state folder (0700 under any umask), or refuse one that is unsafe (`unsafe-home`).

    Refused: not ours, writable by group or others, a link that somebody else made, or below a folder in which
    somebody else could put another in its place.
    """
    try:
        missing = [folder for folder in (path, *path.parents) if not os.path.lexists(folder)]
        for folder in reversed(missing):
            _make(folder)
        link = path.lstat()
        if stat.S_ISLNK(link.st_mode) and link.st_uid not in {os.geteuid(), 0}:
            raise LeastkeyError(
                "unsafe-home",
                f"`{path}` is a link that somebody else made",
                why=f"the link belongs to user {link.st_uid}, we are user {os.geteuid()}",
                remedy="choose another folder: `export LEASTKEY_HOME=/path/to/a/private/folder`",
            )
        refuse_open_folder(_stat_folder(path), path)
        _refuse_exchangeable(path)
    except OSError as error:
        raise failure(error, path) from error
    now = (clock or SystemClock()).now().timestamp()
    for name in _FOLDERS:
        sweep(path / name, now)


def _refuse_exchangeable(path: Path) -> None:
    """Refuse a folder that somebody else could rename away."""
    found = who_could_exchange(path)
    if found is not None:
        raise LeastkeyError(
            "unsafe-home",
            f"others can put another folder in the place of `{path}`",
            why=f"`{found[0]}` {found[1]}",
            remedy="choose another folder: `export LEASTKEY_HOME=/path/to/a/private/folder`",
        )


def who_could_exchange(path: Path) -> tuple[Path, str] | None:
    """Give a folder above a path that lets somebody else rename what is in it, and how: he may write to it, and it is not sticky."""
    above = dict.fromkeys((*path.parents, *Path(os.path.realpath(path)).parents))
    for folder in above:
        why = _exposed(folder.stat())
        if why is not None:
            return folder, why
    return None


def _exposed(status: os.stat_result) -> str | None:
    """Say who else may rename what lies in a folder, or None. Root works in other people's folders on purpose."""
    us = os.geteuid()
    if us != 0 and status.st_uid not in {us, 0, _UNMAPPED}:
        return f"belongs to user {status.st_uid}, we are user {us}"
    if status.st_mode & stat.S_ISVTX:
        return None
    if status.st_mode & stat.S_IWOTH:
        return f"has the mode {stat.S_IMODE(status.st_mode):04o}: everybody can write to it"
    if status.st_mode & stat.S_IWGRP and status.st_gid not in {os.getegid(), 0}:
        return f"has the mode {stat.S_IMODE(status.st_mode):04o}: group {status.st_gid} can write to it"
    return None


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=FOLDER_MODE)
    except FileExistsError:
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fchmod(fd, FOLDER_MODE)
    finally:
        os.close(fd)


def _stat_folder(path: Path) -> os.stat_result:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return os.fstat(fd)
    finally:
        os.close(fd)
