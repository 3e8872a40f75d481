"""The vault's files and lock: what `vault.choose.FileDoor` asks for, so that the vault itself opens no file."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from leastkey.disk.files import create_private, ensure_folder, read_private, remove, write_private
from leastkey.disk.locks import FileLocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from leastkey.clock import Clock
    from leastkey.disk.home import AnyPath

__all__ = ["VaultFiles"]

_KERNEL_NAME = b"leastkey-vault:"
_WAIT_SECONDS = 30.0
"""A vault is held for a few milliseconds a write; many writers queue."""


class VaultFiles:
    """Files by plain name below HOME/vault, or by absolute path where the user named one."""

    def __init__(self, home: AnyPath, clock: Clock | None = None) -> None:
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

    def _path(self, name: str) -> AnyPath:
        path = self._folder / name
        if path.parent != self._folder and not name.startswith("/"):
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

    @contextlib.contextmanager
    def scratch(self, files: Mapping[str, bytes]) -> Iterator[str]:
        """Give the path of a private folder with these files in it; it goes afterwards."""
        from pathlib import Path
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="leastkey-") as folder:
            for name, data in files.items():
                create_private(Path(folder, name), data)
            yield folder

    def refuse_unsafe_program(self, path: str) -> None:
        """Refuse a program that somebody else could put another in the place of."""
        from pathlib import Path

        from leastkey.disk.programs import refuse_unsafe_program

        refuse_unsafe_program(Path(path))

    def kernel_put(self, name: str, data: bytes, seconds: int) -> bool:
        """Keep data in the kernel's keyring of this user for so long; says whether it is there."""
        from leastkey.disk import kernel_keyring

        return kernel_keyring.store(_KERNEL_NAME + name.encode(), data, seconds)

    def kernel_get(self, name: str) -> bytes | None:
        """Read what the kernel's keyring holds, or None."""
        from leastkey.disk.session_format import read_kernel

        return read_kernel(_KERNEL_NAME + name.encode())

    def kernel_forget(self, name: str) -> None:
        """Drop it; no error when it is not there."""
        from leastkey.disk import kernel_keyring

        kernel_keyring.forget(_KERNEL_NAME + name.encode())
