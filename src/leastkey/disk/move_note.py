"""The note that a move of secrets between vaults is under way, so that whoever comes next can end it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from leastkey.disk.documents import FORMAT, decode_document
from leastkey.disk.files import ensure_folder, read_private, remove, write_private
from leastkey.ports.moving import Move

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FileMoveNote"]

_FILE: Final = "move.json"


class FileMoveNote:
    """The note as a file in the vault's folder. Implements ports.moving.MoveNote."""

    def __init__(self, home: Path) -> None:
        self._path = home / "vault" / _FILE

    def read(self) -> Move | None:
        """Give the move that was begun and did not end."""
        data = read_private(self._path)
        return None if data is None else decode_document(self._path, data, _move)

    def write(self, move: Move) -> None:
        """Note a move."""
        ensure_folder(self._path.parent)
        document = {"format": FORMAT, "sources": list(move.sources), "target": move.target}
        write_private(self._path, f"{json.dumps(document, indent=2)}\n".encode())

    def remove(self) -> None:
        """Note that it has ended."""
        remove(self._path)


def _move(document: dict[str, Any]) -> Move:
    return Move(tuple(str(name) for name in document["sources"]), str(document["target"]))
