"""This computer as the flows need it: files, vaults and the helper that profiles call. Nothing here knows AWS."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leastkey.clock import SystemClock
from leastkey.disk.aws_config import AwsProfiles
from leastkey.disk.bindings import FileBindings
from leastkey.disk.hardening import close_memory
from leastkey.disk.home import leastkey_home, prepare_home
from leastkey.disk.intents import FileIntents
from leastkey.disk.journal import FileJournal
from leastkey.disk.locks import FileLocks
from leastkey.disk.sent_keys import FileSentKeys
from leastkey.disk.sessions import Sessions
from leastkey.disk.settings import FileSettings
from leastkey.disk.vault_files import VaultFiles
from leastkey.errors import Exit, LeastkeyError
from leastkey.ports.local import HelperCommand, Local

if TYPE_CHECKING:
    from leastkey.cli.options import Options
    from leastkey.ports.local import Vault
    from leastkey.spec.model import Target

__all__ = ["Machine", "helper_command", "machine"]


@dataclass(frozen=True, slots=True)
class Machine:
    """This computer: our state folder, and what is remembered in it."""

    home: Path
    settings: FileSettings
    clock: SystemClock

    @property
    def bindings(self) -> FileBindings:
        """The identities this computer serves."""
        return FileBindings(self.home)

    def local(self, vault: Vault) -> Local:
        """Give the flows' view of this computer, with the vault for new keys."""
        return Local(
            bindings=self.bindings,
            intents=FileIntents(self.home),
            journal=FileJournal(self.home),
            locks=FileLocks(self.home),
            profiles=AwsProfiles(os.environ),
            sessions=Sessions(self.home),
            vault=vault,
            clock=self.clock,
            helper=helper_command(self.home),
            vault_named=self.vault_named,
            sent=FileSentKeys(self.home).all,
        )

    def vault_named(self, name: str) -> Vault:
        """Open the vault of this name."""
        from leastkey.vault.choose import open_vault

        return open_vault(name, VaultFiles(self.home))

    def vault(self, options: Options, target: Target) -> Vault:
        """Choose the vault for new keys: named, remembered, or the best there is."""
        return self.vault_for(options.vault, target)

    def vault_for(self, named: str | None, target: Target) -> Vault:
        """Choose the vault of a target: named, remembered, or the best there is."""
        from leastkey.vault.choose import choose_vault

        return choose_vault(
            named, VaultFiles(self.home), remembered=self.settings.vault(target), target=target
        )

    def any_vault(self, options: Options, target: Target) -> Vault:
        """Give the vault for new keys, or one that says why there is none."""
        from leastkey.cli.absent_vault import AbsentVault

        try:
            return self.vault(options, target)
        except LeastkeyError as error:
            if error.exit_code is not Exit.NO_CREDENTIALS:
                raise
            return AbsentVault(error)


def machine() -> Machine:
    """Prepare this computer: the state folder, created or checked."""
    home = leastkey_home(os.environ)
    prepare_home(home)
    close_memory()
    return Machine(home, FileSettings(home), SystemClock())


def helper_command(home: Path) -> HelperCommand:
    """Give the helper of this installation, by absolute paths; the interpreter's own link is kept: it names the venv."""
    import leastkey

    script = Path(leastkey.__file__).absolute().parent / "credential_process.py"
    return HelperCommand(str(Path(sys.executable).absolute()), str(script), str(home))
