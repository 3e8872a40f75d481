"""The few choices leastkey remembers on this computer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal

from leastkey.disk.documents import FORMAT, decode_document
from leastkey.disk.files import read_private, write_private

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FileSettings"]

_FILE: Final = "settings.json"


class FileSettings:
    """What is remembered, in one file of the state folder, which is there (`prepare_home`) and may be a link of one's own."""

    def __init__(self, home: Path) -> None:
        self._path = home / _FILE

    def vault(self, target: Literal["aws", "sandbox"]) -> str | None:
        """Give the vault the user chose last for this target, by name; None when none was chosen yet."""
        return self._vaults().get(target)

    def remember_vault(self, target: Literal["aws", "sandbox"], name: str) -> None:
        """Remember the vault for the next time nothing is named."""
        vaults = self._vaults()
        if vaults.get(target) == name:
            return
        document = {"format": FORMAT, "vault": {**vaults, target: name}}
        write_private(self._path, f"{json.dumps(document, indent=2)}\n".encode())

    def _vaults(self) -> dict[str, str]:
        data = read_private(self._path)
        return {} if data is None else decode_document(self._path, data, _vaults)


def _vaults(document: dict[str, Any]) -> dict[str, str]:
    vaults = document["vault"]
    if not isinstance(vaults, dict) or not all(isinstance(name, str) for name in vaults.values()):
        raise TypeError("`vault` does not name a vault for each target")
    return vaults
