"""The vault: one age file holds all secrets; whoever has its identity can read it.

Writers in several processes take turns: read, change, encrypt and replace happen under one lock.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from leastkey.errors import LeastkeyError
from leastkey.secret import Secret
from leastkey.vault.age_identity import AgeIdentity
from leastkey.vault.sealed import FORMAT, packed, unpacked

if TYPE_CHECKING:
    from typing import Any

    from leastkey.turns import Turns
    from leastkey.vault.files import FileDoor
    from leastkey.vault.identity_store import IdentityStore

__all__ = ["AgeFile"]

_PROBE: Final = "probe/"
"""Entries under this name are dry writes; one that a killed process left is dropped by the next writer."""
_PROBE_NAME_CHARACTERS: Final = 256
_PROBE_CHARACTERS: Final = 128
"""At least what an entry of ours takes: a name of account, endpoint, user and key id; a secret of 40 characters."""


class _Change(NamedTuple):
    """One entry to put, or to drop where it has no secret."""

    entry: str
    secret: Secret | None


class AgeFile:
    """Secrets by entry name in one encrypted file. Implements ports.local.Vault."""

    def __init__(self, name: str, files: FileDoor, file: str, identity: IdentityStore) -> None:
        self.name = name
        self._files = files
        self._file = file
        self._store = identity
        self._known: AgeIdentity | None = None

    @property
    def place(self) -> str:
        """Where the vault's identity lies, for messages."""
        return self._store.place

    @property
    def file(self) -> str:
        """The path of the vault's own file, which is there when it holds something."""
        return self._files.path(self._file)

    @property
    def protects(self) -> str:
        """What keeping the identity there keeps out, and what not, in plain words."""
        return self._store.protects

    def look(self) -> None:
        """Look whether the vault opens, changing nothing. Raises LeastkeyError."""
        self._store.load()

    def put(self, entry: str, secret: Secret) -> None:
        """Store durably; replaces."""
        self._turns.take(_Change(entry, secret))

    def get(self, entry: str) -> Secret | None:
        """Read, or None when there is no such entry."""
        return self._held().get(entry)

    def delete(self, entry: str) -> None:
        """Forget; no error when it is not there."""
        self._turns.take(_Change(entry, None))

    def entries(self) -> tuple[str, ...]:
        """List entry names, sorted."""
        return tuple(sorted(self._held()))

    def probe(self) -> None:
        """Put, read back, compare and delete an entry of full size, so that prompts and full disks come now."""
        entry = _PROBE + os.urandom(_PROBE_NAME_CHARACTERS // 2).hex()
        self._turns.take(_Change(entry, Secret(os.urandom(_PROBE_CHARACTERS // 2).hex())))

    def wipe(self) -> bool:
        """Drop the identity of a vault that is empty; says whether nothing of it is left here.

        A vault that somebody put something into meanwhile stays, and so does an identity that the user named.
        """
        with self._files.lock(f"leaving the vault {self.name}"):
            if any(self._files.read(file) is not None for file in (self._file, self._request_file)):
                return False
            self._known = None
            return self._store.forget()

    def request(self) -> str:
        """Give the recipient that another computer sends a key to: of a one-time identity that this vault keeps, made if none is."""
        with self._files.lock(f"asking for a key, with the vault {self.name}"):
            found = self._requested()
            if found is None:
                found = AgeIdentity.generate()
                keeper = self._known or self._store.load()
                if keeper is None:
                    self.refuse_orphaned()
                keeper = self._identity()
                found.save_with(
                    lambda text: self._files.create(self._request_file, keeper.encrypt(text.encode()))
                )
            return found.recipient

    def requested(self) -> str | None:
        """Give the recipient that a key was asked for with, while none has come."""
        found = self._requested()
        return None if found is None else found.recipient

    def received(self, message: bytes) -> tuple[dict[str, Any], dict[str, Secret]] | None:
        """Open a message to the one-time identity; None where no key was asked for. Raises ValueError for any other message."""
        identity = self._requested()
        return None if identity is None else unpacked(identity.decrypt(message))

    def end_request(self) -> None:
        """Drop the one-time identity: what was sent to it opens nowhere any more."""
        self._files.remove(self._request_file)

    @property
    def _request_file(self) -> str:
        return f"{self._file.removesuffix('.age')}-request.age"

    def _requested(self) -> AgeIdentity | None:
        data = self._files.read(self._request_file)
        if data is None:
            return None
        try:
            return AgeIdentity.parse(self._decrypted(data).decode("ascii", "replace"))
        except ValueError as error:
            raise self._failed("has a request in it that is not as leastkey wrote it", str(error)) from None

    def refuse_orphaned(self) -> None:
        """Raise LeastkeyError where the vault holds something: who calls this has found no identity for it."""
        if self._files.read(self._file) is not None:
            raise self._gone()

    @cached_property
    def _turns(self) -> Turns[_Change]:
        """The turns of who writes. Two threads that make them at once take a lock of the vault each, as two processes do."""
        from leastkey.turns import Turns  # who reads alone does without

        return Turns(self._carry_out)

    def _carry_out(self, batch: list[_Change]) -> None:
        with self._files.lock(f"writing to the vault {self.name}"):
            self._apply(batch)

    def _apply(self, batch: list[_Change]) -> None:
        held = self._held()
        wanted = dict(held)
        trials = {}
        for change in batch:
            if change.secret is None:
                wanted.pop(change.entry, None)
            elif change.entry.startswith(_PROBE):
                trials[change.entry] = change.secret
            else:
                wanted[change.entry] = change.secret
        if trials:
            self._write(wanted | trials)
            found = self._read()
            if {entry: found.get(entry) for entry in trials} != trials:
                raise self._failed(
                    "did not keep what was put into it", "read back, a trial entry was different"
                )
        if trials or wanted != held:
            self._write(wanted)

    def _held(self) -> dict[str, Secret]:
        return {entry: secret for entry, secret in self._read().items() if not entry.startswith(_PROBE)}

    def _read(self) -> dict[str, Secret]:
        data = self._files.read(self._file)
        if data is None:
            self._known = None  # who removed the vault may have removed its identity too: ask the store again
            return {}
        return self._decoded(self._decrypted(data))

    def _decrypted(self, data: bytes) -> bytes:
        if self._known is not None:
            try:
                return self._known.decrypt(data)
            except ValueError:
                self._known = None  # replaced by another process: ask the store again
        identity = self._store.load()
        if identity is None:
            raise self._gone()
        try:
            decrypted = identity.decrypt(data)
        except ValueError as error:
            why = f"with the identity in {self._store.place}: {error}"
            raise self._failed("cannot be decrypted", why) from None
        self._known = identity
        return decrypted

    def _decoded(self, text: bytes) -> dict[str, Secret]:
        try:
            document, held = unpacked(text)
        except ValueError:
            raise self._failed("is not as leastkey wrote it", "decrypted, it is no vault") from None
        if document["format"] != FORMAT:
            raise self._failed(
                "is of another version", f"format {document['format']!r}, this version reads {FORMAT}"
            )
        return held

    def _write(self, held: dict[str, Secret]) -> None:
        if not held:
            self._files.remove(self._file)  # an empty vault leaves nothing behind
            return
        self._files.write(self._file, self._identity().encrypt(packed(held)))

    def _identity(self) -> AgeIdentity:
        """Give the identity; the first writer, who holds the lock and found no vault, makes one."""
        identity = self._known or self._store.load()
        if identity is None:
            identity = AgeIdentity.generate()
            self._store.save(identity)
        self._known = identity
        return identity

    def _gone(self) -> LeastkeyError:
        return self._failed(
            "its identity is gone",
            f"{self._store.place} has none; without it the secrets cannot be read by anybody",
            "put the identity back from a backup; or make new keys: "
            f"`rm {self._files.path(self._file)}`, then `leastkey up`",
        )

    def _failed(self, what: str, why: str, remedy: str = "") -> LeastkeyError:
        path = self._files.path(self._file)
        return LeastkeyError(
            "vault-failed",
            f"the vault `{path}`: {what}",
            why=why,
            state="nothing was changed, no credentials were issued",
            remedy=remedy
            or (
                "restore it from a backup",
                f"or make new keys: `mv {path} {path}.damaged`, then `leastkey up`",
            ),
        )
