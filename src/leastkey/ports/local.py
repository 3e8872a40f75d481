"""This computer as the flows see it: vault, bindings, key intents, the run journal, locks, profiles, session cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

from leastkey.errors import LeastkeyError
from leastkey.ports.binding import BindingKey, account_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from leastkey.clock import Clock
    from leastkey.iam.arn import AccountId
    from leastkey.iam.credentials import AccessKeyId, SessionCredentials
    from leastkey.ports.binding import Binding
    from leastkey.ports.sending import SentKey
    from leastkey.secret import Secret

__all__ = [
    "SANDBOX_ENDPOINT",
    "Bindings",
    "HelperCommand",
    "Intent",
    "IntentPhase",
    "Intents",
    "Journal",
    "JournalEntry",
    "Local",
    "Locks",
    "ProfileSection",
    "Profiles",
    "ProjectKey",
    "SessionCache",
    "Vault",
    "endpoint_key",
]


SANDBOX_ENDPOINT: Final = "sandbox"
"""What stands for the embedded AWS's endpoint: its port may change, its identities stay."""


def endpoint_key(target: Literal["aws", "sandbox"], endpoint_url: str | None) -> str | None:
    """Give what local state is keyed by: None for AWS's own endpoint."""
    return SANDBOX_ENDPOINT if target == "sandbox" else endpoint_url


class Vault(Protocol):
    """Where long-lived secrets lie.

    Errors are LeastkeyError: `vault-locked`, `vault-failed`, or what the files say (`disk-full`, `unsafe-file`).
    """

    name: str
    """The name the user chooses it by, such as `age-file` (`LEASTKEY_VAULT`)."""

    def put(self, entry: str, secret: Secret) -> None:
        """Store durably; replaces."""
        ...

    def get(self, entry: str) -> Secret | None:
        """Read, or None when there is no such entry."""
        ...

    def delete(self, entry: str) -> None:
        """Forget; no error when it is not there."""
        ...

    def entries(self) -> tuple[str, ...]:
        """List entry names, sorted."""
        ...

    def probe(self) -> None:
        """Put, read back, compare and delete an entry of full size, so that prompts and full disks come now."""
        ...


@dataclass(frozen=True, slots=True)
class ProjectKey:
    """One project, in one account, at one endpoint: what this computer remembers of others is none of its business."""

    account: AccountId
    endpoint: str | None
    project: str

    def binding(self, identity: str) -> BindingKey:
        """Give the key of one of its identities."""
        return BindingKey(self.account, self.endpoint, self.project, identity)

    def holds(self, key: BindingKey) -> bool:
        """Say whether an identity is one of its own."""
        return self == ProjectKey(key.account, key.endpoint, key.project)

    @property
    def lock(self) -> str:
        """The name of the lock that a run on the project holds."""
        return f"{account_at(self.account, self.endpoint)}/{self.project}"


class Bindings(Protocol):
    """The identities this computer serves. Writes are atomic: a reader sees the old or the new one."""

    def get(self, key: BindingKey) -> Binding | None:
        """Read one."""
        ...

    def put(self, binding: Binding) -> None:
        """Write one."""
        ...

    def delete(self, key: BindingKey) -> None:
        """Forget one; no error when it is not there."""
        ...

    def all(self) -> tuple[Binding, ...]:
        """List all, sorted by key."""
        ...


IntentPhase = Literal["claiming", "creating", "stored", "grace", "undo", "retire"]


@dataclass(frozen=True, slots=True)
class Intent:
    """The write-ahead record of one key operation. It holds ids only, never a secret.

    `vault` and `retired_vault` name the vaults that hold the two secrets, the empty name the one chosen for new keys.
    `grace_seconds` is set on a rotation: how long the old key stays, switched off; `since` is when it was, by AWS's clock.
    """

    operation: str
    key: BindingKey
    user: str
    before: tuple[AccessKeyId, ...]
    server_time: datetime
    phase: IntentPhase
    created_key: AccessKeyId | None = None
    retired_key: AccessKeyId | None = None
    vault: str = ""
    retired_vault: str = ""
    grace_seconds: int | None = None
    since: datetime | None = None


