"""Where leastkey's state lies, and whether that place is safe.

Source: XDG Base Directory Specification 0.8, `$XDG_STATE_HOME`.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final, TypeAlias, final

from leastkey.clock import SystemClock
from leastkey.disk.files import FOLDER_MODE, failure, refuse_open_folder, sweep
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from leastkey.clock import Clock

__all__ = ["AnyPath", "PlainPath", "leastkey_home", "prepare_home", "who_could_exchange"]

_FOLDERS: Final = ("", "bindings", "intents", "journal", "sandbox", "sent", "sessions", "vault")
"""Where a killed process can leave a temporary file."""
_UNMAPPED: Final = 65_534
"""Who owns, inside a user namespace, what belongs to nobody there: the host's root, as a rule."""


@final
class PlainPath:
    """A POSIX path, joined and taken apart as pathlib does, for the credential helper: pathlib costs it six modules."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        parts = "/".join(part for part in text.split("/") if part not in {"", "."})
        self._text = f"/{parts}" if text.startswith("/") else parts or "."

    def __truediv__(self, name: str) -> PlainPath:
        return PlainPath(name if name.startswith("/") else f"{self._text}/{name}")

    def __fspath__(self) -> str:
        return self._text

    def __str__(self) -> str:
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlainPath) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    @property
    def name(self) -> str:
        """The part after the last slash."""
        return self._text.rpartition("/")[2]

    @property
    def parent(self) -> PlainPath:
        """The folder it lies in; the root is its own."""
        folder, slash, _ = self._text.rpartition("/")
        return PlainPath(folder or slash)

    @property
    def parents(self) -> tuple[PlainPath, ...]:
        """The folders above it, the nearest first."""
        above = []
        path = self
        while (parent := path.parent) != path:
            above.append(parent)
            path = parent
        return tuple(above)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Ask the operating system about it."""
        return os.stat(self._text, follow_symlinks=follow_symlinks)  # noqa: PTH116  # this is what stands in for pathlib

    def lstat(self) -> os.stat_result:
        """Ask about it, and not about where a link leads."""
        return os.lstat(self._text)

    def mkdir(self, mode: int) -> None:
        """Make the folder."""
        os.mkdir(self._text, mode)  # noqa: PTH102  # this is what stands in for pathlib

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Remove the file."""
        try:
            os.unlink(self._text)  # noqa: PTH108  # this is what stands in for pathlib
        except FileNotFoundError:
            if not missing_ok:
                raise


AnyPath: TypeAlias = "Path | PlainPath"
"""What files and folders of state are named by: everybody but the credential helper hands in `pathlib.Path`."""


def leastkey_home(environ: Mapping[str, str]) -> Path:
    """Give the state folder: `LEASTKEY_HOME`, else `$XDG_STATE_HOME/leastkey`, else `~/.local/state/leastkey`."""
    from pathlib import Path

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


def prepare_home(path: AnyPath, *, clock: Clock | None = None) -> None:
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


def _refuse_exchangeable(path: AnyPath) -> None:
    """Refuse a folder that somebody else could rename away."""
    found = who_could_exchange(path)
    if found is not None:
        raise LeastkeyError(
            "unsafe-home",
            f"others can put another folder in the place of `{path}`",
            why=f"`{found[0]}` {found[1]}",
            remedy="choose another folder: `export LEASTKEY_HOME=/path/to/a/private/folder`",
        )


def who_could_exchange(path: AnyPath) -> tuple[AnyPath, str] | None:
    """Give a folder above a path that lets somebody else rename what is in it, and how: he may write to it, and it is not sticky."""
    above = dict.fromkeys((*path.parents, *type(path)(os.path.realpath(path)).parents))
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


def _make(folder: AnyPath) -> None:
    try:
        folder.mkdir(mode=FOLDER_MODE)
    except FileExistsError:
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fchmod(fd, FOLDER_MODE)
    finally:
        os.close(fd)


def _stat_folder(path: AnyPath) -> os.stat_result:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return os.fstat(fd)
    finally:
        os.close(fd)
