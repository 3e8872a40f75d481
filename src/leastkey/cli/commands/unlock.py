"""`leastkey unlock`: carry a vault's identity into the kernel's keyring, for a time."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

import click

from leastkey.cli.options import output_options, vault_option
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from leastkey.cli.machine import Machine
    from leastkey.cli.show import Show

__all__ = ["command"]

_LENGTH: Final = re.compile(r"(?=\d)(?:(\d{1,4})h)?(?:(\d{1,6})m)?", re.ASCII)
_LEAST_SECONDS: Final = 60
_MOST_SECONDS: Final = 7 * 86_400


@click.command("unlock", epilog="Example: leastkey unlock --for 8h")
@click.option(
    "--for", "length", metavar="TIME", default="8h", show_default=True, help="How long, from 1m to 168h."
)
@click.option(
    "--stdin", "from_stdin", is_flag=True, help="Read the passphrase from standard input: one line."
)
@vault_option
@output_options
def command(show: Show, length: str, vault: str | None, *, from_stdin: bool) -> int:
    """Open a vault `kernel` or `kernel:STORE` for a time: its identity goes into the kernel's memory, and goes by itself.

    The first time, the vault is set up; `kernel` asks for a new passphrase then. `leastkey lock` ends it early.
    """
    from leastkey.cli.known_vaults import opened
    from leastkey.cli.machine import machine
    from leastkey.cli.wrap import counted
    from leastkey.disk.vault_files import VaultFiles
    from leastkey.vault.choose import kernel_store
    from leastkey.vault.kernel_store import unlock_vault

    seconds = _seconds(length)
    here = machine()
    name = _meant(here, vault)
    asking = _Passphrase(show, from_stdin=from_stdin)
    store = kernel_store(name, VaultFiles(here.home), asking)
    opening = opened(here, name)
    made = unlock_vault(opening, store, seconds)
    count = len(opening.entries())
    until = here.clock.now().timestamp() + seconds
    show.document(
        "unlock",
        {"vault": name, "seconds": seconds, "until": int(until), "made": made, "secrets": count},
    )
    if made:
        show.data(f"Made      an identity for the vault `{name}`; at rest {store.rest.place}")
    show.data(f"Unlocked  the vault `{name}` for {length}: {counted(count, 'secret')}")
    show.data(
        f"Next: leastkey up --vault {name}" if made else "It locks by itself; sooner with: leastkey lock"
    )
    return 0


def _meant(here: Machine, named: str | None) -> str:
    """Give the vault that is named, else the only one this computer knows that can be unlocked."""
    from leastkey.cli.known_vaults import known_vaults

    if named:
        return named
    found = [name for name in known_vaults(here) if name.partition(":")[0] == "kernel"]
    if len(found) == 1:
        return found[0]
    what = "no vault of this computer is one that leastkey unlocks" if not found else "which vault is meant"
    raise LeastkeyError(
        "usage",
        what,
        why=", ".join(found) if found else "only `kernel` and `kernel:STORE` are unlocked for a time",
        remedy=f"leastkey unlock --vault {found[0] if found else 'kernel'}",
    )


class _Passphrase:
    """Asks for a passphrase: at the terminal, without showing it, or takes the first line of standard input."""

    def __init__(self, show: Show, *, from_stdin: bool) -> None:
        self._show = show
        self._from_stdin = from_stdin

    def __call__(self, is_new: bool) -> str:  # noqa: FBT001  # the one thing that is asked of who asks
        if self._from_stdin:
            return sys.stdin.readline().rstrip("\r\n")
        if not sys.stdin.isatty():
            raise LeastkeyError(
                "usage",
                "there is no terminal to ask for the passphrase on",
                remedy="give it on standard input: `leastkey unlock --stdin`",
            )
        return self._twice() if is_new else self._asked("Passphrase of the vault")

    def _twice(self) -> str:
        self._show.talk(
            "A new passphrase opens the vault from now on. Nobody can read its secrets without it."
        )
        first = self._asked("New passphrase")
        if self._asked("The same again") != first:
            raise LeastkeyError("declined", "the two were not the same", remedy="leastkey unlock")
        return first

    def _asked(self, question: str) -> str:
        from getpass import getpass

        try:
            return getpass(f"{question}: ", sys.stderr)
        except EOFError:
            raise LeastkeyError(
                "declined", "the input ended before the passphrase was given", remedy="leastkey unlock"
            ) from None


def _seconds(length: str) -> int:
    found = _LENGTH.fullmatch(length)
    hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0)
    seconds = hours * 3_600 + minutes * 60
    if not _LEAST_SECONDS <= seconds <= _MOST_SECONDS:
        raise LeastkeyError(
            "usage", f"`{length}` is no time from 1m to 168h", remedy="leastkey unlock --for 8h"
        )
    return seconds