class Intents(Protocol):
    """The open key operations. `create` refuses an operation id that exists; every write reaches the disk before it returns."""

    def create(self, intent: Intent) -> None:
        """Write a new intent (O_EXCL, fsync of file and folder)."""
        ...

    def update(self, intent: Intent) -> None:
        """Replace an intent, atomically."""
        ...

    def close(self, operation: str) -> None:
        """Remove an intent; no error when it is not there."""
        ...

    def open(self) -> tuple[Intent, ...]:
        """List open intents, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line of a run's journal. `phase` is `begin`, `about` (before a write), `done`, `failed` or `end`."""

    run: str
    time: datetime
    phase: Literal["begin", "about", "done", "failed", "end"]
    call: str
    target: str
    note: str = ""


class Journal(Protocol):
    """The append-only record of what runs did. An entry is on the disk before the call returns."""

    def write(self, entry: JournalEntry) -> None:
        """Append an entry."""
        ...

    def entries(self, since: datetime | None = None) -> Iterator[JournalEntry]:
        """Read every run's entries, the oldest run first; runs that wrote nothing after `since` may be left out."""
        ...


class Locks(Protocol):
    """Locks between processes, freed by the kernel when a process dies."""

    def hold(self, name: str, operation: str, *, wait_seconds: float = 0) -> AbstractContextManager[None]:
        """Hold a lock. Raises LeastkeyError `locked` naming the holder's pid, host and operation."""
        ...


@dataclass(frozen=True, slots=True)
class ProfileSection:
    """Our section of the AWS config file, as settings in the order they are written."""

    name: str
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HelperCommand:
    """The credential helper as AWS tools start it: absolute paths that a shell, shlex and a plain split read alike."""

    python: str
    script: str
    home: str

    def line(self, binding: str) -> str:
        """Give the value of `credential_process` for a binding id. `-I -S`: isolated, without site packages."""
        return " ".join(self.argv(binding))

    def argv(self, binding: str) -> list[str]:
        """Give the same for who starts it without a shell."""
        return [self.python, "-I", "-S", self.script, self.home, binding]


class Profiles(Protocol):
    """The user's AWS config and credentials files. Sections of others stay byte-identical."""

    @property
    def config_file(self) -> str:
        """The file that is read and written (`AWS_CONFIG_FILE` or `~/.aws/config`)."""
        ...

    def read(self, name: str) -> ProfileSection | None:
        """Read a profile's section of the config file."""
        ...

    def shadowed_by(self, name: str) -> str | None:
        """Give `file:line` of a static key of the same profile name that would win over ours."""
        ...

    def probe(self) -> None:
        """Raise the LeastkeyError that `write` would, as far as that can be known without a trace."""
        ...

    def write(self, section: ProfileSection) -> bool:
        """Write the section, keeping all else; says whether anything changed. A backup is made before the first change."""
        ...

    def remove(self, name: str) -> bool:
        """Remove the section and our backup; says whether it was there."""
        ...


class SessionCache(Protocol):
    """Short-lived sessions, as the finished credential_process document, one a binding."""

    def get(self, key: BindingKey) -> SessionCredentials | None:
        """Give the cached session, whatever time it has left."""
        ...

    def put(self, key: BindingKey, session: SessionCredentials, *, refresh_at: datetime) -> None:
        """Store a session until it ends; from `refresh_at` on the warm path asks for a new one."""
        ...

    def refresh_at(self, key: BindingKey) -> datetime | None:
        """Say when the cached session is due to be renewed, or None when there is none."""
        ...

    def delete(self, key: BindingKey) -> None:
        """Forget a session; no error when it is not there."""
        ...


@dataclass(frozen=True, slots=True)
class Local:
    """This computer, as one value for the flows. `vault` is the one chosen for new keys, `helper` what profiles call.

    `vault_named` opens another vault by its name: an older key may lie in one that was chosen earlier. `sent` gives the keys
    that were made for other computers.
    """

    bindings: Bindings
    intents: Intents
    journal: Journal
    locks: Locks
    profiles: Profiles
    sessions: SessionCache
    vault: Vault
    clock: Clock
    helper: HelperCommand
    vault_named: Callable[[str], Vault] | None = None
    sent: Callable[[], tuple[SentKey, ...]] = tuple

    def vault_for(self, name: str) -> Vault:
        """Give the vault of this name; the empty name means the one chosen for new keys."""
        if name in {"", self.vault.name}:
            return self.vault
        if self.vault_named is None:
            raise LeastkeyError(
                "no-vault",
                f"the key lies in the vault `{name}`, the one in use is `{self.vault.name}`",
                remedy=f"leastkey --vault {name}",
            )
        return self.vault_named(name)
