"""Identity stores that seal it to this computer: systemd's credentials, and the TPM.

The sealed form lies in a private file beside the vault; only this computer can open it.
Source: systemd-creds(1); "System and Service Credentials"; the manual pages of tpm2-tools, tpm2_create(1), tpm2_unseal(1).
"""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError
from leastkey.vault.identity_store import UNOPENED, parsed_identity
from leastkey.vault.programs import found_program, run_program

if TYPE_CHECKING:
    from leastkey.vault.age_identity import AgeIdentity
    from leastkey.vault.files import FileDoor
    from leastkey.vault.programs import Ran

__all__ = ["SystemdStore", "TpmStore"]

_MOST_SEALED: Final = 128
"""Bytes that a TPM seals at most; an identity has 74. Source: TPM 2.0 Library, part 2, `MAX_SYM_DATA`."""


_AS_ROOT: Final = "run leastkey as root, or take another vault: `leastkey help vaults`"


class SystemdStore:
    """The identity as a credential of systemd, sealed with the key of this computer and its TPM, where it has one."""

    protects = (
        "a copy of the vault's folder opens nowhere else; root on this computer reads it, and without a TPM so does "
        "who has the whole disk"
    )

    def __init__(self, files: FileDoor, name: str, label: str) -> None:
        self._files = files
        self._name = name
        self._label = label

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"systemd's credentials (`{self._files.path(self._name)}`)"

    def load(self) -> AgeIdentity | None:
        """Read it, or None when there is none."""
        sealed = self._files.read(self._name)
        if sealed is None:
            return None
        return parsed_identity(self._asked("decrypt", sealed), self.place)

    def save(self, identity: AgeIdentity) -> None:
        """Keep a new one, and read it back; one that is there already is refused."""
        identity.save_with(lambda text: self._files.create(self._name, self._asked("encrypt", text.encode())))
        _read_back(self, identity)

    def forget(self) -> bool:
        """Drop it; says that no copy of ours is left."""
        self._files.remove(self._name)
        return True

    def _asked(self, verb: str, given: bytes) -> bytes:
        program = found_program("systemd-creds", package="systemd")
        user = (
            [] if os.geteuid() == 0 else ["--user"]
        )  # users have had credentials of their own since systemd 256
        ran = run_program(
            [program, *user, f"--name={self._label}", verb, "-", "-"], place="systemd-creds", given=given
        )
        return _output(ran, f"`systemd-creds {verb}`", remedy=_AS_ROOT if user else "")


class TpmStore:
    """The identity sealed under the TPM's storage hierarchy. No state of the computer is asked for, so it opens after updates too."""

    protects = "a copied or stolen disk does not open without this computer's TPM; who runs programs here as you can open it"

    def __init__(self, files: FileDoor, name: str) -> None:
        self._files = files
        self._name = name

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"this computer's TPM (sealed in `{self._files.path(self._name)}`)"

    def load(self) -> AgeIdentity | None:
        """Read it, or None when there is none."""
        sealed = self._files.read(self._name)
        if sealed is None:
            return None
        try:
            halves = json.loads(sealed)
            public, private = (
                base64.b64decode(halves[half], validate=True) for half in ("public", "private")
            )
        except (ValueError, KeyError, TypeError):
            raise LeastkeyError(
                "vault-failed", f"`{self._files.path(self._name)}` is not as leastkey wrote it"
            ) from None
        with self._files.scratch({"public": public, "private": private}) as folder:
            self._primary(folder)
            self._asked(
                "load", "-C", f"{folder}/primary", "-u", f"{folder}/public", "-r", f"{folder}/private",
                "-c", f"{folder}/sealed",
            )  # fmt: skip
            return parsed_identity(self._asked("unseal", "-c", f"{folder}/sealed"), self.place)

    def save(self, identity: AgeIdentity) -> None:
        """Keep a new one, and read it back; one that is there already is refused."""
        # The tools open what they write to their group, but leave a file that is there as it is.
        with self._files.scratch({"public": b"", "private": b""}) as folder:
            self._primary(folder)
            identity.save_with(lambda text: self._seal(folder, text.encode()))
            halves = {half: self._files.read(f"{folder}/{half}") or b"" for half in ("public", "private")}
        written = {half: base64.b64encode(data).decode() for half, data in halves.items()}
        self._files.create(self._name, json.dumps(written).encode())
        _read_back(self, identity)

    def forget(self) -> bool:
        """Drop it; says that no copy of ours is left."""
        self._files.remove(self._name)
        return True

    def _seal(self, folder: str, data: bytes) -> None:
        if len(data) > _MOST_SEALED:
            raise LeastkeyError("vault-failed", "the identity is too long for a TPM to seal")
        self._asked(
            "create", "-C", f"{folder}/primary", "-i", "-", "-u", f"{folder}/public", "-r", f"{folder}/private",
            given=data,
        )  # fmt: skip

    def _primary(self, folder: str) -> None:
        """Derive the primary key: the same TPM makes the same one from the same template each time."""
        self._asked("createprimary", "-C", "o", "-G", "ecc", "-g", "sha256", "-c", f"{folder}/primary")

    def _asked(self, verb: str, *arguments: str, given: bytes = b"") -> bytes:
        program = found_program("tpm2", package="tpm2-tools")
        quiet = [] if verb == "unseal" else ["-Q"]
        ran = run_program([program, verb, *quiet, *arguments], place="tpm2-tools", given=given)
        return _output(ran, f"`tpm2 {verb}`")


def _read_back(store: SystemdStore | TpmStore, identity: AgeIdentity) -> None:
    """Open what was just sealed, while nothing depends on it; what does not open as it should is dropped."""
    is_kept = False
    try:
        kept = store.load()
        is_kept = kept is not None and kept.recipient == identity.recipient
    finally:
        if not is_kept:
            store.forget()
    if not is_kept:
        raise LeastkeyError(
            "vault-failed",
            f"{store.place} did not keep what was put into it",
            why="read back, it was different",
            state=UNOPENED,
        )


def _output(ran: Ran, what: str, *, remedy: str = "") -> bytes:
    if ran.code == 0:
        return ran.out
    raise LeastkeyError(
        "vault-failed",
        f"{what} failed, so the vault's identity cannot be had",
        why=f"its words: {ran.said}" if ran.said else f"it ended with exit code {ran.code}",
        state=UNOPENED,
        remedy=remedy,
    )
