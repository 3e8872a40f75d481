"""Move all keys' secrets to another vault. At every instant each lies in the vault that its binding names.

Each user's keys are moved under the lock that every key operation on the user holds: copied and read back, then the
bindings turned over, then taken out of the old vault. A run that was cut off has left a note; the next goes on from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError
from leastkey.ports.binding import account_at
from leastkey.ports.moving import Move

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leastkey.ports.binding import Binding
    from leastkey.ports.local import Local, Vault
    from leastkey.ports.moving import LeavableVault, Movers

__all__ = ["Moved", "move_vault"]

WAIT_SECONDS: Final = 20.0
_KEY: Final = re.compile(r"(?P<place>\d{12}/.+)/(?P<user>[^/]+)/[^/]+", re.ASCII | re.DOTALL)
"""The name of a key's secret, as `vault_entry` gives it. Other entries are somebody else's, who knows their vault."""
_ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did: how many secrets, which vaults were left whole, which keep something."""

    secrets: int
    left: tuple[str, ...]
    kept: tuple[str, ...]


def move_vault(movers: Movers, target: LeavableVault, sources: Iterable[str]) -> Moved:
    """Move the secrets of these vaults, and of those a cut-off move was leaving, to another. Running it again is harmless."""
    local = movers.local
    with local.locks.hold("vaults", "move the vault", wait_seconds=WAIT_SECONDS):
        _refuse_open_operations(local)
        unfinished = movers.note.read()
        before = () if unfinished is None else (*unfinished.sources, unfinished.target)
        names = tuple(sorted({*sources, *before} - {target.name}))
        left = {name: movers.opened(name) for name in names}
        for vault in left.values():
            vault.entries()  # what does not open stops the move before it begins
        target.probe()
        movers.note.write(Move(names, target.name))
        movers.choose()
        secrets = sum(_emptied(local, vault, target) for vault in left.values())
        gone = tuple(name for name, vault in left.items() if vault.wipe())
        movers.note.remove()
    return Moved(secrets, gone, tuple(name for name in names if name not in gone))


def _refuse_open_operations(local: Local) -> None:
    found = local.intents.open()
    if found:
        raise LeastkeyError(
            "locked",
            "a key operation is not finished, and it knows the vault its secret lies in",
            why=tuple(sorted({f"keys of `{intent.user}`" for intent in found})),
            remedy=(
                "finish it with `leastkey up`, then run the same command again",
                "an old key in its grace? wait for its end, or go back to it: `leastkey rotate --undo`",
            ),
        )


def _emptied(local: Local, source: Vault, target: Vault) -> int:
    """Move what lies in a vault, until nothing of ours does; gives how many secrets."""
    moved = 0
    for _ in range(_ROUNDS):  # somebody may put a key into it meanwhile
        groups: dict[tuple[str, str], list[str]] = {}
        for entry in source.entries():
            if (found := _KEY.fullmatch(entry)) is not None:
                groups.setdefault((found["place"], found["user"]), []).append(entry)
        for binding in local.bindings.all():
            if binding.vault == source.name:
                groups.setdefault((_place(binding), binding.user), [])
        if not groups:
            return moved
        for (place, user), entries in groups.items():
            with local.locks.hold(f"key/{place}/{user.lower()}", "move the vault", wait_seconds=WAIT_SECONDS):
                _move(local, place, user, entries, source, target)
            moved += len(entries)
    raise LeastkeyError(
        "locked",
        f"keys are put into the vault `{source.name}` faster than they can be moved",
        state="what was moved stays moved; every key lies in the vault that its binding names",
        remedy="run the same command again when nobody makes keys",
    )


def _move(local: Local, place: str, user: str, entries: list[str], source: Vault, target: Vault) -> None:
    for entry in entries:
        secret = source.get(entry)
        if secret is None:
            continue  # retired meanwhile
        target.put(entry, secret)
        if target.get(entry) != secret:
            raise LeastkeyError(
                "vault-failed",
                f"the vault `{target.name}` gave back something else than it was given",
                state=f"the keys of `{user}` are where they were",
            )
    for binding in local.bindings.all():
        ours = _place(binding) == place and binding.user.lower() == user.lower()
        if ours and binding.vault == source.name:
            local.bindings.put(binding._replace(vault=target.name))
    for entry in entries:
        source.delete(entry)


def _place(binding: Binding) -> str:
    return account_at(binding.key.account, binding.key.endpoint)
