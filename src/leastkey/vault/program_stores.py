"""Identity stores that another program keeps: `pass`, and any program that prints the identity.

Neither is asked at a terminal: what needs a passphrase must have it already, else the vault is locked.
Source: the manual page of pass(1); GnuPG manual, `--pinentry-mode`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError
from leastkey.vault.identity_store import UNOPENED, parsed_identity
from leastkey.vault.programs import LIMIT_SECONDS, found_program, run_program

if TYPE_CHECKING:
    from leastkey.vault.age_identity import AgeIdentity
    from leastkey.vault.files import FileDoor
    from leastkey.vault.programs import Ran

__all__ = ["CommandStore", "PassStore"]

_ABSENT: Final = "is not in the password store"


class PassStore:
    """The identity as an entry of `pass`, encrypted with the user's GPG key."""

    protects = (
        "encrypted with your GPG key; while gpg-agent knows its passphrase, every program you run can read it"
    )

    def __init__(self, entry: str) -> None:
        self._entry = entry

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"pass (`{self._entry}`)"

    def load(self) -> AgeIdentity | None:
        """Read it, or None when there is none."""
        ran = self._asked("show")
        if ran.code != 0 and _ABSENT in ran.said:
            return None
        if ran.code != 0:
            raise _locked(
                "pass holds the vault's identity and does not open",
                ran,
                f"unlock your GPG key with `pass show {self._entry} >/dev/null`, then run the same command again",
            )
        return parsed_identity(ran.out, self.place)

    def save(self, identity: AgeIdentity) -> None:
        """Keep a new one, and read it back."""
        if self.load() is not None:
            raise LeastkeyError("vault-failed", f"{self.place} is there already", why="it is not replaced")
        identity.save_with(lambda text: self._insert(text.encode()))
        kept = self.load()
        if kept is None or kept.recipient != identity.recipient:
            raise LeastkeyError("vault-failed", "pass did not keep what was put into it")

    def forget(self) -> bool:
        """Drop it. A history that `pass git` keeps has it still, encrypted."""
        ran = self._asked("rm", "--force")
        if ran.code != 0 and _ABSENT not in ran.said:
            raise _failed("pass did not remove the vault's identity", ran)
        return True

    def _insert(self, data: bytes) -> None:
        ran = self._asked("insert", "--multiline", given=data)
        if ran.code != 0:
            raise _failed("pass did not take the vault's identity", ran)

    def _asked(self, verb: str, *options: str, given: bytes = b"") -> Ran:
        program = found_program("pass", package="pass")
        never_asking = {"PASSWORD_STORE_GPG_OPTS": "--no-tty --pinentry-mode=error", "LC_ALL": "C"}
        return run_program(
            [program, verb, *options, self._entry],
            place="pass",
            given=given,
            variables=never_asking,
        )


class CommandStore:
    """The identity from a program of the user's choice, which prints it. leastkey only reads it."""

    protects = "as safe as what the program asks for before it prints; leastkey cannot judge that"

    def __init__(self, files: FileDoor, path: str, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._files = files
        self._path = path
        self._limit = limit_seconds

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"`{self._path}`"

    def load(self) -> AgeIdentity:
        """Ask the program. Its words are never shown: they could hold the identity."""
        self._files.refuse_unsafe_program(self._path)
        ran = run_program([self._path], place=self.place, limit_seconds=self._limit)
        if ran.code != 0:
            raise LeastkeyError(
                "vault-locked",
                f"{self.place} gave no identity",
                why=f"it ended with exit code {ran.code}",
                state=UNOPENED,
                remedy=f"see what it says: `{self._path} >/dev/null`",
            )
        return parsed_identity(ran.out, self.place)

    def save(self, identity: AgeIdentity) -> None:
        """Refuse: the program gives the identity, it does not take one."""
        del identity
        raise LeastkeyError("vault-failed", f"{self.place} takes no identity, it only gives one")

    def forget(self) -> bool:
        """Leave it: it is the user's."""
        return False


def _locked(what: str, ran: Ran, remedy: str) -> LeastkeyError:
    return LeastkeyError("vault-locked", what, why=_words(ran), state=UNOPENED, remedy=remedy)


def _failed(what: str, ran: Ran) -> LeastkeyError:
    return LeastkeyError("vault-failed", what, why=_words(ran), remedy="try `pass ls`, it says what is wrong")


def _words(ran: Ran) -> str:
    return f"its words: {ran.said}" if ran.said else f"it ended with exit code {ran.code}"
