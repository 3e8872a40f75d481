"""The vaults that the key of the sandbox's snapshots may lie in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from leastkey.cli.machine import Machine
    from leastkey.ports.local import Vault

__all__ = ["SandboxVaults"]


_OWN: Final = frozenset({"age-file", "kernel", "keyring", "pass", "systemd-creds", "tpm2"})


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
        """Give a vault that has one word for a name; a snapshot that names a file or a program is not believed."""
        return self._here.vault_named(name) if name in _OWN else None
