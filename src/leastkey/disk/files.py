"""The one door to files that hold state or secrets: private, atomic, durable, never through a link.

A write goes to a new file with an unguessable name in the same folder, reaches the disk, and is renamed over the
old one, so a reader sees the old or the new content. Every call works relative to an open folder: a folder swapped
meanwhile cannot lead it elsewhere. Names that come from outside become file names through `hashed_name` only.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from typing import TYPE_CHECKING, Final, TypeVar

from leastkey.errors import NOTHING_CHANGED, LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.disk.home import AnyPath

__all__ = [
    "FILE_MODE",
    "FOLDER_MODE",
    "create_private",
    "ensure_folder",
    "failure",
    "hashed_name",
    "list_folder",
    "open_private",
    "read_all",
    "read_private",
    "refuse_open_folder",
    "remove",
    "replace_public",
    "sweep",
    "sync_folder",
    "write_all",
    "write_private",
]

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
_OTHERS: Final = 0o077
_WRITE_BY_OTHERS: Final = 0o022
_TEMPORARY: Final = ".leastkey-tmp-"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SWEEP_SECONDS: Final = 3_600
"""A temporary file older than this was left by a process that died: a write takes well under a second."""
_Place = TypeVar("_Place", bound="AnyPath")
_BASE: Final = os.O_NOFOLLOW | os.O_CLOEXEC


def hashed_name(text: str, suffix: str = "") -> str:
    """Give a file name for a name from outside: a hash, so that it can neither leave its folder nor surprise the disk."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32] + suffix


def failure(error: OSError, path: AnyPath, *, state: str = NOTHING_CHANGED) -> LeastkeyError:
    """Map what the operating system said about a file to our error."""
    said = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _FULL:
        return LeastkeyError(
            "disk-full",
            f"no room to write `{path}`",
            why=said,
            state=state,
            remedy="make room on that disk, then run the same command again",
        )
    if error.errno in {errno.ELOOP, errno.EMLINK}:
        return _unsafe(path, "it is a symbolic link", f"ls -l {path}")
    if error.errno == errno.EEXIST:
        return LeastkeyError(
            "io-failed",
            f"`{path}` exists already",
            state=state,
            remedy="give it another name, or move that file away",
        )
    look = f"`mkdir -p {path.parent}`" if error.errno == errno.ENOENT else f"`ls -ld {path.parent} {path}`"
    return LeastkeyError(
        "io-failed", f"`{path}` cannot be read or written", why=said, state=state, remedy=look
    )


def _unsafe(path: AnyPath, why: str, remedy: str) -> LeastkeyError:
    return LeastkeyError("unsafe-file", f"`{path}` is not safe to use", why=why, remedy=f"`{remedy}`")


def _refuse_unsafe(status: os.stat_result, path: AnyPath) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _unsafe(path, "it is not a regular file", f"ls -l {path}")
    if status.st_uid != os.geteuid():
        raise _unsafe(
            path, f"it belongs to user {status.st_uid}, we are user {os.geteuid()}", f"ls -l {path}"
        )
    if status.st_mode & _OTHERS:
        why = f"its mode is {stat.S_IMODE(status.st_mode):04o}: others can read or write it"
        raise _unsafe(path, why, f"chmod 600 {path}")


def refuse_open_folder(status: os.stat_result, path: AnyPath) -> None:
    """Refuse a folder that is not ours or that others can write to (`unsafe-home`)."""
    if status.st_uid != os.geteuid():
        why = f"it belongs to user {status.st_uid}, we are user {os.geteuid()}"
        raise LeastkeyError("unsafe-home", f"`{path}` belongs to somebody else", why=why, remedy=_CHOOSE)
    if status.st_mode & _WRITE_BY_OTHERS:
        raise LeastkeyError(
            "unsafe-home",
            f"others can write to `{path}`",
            why=f"its mode is {stat.S_IMODE(status.st_mode):04o}",
            remedy=(f"`chmod 700 {path}`", _CHOOSE),
        )


_CHOOSE: Final = "choose another folder: `export LEASTKEY_HOME=/path/to/a/private/folder`"


def ensure_folder(path: AnyPath) -> None:
    """Make a private folder under any umask, or check the one that is there."""
    try:
        created = _made(path)
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _BASE)
    except OSError as error:
        raise failure(error, path) from error
    try:
        if created:
            os.fchmod(folder, FOLDER_MODE)
        refuse_open_folder(os.fstat(folder), path)
    finally:
        os.close(folder)


def _made(path: AnyPath) -> bool:
    try:
        path.mkdir(mode=FOLDER_MODE)
    except FileExistsError:
        return False
    with contextlib.closing(_Folder(path.parent)) as parent:
        sync_folder(parent.fd)
    return True


class _Folder:
    """An open folder, closed by its owner."""

    def __init__(self, path: AnyPath) -> None:
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        os.close(self.fd)


@contextlib.contextmanager
def _folder_of(path: AnyPath, state: str) -> Iterator[int]:
    """Open a file's folder; an error of the operating system meanwhile becomes ours."""
    try:
        with contextlib.closing(_Folder(path.parent)) as folder:
            yield folder.fd
    except OSError as error:
        raise failure(error, path, state=state) from error


