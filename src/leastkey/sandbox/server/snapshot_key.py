"""The key of a sandbox's snapshots: kept in the vault under the name of its folder, made when there is none.

A snapshot that is sealed is never met with a new key, and one that is not is read once only: until the sandbox has
written it back, an entry beside the key says so. The key goes along when another vault is named.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Final, Protocol

from leastkey.sandbox.server.seal import Seal
from leastkey.sandbox.server.snapshot_file import SnapshotFile, refused
from leastkey.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from leastkey.ports.local import Vault

__all__ = ["Vaults", "settle", "take_seal"]

_PLAIN: Final = "/unencrypted"
_KEY_BYTES: Final = 32


class Vaults(Protocol):
    """The vaults of this computer. Errors are LeastkeyError."""

    named: str | None
    """The vault that was asked for by its name: the key is put there."""

    def chosen(self) -> Vault:
        """Give the vault that the sandbox's key belongs into."""
        ...

    def other(self, name: str) -> Vault | None:
        """Give another vault of this computer's own; None when the name is of none: who wrote it is not known."""
        ...


def take_seal(folder: Path, vaults: Vaults) -> Seal:
    """Give the seal of the sandbox in this folder. The caller holds the folder's `start.lock`."""
    found, said = SnapshotFile.look(folder)
    vault, entry = vaults.chosen(), _entry(folder)
    key = vault.get(entry)
    if key is None and said != vault.name:
        source = vaults.other(said)
        key = None if source is None else source.get(entry)
        if source is not None and key is not None:
            vault = _moved(entry, key, source, vault) if vaults.named is not None else source
    if found != "plain":
        vault.delete(entry + _PLAIN)
    if key is None:
        if found == "sealed":
            raise refused(
                f"its key lies in the vault, and `{vault.name}` has none for {folder}",
                remedy=f"name the vault its key lies in: `leastkey sandbox start --vault {said or 'NAME'}`"
                if said != vault.name
                else "put the vault back from a backup, or the folder to where it was",
            )
        if found == "plain":
            vault.put(entry + _PLAIN, Secret("read it once"))
        key = Secret(secrets.token_hex(_KEY_BYTES))
        vault.put(entry, key)
    return Seal(key, vault.name, found == "plain" and vault.get(entry + _PLAIN) is not None)


def settle(folder: Path, vaults: Vaults) -> None:
    """Remember that the snapshot is sealed from now on: the sandbox has said that it serves."""
    vaults.chosen().delete(_entry(folder) + _PLAIN)


def _moved(entry: str, key: Secret, source: Vault, to: Vault) -> Vault:
    to.put(entry, key)
    source.delete(entry)
    return to


def _entry(folder: Path) -> str:
    """Name the key by the folder, so that the snapshot of another sandbox does not open here."""
    return f"sandbox/{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:32]}"
