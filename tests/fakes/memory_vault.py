"""A vault that forgets with its process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leastkey.secret import Secret


class MemoryVault:
    """Secrets in memory. Implements ports.local.Vault."""

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self._held: dict[str, Secret] = {}
        self._lock = threading.Lock()

    def put(self, entry: str, secret: Secret) -> None:
        """Keep; replaces."""
        with self._lock:
            self._held[entry] = secret

    def get(self, entry: str) -> Secret | None:
        """Read, or None when there is no such entry."""
        with self._lock:
            return self._held.get(entry)

    def delete(self, entry: str) -> None:
        """Forget; no error when it is not there."""
        with self._lock:
            self._held.pop(entry, None)

    def entries(self) -> tuple[str, ...]:
        """List entry names, sorted."""
        with self._lock:
            return tuple(sorted(self._held))

    def probe(self) -> None:
        """Memory takes what it is given: there is nothing to try."""


class MemoryVaults:
    """The vaults of a computer, for the key of a sandbox's snapshots. Implements snapshot_key.Vaults."""

    def __init__(self, *others: MemoryVault, named: str | None = None) -> None:
        self.named = named
        self.vault = MemoryVault()
        self._others = {each.name: each for each in others}

    def chosen(self) -> MemoryVault:
        """Give the one vault."""
        return self.vault

    def other(self, name: str) -> MemoryVault | None:
        """Give another one that this computer has."""
        return self._others.get(name)
