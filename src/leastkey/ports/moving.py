"""What a move of secrets from vault to vault needs besides: vaults that can be left, and the note that one is under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from leastkey.ports.local import Vault

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.ports.local import Local

__all__ = ["LeavableVault", "Move", "MoveNote", "Movers"]


class LeavableVault(Vault, Protocol):
    """A vault that can be left for good."""

    def wipe(self) -> bool:
        """Drop what is left of an empty vault; says whether nothing of it is left on this computer."""
        ...


@dataclass(frozen=True, slots=True)
class Move:
    """A move that is under way: the vaults that are left, and the one that takes their secrets."""

    sources: tuple[str, ...]
    target: str


class MoveNote(Protocol):
    """The note that a move is under way. It is on the disk before a call returns."""

    def read(self) -> Move | None:
        """Give the move that was begun and did not end."""
        ...

    def write(self, move: Move) -> None:
        """Note a move."""
        ...

    def remove(self) -> None:
        """Note that it has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Movers:
    """What a move works with. `choose` has the target be the vault for new keys from then on."""

    local: Local
    note: MoveNote
    opened: Callable[[str], LeavableVault]
    choose: Callable[[], None]
