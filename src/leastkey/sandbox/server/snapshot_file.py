"""The file a snapshot lies in: private, sealed, replaced at once or not at all; another version refuses it.

Snapshots of before were not encrypted: authenticated by a key beside them. Such a one is read once and sealed at once.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import platform
from typing import TYPE_CHECKING, Final, Literal

import leastkey
from leastkey.disk.files import read_private, remove, write_private
from leastkey.errors import LeastkeyError
from leastkey.sandbox.server.seal import SealError, head_of, is_sealed

if TYPE_CHECKING:
    from pathlib import Path

    from leastkey.sandbox.server.seal import Seal

__all__ = ["SnapshotFile", "refused"]

_MAC: Final = hashlib.sha256().digest_size
_STATE: Final = "4"
"""Grows when what a snapshot names has moved: a pickle of before would not find it."""
_PLAIN: Final = "an unencrypted one lies where only encrypted ones are written"


class SnapshotFile:
    """The snapshot in the state folder, under its seal."""

    def __init__(self, folder: Path, seal: Seal) -> None:
        self._path = folder / "snapshot.bin"
        self._old_key = folder / "snapshot.key"
        self._seal = seal

    def read(self) -> bytes | None:
        """Give the authenticated state, None where there is no snapshot. Raises LeastkeyError `sandbox-failed`."""
        data = read_private(self._path)
        if data is None:
            return None
        if not is_sealed(data):
            return self._plain(data)
        try:
            head, state = self._seal.opened(data)
        except SealError as error:
            raise refused(f"its seal is broken: {error}") from None
        _refuse_versions({name: value for name, value in head.items() if name != "vault"})
        remove(self._old_key)
        return state

    def write(self, state: bytes) -> None:
        """Replace the snapshot, at once or not at all."""
        write_private(self._path, self._seal.sealed(_versions(), state))

    def _plain(self, data: bytes) -> bytes:
        if not self._seal.takes_plain:
            raise refused(_PLAIN)
        key = read_private(self._old_key)
        if key is None or not hmac.compare_digest(hmac.digest(key, data[_MAC:], "sha256"), data[:_MAC]):
            raise refused("its seal is broken: it was changed, or its key is gone")
        head, _, state = data[_MAC:].partition(b"\n")
        _refuse_versions(json.loads(head))
        self.write(state)
        remove(self._old_key)
        return state

    @staticmethod
    def look(folder: Path) -> tuple[Literal["none", "plain", "sealed"], str]:
        """Say what lies in a folder, and which vault it says that its key lies in; nothing of it is proved."""
        data = read_private(folder / "snapshot.bin")
        if data is None:
            return "none", ""
        return ("sealed", head_of(data).get("vault", "")) if is_sealed(data) else ("plain", "")

    @staticmethod
    def refuse_stale(folder: Path) -> None:
        """Refuse what another version made, by what the file says of itself. Nothing of it is proved, and nothing changed."""
        data = read_private(folder / "snapshot.bin")
        if data is None:
            return
        head = head_of(data) if is_sealed(data) else _plain_head(data)
        _refuse_versions({name: value for name, value in head.items() if name != "vault"})

    @staticmethod
    def delete(folder: Path) -> None:
        """Remove the snapshot, and the key of an unencrypted one."""
        remove(folder / "snapshot.bin")
        remove(folder / "snapshot.key")


def _plain_head(data: bytes) -> dict[str, str]:
    try:
        head = json.loads(data[_MAC:].partition(b"\n")[0])
    except (ValueError, RecursionError):
        return {}
    return {str(name): str(value) for name, value in head.items()} if isinstance(head, dict) else {}


def _refuse_versions(made_by: dict[str, str]) -> None:
    if not made_by:
        raise refused("it does not say what made it: it was cut off, or is something else")
    if made_by != _versions():
        said = ", ".join(f"{name} {version}" for name, version in made_by.items())
        raise refused(
            f"it was made by {said}; this is {', '.join(f'{n} {v}' for n, v in _versions().items())}"
        )


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    python = ".".join(platform.python_version_tuple()[:2])
    return {"snapshot": _STATE, "leastkey": leastkey.__version__, "moto": version("moto"), "Python": python}


def refused(why: str, *, remedy: str = "") -> LeastkeyError:
    """Give the refusal of a snapshot."""
    reset = "`leastkey sandbox reset` starts with an empty sandbox"
    return LeastkeyError(
        "sandbox-failed",
        "the sandbox's snapshot cannot be used",
        why=why,
        state="it was left as it is",
        remedy=(remedy, reset) if remedy else reset,
    )
