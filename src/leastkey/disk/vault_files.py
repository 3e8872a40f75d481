"""The vault's files and lock: what `vault.choose.FileDoor` asks for, so that the vault itself opens no file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from leastkey.disk.files import create_private, ensure_folder, read_private, remove, write_private
from leastkey.disk.locks import FileLocks

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from leastkey.clock import Clock

__all__ = ["VaultFiles"]

_WAIT_SECONDS = 30.0
"""A vault is held for a few milliseconds a write; many writers queue."""


class VaultFiles:
    """Files by plain name below HOME/vault, or by absolute path where the user named one."""

    def __init__(self, home: Path, clock: Clock | None = None) -> None:
        self._home = home
        self._folder = home / "vault"
        self._locks = FileLocks(home, clock)

    @property
    def address(self) -> str:
        """Where these files lie: tells one state folder's vault from another's."""
        return str(self._home)

    def path(self, name: str) -> str:
        """Give the path of a file, for messages."""
        return str(self._path(name))

    def _path(self, name: str) -> Path:
        path = self._folder / name
        if path.parent != self._folder and not Path(name).is_absolute():
            raise ValueError(f"`{name}` is neither a plain name nor an absolute path")
        return path

    def read(self, name: str) -> bytes | None:
        """Read a private file, or None when there is none."""
        return read_private(self._path(name))

    def write(self, name: str, data: bytes) -> None:
        """Replace a private file, atomically and durably."""
        ensure_folder(self._folder)
        write_private(self._path(name), data)

    def create(self, name: str, data: bytes) -> None:
        """Make a private file that must not exist yet."""
        ensure_folder(self._folder)
        create_private(self._path(name), data)

    def remove(self, name: str) -> None:
        """Remove a file; no error when it is not there."""
        remove(self._path(name))

    def lock(self, operation: str) -> AbstractContextManager[None]:
        """Hold the vault against writers in other processes and threads."""
        return self._locks.hold("the vault", operation, wait_seconds=_WAIT_SECONDS)
