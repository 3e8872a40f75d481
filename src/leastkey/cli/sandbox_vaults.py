"""The vaults that the key of the sandbox's snapshots may lie in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leastkey.cli.machine import Machine
    from leastkey.ports.local import Vault

__all__ = ["SandboxVaults"]


class SandboxVaults:
    """Opens a vault when it is asked for: a sandbox that runs already needs none. Implements snapshot_key.Vaults."""

    def __init__(self, here: Machine, named: str | None = None, preferred: str | None = None) -> None:
        self._here = here
        self.named = named
        self._preferred = preferred
        self._chosen: Vault | None = None

    def chosen(self) -> Vault:
        """Give the vault named, else the one remembered for sandboxes, else `age-file`."""
        if self._chosen is None:
            self._chosen = self._here.vault_for(self.named or self._preferred, "sandbox")
        return self._chosen

    def other(self, name: str) -> Vault | None:
        """Give one of the two vaults that are this computer's own; a snapshot that names a file is not believed."""
        from leastkey.vault.choose import AGE_FILE, KEYRING

        return self._here.vault_named(name) if name in (AGE_FILE, KEYRING) else None
