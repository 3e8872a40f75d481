"""The few choices leastkey remembers on this computer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from leastkey.disk.files import ensure_folder, read_private, write_private
from leastkey.disk.state import FORMAT, decode_document

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Settings"]

_FILE: Final = "settings.json"


class Settings:
    """What is remembered, in one file of the state folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._path = home / _FILE

    @property
    def vault(self) -> str | None:
        """The vault the user chose last, by name; None when none was chosen yet."""
        data = read_private(self._path)
        return None if data is None else decode_document(self._path, data, _vault)

    def remember_vault(self, name: str) -> None:
        """Remember the vault for the next time nothing is named."""
        if self.vault == name:
            return
        ensure_folder(self._home)
        write_private(self._path, f"{json.dumps({'format': FORMAT, 'vault': name}, indent=2)}\n".encode())


def _vault(document: dict[str, Any]) -> str | None:
    name = document["vault"]
    if name is not None and not isinstance(name, str):
        raise TypeError("`vault` is no text")
    return name
