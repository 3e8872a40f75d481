"""The identity in the Linux kernel's keyring for a time, from where it rests: `leastkey unlock` carries it over.

Resting, it is encrypted with a passphrase (age's scrypt), or lies in any other store. While it is locked nothing is
asked: the vault says how to unlock it.
Source: the age file format, "scrypt recipient stanza", https://c2sp.org/age; keyrings(7).
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

import pyrage

from leastkey.errors import LeastkeyError
from leastkey.vault.age_identity import AgeIdentity
from leastkey.vault.identity_store import UNOPENED, parsed_identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.vault.age_file import AgeFile
    from leastkey.vault.files import FileDoor
    from leastkey.vault.identity_store import IdentityStore

__all__ = ["KERNEL", "KernelStore", "PassphraseFile", "unlock_vault"]

KERNEL: Final = "kernel"
_LEAST_CHARACTERS: Final = 8


class PassphraseFile:
    """The identity in a file that a passphrase encrypts. Who asks for the passphrase is given; nobody is, as a rule."""

    protects = "at rest as strong as its passphrase"

    def __init__(self, files: FileDoor, name: str, ask: Callable[[bool], str] | None) -> None:
        self._files = files
        self._name = name
        self._ask = ask

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"`{self._files.path(self._name)}`, encrypted with your passphrase"

    def load(self) -> AgeIdentity | None:
        """Ask for the passphrase and decrypt, or None when there is none."""
        data = self._files.read(self._name)
        if data is None:
            return None
        if self._ask is None:
            raise _locked("its passphrase is needed, and this command does not ask for it", KERNEL)
        try:  # what is asked for gets no name: a dump of the frame would show it
            text: bytes = pyrage.passphrase.decrypt(data, self._ask(False))
        except pyrage.DecryptError as error:
            raise LeastkeyError(
                "vault-locked",
                f"{self._files.path(self._name)} did not open",
                why=("the passphrase is wrong, or the file is damaged", f"its words: {error}"),
                state=UNOPENED,
                remedy="try again: `leastkey unlock`",
            ) from None
        return parsed_identity(text, self.place)

    def save(self, identity: AgeIdentity) -> None:
        """Ask for a new passphrase and keep the identity; a file that is there already is refused."""
        if self._ask is None:
            raise _locked("it has no passphrase yet, and this command does not ask for one", KERNEL)
        ask = self._ask
        identity.save_with(lambda text: self._files.create(self._name, _encrypted(text, ask)))

    def forget(self) -> bool:
        """Drop it."""
        self._files.remove(self._name)
        return True


def _encrypted(text: str, ask: Callable[[bool], str]) -> bytes:
    encrypted: bytes = pyrage.passphrase.encrypt(text.encode(), _long_enough(ask(True)))
    return encrypted


def _long_enough(passphrase: str) -> str:
    if len(passphrase) < _LEAST_CHARACTERS:
        raise LeastkeyError(
            "usage",
            f"a passphrase of fewer than {_LEAST_CHARACTERS} characters protects nothing",
            remedy="take a longer one, as four words nobody has said in this order",
        )
    return passphrase


class KernelStore:
    """The identity in the kernel's keyring of this user: in memory only, gone by itself when its time is over."""

    def __init__(self, files: FileDoor, vault: str, label: str, rest: IdentityStore) -> None:
        self._files = files
        self._vault = vault
        self._label = label
        self.rest = rest
        """Where it rests."""

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"the kernel's keyring while it is unlocked; at rest {self.rest.place}"

    @property
    def protects(self) -> str:
        """What that keeps out and what not."""
        return (
            f"{self.rest.protects}; unlocked, every program you run can use it until its time is over or "
            "`leastkey lock`"
        )

    def load(self) -> AgeIdentity:
        """Read it. Raises `vault-locked` when it is not there, or not there any more."""
        held = self._files.kernel_get(self._label)
        if held is None:
            raise _locked(
                "it was never unlocked, its time is over, or this computer was started anew", self._vault
            )
        return parsed_identity(held, "the kernel's keyring")

    def save(self, identity: AgeIdentity) -> None:
        """Refuse: a vault is set up when it is unlocked for the first time."""
        del identity
        raise _locked("it was never unlocked", self._vault)

    def unlock(self, identity: AgeIdentity, seconds: int) -> None:
        """Hold an identity for so long. Raises LeastkeyError `no-vault` where the kernel takes none."""
        held: list[bool] = []
        identity.save_with(
            lambda text: held.append(self._files.kernel_put(self._label, text.encode(), seconds))
        )
        if held != [True]:
            raise LeastkeyError(
                "no-vault",
                "this computer's kernel keeps no key for us",
                why="Linux has such a keyring; many containers block it",
                state="the vault is still locked",
                remedy="choose another vault: `leastkey help vaults`",
            )

    def lock(self) -> None:
        """Forget it now; where it rests it stays."""
        self._files.kernel_forget(self._label)

    def forget(self) -> bool:
        """Drop it, here and where it rests."""
        self.lock()
        return self.rest.forget()


def unlock_vault(vault: AgeFile, store: KernelStore, seconds: int) -> bool:
    """Carry a vault's identity from where it rests into the kernel; says whether it was made just now.

    An identity that does not open the vault is not left there.
    """
    identity = store.rest.load()
    made = identity is None
    if identity is None:
        vault.refuse_orphaned()
        identity = AgeIdentity.generate()
        store.rest.save(identity)
    store.unlock(identity, seconds)
    try:
        vault.entries()
    except LeastkeyError:
        store.lock()
        raise
    return made


def _locked(why: str, vault: str) -> LeastkeyError:
    return LeastkeyError(
        "vault-locked",
        f"the vault `{vault}` is locked: its identity is not in the kernel's keyring",
        why=why,
        state=UNOPENED,
        remedy=f"`leastkey unlock --vault {shlex.quote(vault)}`",
    )
