"""What the vault asks of whoever opens files for it: it opens none itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
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