def sync_folder(folder: int) -> None:
    """Make a rename or removal in this folder durable."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network and user-space file systems have no fsync for folders
            raise


def read_all(fd: int) -> bytes:
    """Read an open file to its end."""
    parts = []
    while part := os.read(fd, 1 << 16):
        parts.append(part)
    return b"".join(parts)


def write_all(fd: int, data: bytes) -> None:
    """Write everything, however many calls that takes."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


@contextlib.contextmanager
def open_private(path: AnyPath, flags: int = os.O_RDONLY) -> Iterator[int]:
    """Open a private file that exists: ours, regular, not a link, closed to others. Raises FileNotFoundError."""
    try:
        fd = os.open(path, flags | _BASE | os.O_NONBLOCK)  # a pipe put in its place must not hang us
    except FileNotFoundError:
        raise
    except OSError as error:
        raise failure(error, path) from error
    try:
        _refuse_unsafe(os.fstat(fd), path)
        yield fd
    finally:
        os.close(fd)


def read_private(path: AnyPath) -> bytes | None:
    """Read a private file, or None when there is none. Refuses links, foreign owners and open modes (`unsafe-file`)."""
    try:
        with open_private(path) as fd:
            return read_all(fd)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise failure(error, path) from error


def write_private(path: AnyPath, data: bytes) -> None:
    """Replace a private file, atomically and durably. A link in its place is refused and never followed."""
    with _folder_of(path, f"`{path}` is as it was") as folder:
        _refuse_link(path, folder)
        with _temporary(folder, data, FILE_MODE) as name:
            os.rename(name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        sync_folder(folder)


def _refuse_link(path: AnyPath, folder: int) -> None:
    try:
        status = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise _unsafe(path, "something that is no regular file stands in its place", f"ls -l {path}")


@contextlib.contextmanager
def _temporary(folder: int, data: bytes, mode: int, owner: tuple[int, int] | None = None) -> Iterator[str]:
    """Give the name of a finished, durable file in the folder; it is removed if it is still there afterwards."""
    name = _TEMPORARY + os.urandom(16).hex()
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BASE, FILE_MODE, dir_fd=folder)
    try:
        try:
            if owner is not None:
                os.fchown(fd, *owner)
            os.fchmod(fd, mode)
            write_all(fd, data)
            os.fsync(fd)
        finally:
            os.close(fd)
        yield name
    finally:
        with contextlib.suppress(FileNotFoundError):  # renamed: the usual case
            os.unlink(name, dir_fd=folder)


def create_private(path: AnyPath, data: bytes) -> None:
    """Make a private file that must not exist yet: whole and durable, or not there at all. A file, link or folder of that name is refused."""
    with _folder_of(path, f"`{path}` was not made") as folder:
        with _temporary(folder, data, FILE_MODE) as name:
            _link(name, path.name, folder, data)
        sync_folder(folder)


def _link(temporary: str, name: str, folder: int, data: bytes) -> None:
    try:
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}:
            raise
        # A file system without hard links: the name is still taken by one process only.
        fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BASE, FILE_MODE, dir_fd=folder)
        try:
            write_all(fd, data)
            os.fsync(fd)
        finally:
            os.close(fd)


def remove(path: AnyPath) -> bool:
    """Remove a file, durably; says whether it was there. A link is removed itself, not what it points to."""
    try:
        with contextlib.closing(_Folder(path.parent)) as folder:
            os.unlink(path.name, dir_fd=folder.fd)
            sync_folder(folder.fd)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise failure(error, path, state=f"`{path}` is still there") from error
    return True


def list_folder(path: _Place, suffix: str) -> tuple[_Place, ...]:
    """List the files of a folder whose names end so, sorted; none when there is no folder."""
    try:
        with os.scandir(path) as found:
            names = sorted(entry.name for entry in found if entry.name.endswith(suffix))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise failure(error, path) from error
    return tuple(type(path)(f"{path}/{name}") for name in names if not name.startswith(_TEMPORARY))


def replace_public(path: AnyPath, data: bytes, *, like: os.stat_result | None) -> None:
    """Replace a file of the user's that is no secret of ours, keeping its mode and owner (0600 when it is new)."""
    mode = FILE_MODE if like is None else stat.S_IMODE(like.st_mode)
    owner = None if like is None or like.st_uid == os.geteuid() else (like.st_uid, like.st_gid)
    with (
        _folder_of(path, f"`{path}` is as it was") as folder,
        _temporary(folder, data, mode, owner) as name,
    ):
        os.rename(name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        sync_folder(folder)


def sweep(folder: AnyPath, now: float) -> None:
    """Remove temporary files that a killed process left behind; `now` is unix time, infinite where nobody else writes."""
    try:
        with os.scandir(folder) as found:
            stale = [
                entry.name
                for entry in found
                if entry.name.startswith(_TEMPORARY)
                and now - entry.stat(follow_symlinks=False).st_mtime > _SWEEP_SECONDS
            ]
        for name in stale:
            (folder / name).unlink(missing_ok=True)
    except FileNotFoundError:  # no such folder, or another process swept it meanwhile
        return
    except OSError as error:
        raise failure(error, folder) from error
