"""What the vault asks of whoever opens files for it: it opens none itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

__all__ = ["FileDoor"]


class FileDoor(Protocol):
    """Private files by plain name in the vault's folder, or by absolute path where the user named one.

    Errors are LeastkeyError. Writes are atomic and durable.
    """

    @property
    def address(self) -> str:
        """Where these files lie: tells one state folder's vault from another's."""
        ...

    def path(self, name: str) -> str:
        """Give the path of a file, for messages."""
        ...

    def read(self, name: str) -> bytes | None:
        """Read a private file, or None when there is none."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Replace a private file."""
        ...

    def create(self, name: str, data: bytes) -> None:
        """Make a private file that must not exist yet."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file; no error when it is not there."""
        ...

    def lock(self, operation: str) -> AbstractContextManager[None]:
        """Hold the vault against writers in other processes and threads."""
        ...

    def scratch(self, files: Mapping[str, bytes]) -> AbstractContextManager[str]:
        """Give the path of a private folder with these files in it, for a program that reads and writes files; it goes afterwards."""
        ...

    def refuse_unsafe_program(self, path: str) -> None:
        """Refuse a program that somebody else could put another in the place of. Raises LeastkeyError `unsafe-file`."""
        ...

    def kernel_put(self, name: str, data: bytes, seconds: int) -> bool:
        """Keep data in the kernel's keyring of this user for so long; says whether it is there."""
        ...

    def kernel_get(self, name: str) -> bytes | None:
        """Read what the kernel's keyring holds, or None."""
        ...

    def kernel_forget(self, name: str) -> None:
        """Drop it; no error when it is not there."""
        ...
