"""`leastkey lock`: end what `leastkey unlock` began."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from leastkey.cli.options import output_options, vault_option

if TYPE_CHECKING:
    from leastkey.cli.show import Show

__all__ = ["command"]


@click.command("lock", epilog="Example: leastkey lock")
@vault_option
@output_options
def command(show: Show, vault: str | None) -> int:
    """Take the identities of unlocked vaults out of the kernel's memory now, and forget the sessions made with them.

    What scripts were given already stays valid until it ends; `leastkey lock` takes nothing back at AWS.
    """
    from leastkey.cli.known_vaults import known_vaults
    from leastkey.cli.machine import machine
    from leastkey.disk.sessions import Sessions
    from leastkey.disk.vault_files import VaultFiles
    from leastkey.vault.choose import lock_vault

    here = machine()
    names = [vault] if vault else [name for name in known_vaults(here) if name.partition(":")[0] == "kernel"]
    for name in names:
        lock_vault(name, VaultFiles(here.home))
    sessions = Sessions(here.home)
    for binding in here.bindings.all():
        if binding.vault in names:
            sessions.delete(binding.key)
    show.document("lock", {"vaults": names})
    for name in names:
        show.data(f"Locked    the vault `{name}`; again open with: leastkey unlock")
    if not names:
        show.data("Nothing to lock: no vault of this computer is one that leastkey unlocks.")
    return 0
