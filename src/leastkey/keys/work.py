"""One key operation's surroundings: whose key, which state, which doors; and the small facts every step asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from leastkey.errors import AwsError
from leastkey.iam.arn import user_arn
from leastkey.iam.credentials import AccessKeyId
from leastkey.iam.limits import PROPAGATION_SECONDS
from leastkey.iam.marks import path_of
from leastkey.iam.refusals import is_missing
from leastkey.ports.binding import account_at, binding_id, vault_entry
from leastkey.ports.local import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from leastkey.iam.arn import Arn
    from leastkey.iam.credentials import AccessKey
    from leastkey.plan.seen import SeenAccessKey
    from leastkey.ports.aws import AccessKeys, KeyList, Sts
    from leastkey.ports.binding import Binding, BindingKey
    from leastkey.ports.local import Intent, Local, Vault
    from leastkey.ports.people import Progress
    from leastkey.secret import Secret

__all__ = [
    "KeyWork",
    "UserKeys",
    "age_seconds",
    "seen_key",
    "token_of",
    "work_on",
]


def token_of(intent: Intent) -> str:
    """Give the run's id inside an intent's: intents are named RUN.IDENTITY.NUMBER."""
    return intent.operation.rsplit(".", 2)[0]


@dataclass(frozen=True, slots=True)
class UserKeys:
    """One user's keys: at AWS, in the vault, in open operations. Nothing here needs one of them to work.

    It is held under the user's lock, so nobody else on this computer changes the state.
    """

    user: str
    key: BindingKey
    iam: AccessKeys
    local: Local
    operation: str
    progress: Progress

    def locked(self) -> AbstractContextManager[None]:
        """Hold the lock that every key operation on this user holds."""
        place = account_at(self.key.account, self.key.endpoint)
        return self.local.locks.hold(f"key/{place}/{self.user.lower()}", self.operation)

    def bound(self) -> Binding | None:
        """Give the binding as stored, when it is about this user."""
        stored = self.local.bindings.get(self.key)
        return stored if stored is not None and stored.user.lower() == self.user.lower() else None

    def pointer(self) -> AccessKeyId | None:
        """Give the key in use."""
        stored = self.bound()
        return None if stored is None else stored.access_key

    def vault_of(self, key: AccessKeyId) -> Vault:
        """Give the vault a key's secret lies in: as its binding or an open operation says, else the one for new keys."""
        stored = self.bound()
        if stored is not None and stored.access_key == key:
            return self.local.vault_for(stored.vault)
        for intent in self.intents():
            if key in {intent.created_key, intent.retired_key}:
                name = intent.vault if key == intent.created_key else intent.retired_vault
                return self.local.vault_for(name)
        return self.local.vault

    def entry(self, key: AccessKeyId) -> str:
        """Give the name of a key's secret in the vault."""
        return vault_entry(self.key.account, self.key.endpoint, self.user, key)

    def secret(self, key: AccessKeyId) -> Secret | None:
        """Read a key's secret."""
        return self.vault_of(key).get(self.entry(key))

    def held(self) -> frozenset[AccessKeyId]:
        """Give the keys of this user whose secret lies in the vault for new keys."""
        prefix = self.entry(AccessKeyId(""))
        entries = self.local.vault.entries()
        return frozenset(
            AccessKeyId(name.removeprefix(prefix)) for name in entries if name.startswith(prefix)
        )

    def intents(self) -> tuple[Intent, ...]:
        """Give the open operations on this user's keys, oldest first."""
        return tuple(
            intent
            for intent in self.local.intents.open()
            if (intent.key.account, intent.key.endpoint) == (self.key.account, self.key.endpoint)
            and intent.user.lower() == self.user.lower()
        )

    def fresh_name(self, token: str) -> str:
        """Give an operation id that no open intent has."""
        stem = f"{token}.{binding_id(self.key)[:8]}"
        taken = {intent.operation for intent in self.local.intents.open()}
        return next(name for number in range(1, 1_000) if (name := f"{stem}.{number}") not in taken)

    def listed(self) -> KeyList:
        """List the user's keys, waiting for a user that was made moments ago to be visible."""
        started = self.local.clock.monotonic()
        while True:
            try:
                return self.iam.list_access_keys(self.user)
            except AwsError as error:
                spent = self.local.clock.monotonic() - started
                if not is_missing(error) or spent >= PROPAGATION_SECONDS:
                    raise
            self.local.clock.sleep(2)

    def journal(self, phase: Literal["about", "done"], call: str, target: str) -> None:
        """Journal that a write is about to be made, or was made."""
        now = self.local.clock.now()
        self.local.journal.write(JournalEntry(self.operation, now, phase, call, target))


@dataclass(frozen=True, slots=True)
class KeyWork(UserKeys):
    """What it takes besides to make a key and bring it into use: the identity as it shall be, and who asks STS."""

    binding: Binding
    sts_of: Callable[[AccessKey], Sts]

    @property
    def arn(self) -> Arn:
        """The ARN a key of this user must prove to have."""
        return user_arn(self.binding.partition, self.key.account, path_of(self.key.project), self.user)

    def bind(self, key: AccessKeyId, *, keep_sessions: bool = False) -> None:
        """Move the pointer, atomically (C10).

        Sessions of another key are forgotten with it unless they are of the same user and role: those work until they end.
        Source: IAM User Guide, "Disabling permissions for temporary security credentials".
        """
        stored = self.bound()
        vault = self.vault_of(key).name
        changed = stored is None or stored.access_key != key
        keep = self.binding if stored is None else stored
        if changed and not keep_sessions:
            self.local.sessions.delete(self.key)
        self.local.bindings.put(
            self.binding._replace(
                access_key=key,
                vault=vault,
                profile=keep.profile,
                config_file=keep.config_file,
                updated=self.local.clock.now(),
            )
        )


def work_on(
    binding: Binding,
    iam: AccessKeys,
    sts_of: Callable[[AccessKey], Sts],
    local: Local,
    operation: str,
    progress: Progress,
) -> KeyWork:
    """Give what it takes to work on the keys of a binding's user."""
    return KeyWork(binding.user, binding.key, iam, local, operation, progress, binding, sts_of)


def seen_key(listed: KeyList, key: AccessKeyId | None) -> SeenAccessKey | None:
    """Find a key in a list."""
    return next((seen for seen in listed.keys if seen.id == key), None)


def age_seconds(listed: KeyList, since: datetime) -> float:
    """Give how long ago something was, by AWS's clock alone."""
    return (listed.server_time - since).total_seconds()
