"""The vaults this computer knows: those its identities name, those chosen for new keys, and what a cut-off move left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.disk.move_note import FileMoveNote
from leastkey.disk.vault_files import VaultFiles
from leastkey.vault.choose import open_vault

if TYPE_CHECKING:
    from leastkey.cli.machine import Machine
    from leastkey.vault.age_file import AgeFile

__all__ = ["known_vaults", "opened"]


def known_vaults(here: Machine) -> dict[str, tuple[str, ...]]:
    """Give each vault's name with the identities whose keys lie in it, sorted."""
    users: dict[str, set[str]] = {}
    for binding in here.bindings.all():
        users.setdefault(binding.vault, set()).add(binding.key.identity)
    for chosen in (here.settings.vault("aws"), here.settings.vault("sandbox")):
        users.setdefault(chosen or "", set())
    cut = FileMoveNote(here.home).read()
    for name in () if cut is None else (*cut.sources, cut.target):
        users.setdefault(name, set())
    return {name: tuple(sorted(users[name])) for name in sorted(users) if name}


def opened(here: Machine, name: str) -> AgeFile:
    """Open a vault by its name."""
    return open_vault(name, VaultFiles(here.home))
