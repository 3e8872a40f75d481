"""`leastkey vault`: where secrets lie and what that protects them from; and moving them elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from leastkey.cli.options import output_options

if TYPE_CHECKING:
    from leastkey.cli.machine import Machine
    from leastkey.cli.show import Show
    from leastkey.errors import LeastkeyError

__all__ = ["command"]


@click.group("vault")
def command() -> None:
    """See where long-lived secrets lie, and move them. `leastkey help vaults` says what there is to choose from."""


@command.command(epilog="Example: leastkey vault status --json")
@output_options
def status(show: Show) -> None:
    """Show the vaults of this computer.

    For each: where its identity lies, what that protects, how many secrets are in it, and whether it opens.
    """
    from leastkey.cli.known_vaults import known_vaults
    from leastkey.cli.machine import machine
    from leastkey.disk.move_note import FileMoveNote

    here = machine()
    found = [_looked_at(here, name, users) for name, users in known_vaults(here).items()]
    chosen = {target: here.settings.vault(target) for target in ("aws", "sandbox")}
    cut = FileMoveNote(here.home).read()
    show.document(
        "vault status",
        {
            "vaults": [each.document for each in found],
            "for_new_keys": chosen,
            "unfinished_move_to": None if cut is None else cut.target,
        },
    )
    for each in found:
        _tell(show, each)
    if cut is not None:
        show.warn(
            f"a move to the vault `{cut.target}` was cut off; it goes on with `leastkey vault move {cut.target}`"
        )
    if not found:
        show.data("No vault yet: `leastkey up` makes one with the first key.")
        show.data("What there is to choose from: leastkey help vaults")


@command.command(epilog="Example: leastkey vault move kernel")
@click.argument("name")
@output_options
def move(show: Show, name: str) -> None:
    """Move all secrets to the vault NAME.

    It takes new keys from then on, and the old vaults are left behind empty. At every moment each key can be read: a
    move that is cut off goes on when the same command is run again.
    """
    from leastkey.cli.known_vaults import known_vaults, opened
    from leastkey.cli.machine import machine
    from leastkey.cli.wrap import counted
    from leastkey.disk.move_note import FileMoveNote
    from leastkey.keys.move_vault import move_vault
    from leastkey.ports.moving import Movers

    here = machine()
    is_new = name not in known_vaults(here)
    target = opened(here, name)

    def choose() -> None:
        for each in ("aws", "sandbox"):
            here.settings.remember_vault(each, name)

    movers = Movers(here.local(target), FileMoveNote(here.home), lambda old: opened(here, old), choose)
    moved = move_vault(movers, target, known_vaults(here))
    show.document(
        "vault move",
        {"vault": name, "moved": moved.secrets, "left": list(moved.left), "kept": list(moved.kept)},
    )
    if moved.secrets or moved.left or moved.kept or is_new:
        count = counted(moved.secrets, "secret")
        show.data(f"Moved     {count} to the vault `{name}`; new keys go there too")
    else:
        show.data(f"Already   in the vault `{name}`: all secrets, and new keys go there")
    for each in moved.left:
        show.data(f"Left      the vault `{each}`: nothing of it is on this computer any more")
    for each in moved.kept:
        show.data(f"Left      the vault `{each}`: what is not leastkey's to remove stays")
    show.data("Next: leastkey vault status")


@dataclass(frozen=True, slots=True)
class _Looked:
    """One vault as it was found. `secrets` is None when it did not open; `error` says why."""

    name: str
    file: str
    place: str
    protects: str
    secrets: int | None
    users: tuple[str, ...]
    error: LeastkeyError | None
    requested: str | None = None

    @property
    def state(self) -> str:
        """Say in one word how it stands."""
        if self.error is None:
            return "open"
        return "locked" if self.error.code == "vault-locked" else "failed"

    @property
    def document(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        error = self.error
        return {
            "name": self.name,
            "state": self.state,
            "file": self.file,
            "identity_in": self.place,
            "protects": self.protects,
            "secrets": self.secrets,
            "used_by": list(self.users),
            "key_requested_for": self.requested,
            "problem": None
            if error is None
            else {
                "code": error.code,
                "what": error.what,
                "why": list(error.why),
                "remedy": list(error.remedy),
            },
        }


def _looked_at(here: Machine, name: str, users: tuple[str, ...]) -> _Looked:
    from leastkey.cli.known_vaults import opened
    from leastkey.errors import LeastkeyError

    try:
        vault = opened(here, name)
    except LeastkeyError as error:
        return _Looked(name, "", "", "", None, users, error)
    secrets, requested, problem = None, None, None
    try:
        vault.look()
        secrets, requested = len(vault.entries()), vault.requested()
    except LeastkeyError as error:
        problem = error
    return _Looked(name, vault.file, vault.place, vault.protects, secrets, users, problem, requested)


def _tell(show: Show, found: _Looked) -> None:
    from leastkey.cli.wrap import counted

    count = "" if found.secrets is None else f", {counted(found.secrets, 'secret')}"
    show.data(f"{found.name}  {found.state}{count}")
    if found.file:
        show.data(f"  file      {found.file}")
        show.data(f"  identity  in {found.place}")
        show.data(f"  protects  {found.protects}")
    show.data(f"  used by   {', '.join(found.users) or 'nobody'}")
    if found.requested is not None:
        show.data(f"  waits     for a key sent to {found.requested}")
    if found.error is not None:
        show.data(f"  problem   {found.error.what}")
        for line in found.error.why:
            show.data(f"            {line}")
        for line in found.error.remedy:
            show.data(f"  fix       {line}")
