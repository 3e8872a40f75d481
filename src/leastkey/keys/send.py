"""Make a key of a user for another computer: its secret is encrypted to that computer before it is anywhere else.

The key is made by the protocol every key is made by; only the vault it goes to holds nothing but the encrypted message.
The message is on the disk before it is given out, so a lost one is given out again. Cut off before that, the key is
deleted by the next run, like any key whose secret nobody holds. Afterwards the record says whose the second key is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import AccessKeyId, shown
from leastkey.iam.limits import ACCESS_KEYS_PER_USER
from leastkey.keys.create import create_key
from leastkey.keys.message import fields_of
from leastkey.keys.recover import accounted, facts_of, recover_intents
from leastkey.keys.retire import retire_key
from leastkey.keys.work import KeyWork, age_seconds, seen_key
from leastkey.ports.sending import SentKey
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leastkey.plan.seen import SeenAccessKey
    from leastkey.ports.aws import KeyList
    from leastkey.ports.local import Vault
    from leastkey.ports.sending import SentKeys

__all__ = ["Sending", "send_key"]

SETTLE_SECONDS: Final = 300.0
"""A key that AWS does not list so long after it was made is gone."""


@dataclass(frozen=True, slots=True)
class Sending:
    """Whom a key is for, who encrypts it, and where it is remembered. `again` deletes the keys sent before first."""

    recipient: str
    seal: Callable[[str, Mapping[str, Secret], Mapping[str, object]], str]
    sent: SentKeys
    again: bool = False


class _Outgoing:
    """Takes one new secret and keeps it for the moment only; all else is the vault's. Implements ports.local.Vault."""

    def __init__(self, vault: Vault) -> None:
        self.name = vault.name
        self.handed_over: AccessKeyId | None = None
        self._vault = vault
        self._passing: dict[str, Secret] = {}

    def put(self, entry: str, secret: Secret) -> None:
        self._passing[entry] = secret

    def get(self, entry: str) -> Secret | None:
        return self._passing.get(entry) or self._vault.get(entry)

    def delete(self, entry: str) -> None:
        self._passing.pop(entry, None)
        self._vault.delete(entry)

    def entries(self) -> tuple[str, ...]:
        return self._vault.entries()

    def probe(self) -> None:
        self._vault.probe()


@dataclass(frozen=True, slots=True)
class _SendWork(KeyWork):
    """Makes a key as any other, and hands it over where another would bring it into use here."""

    outgoing: _Outgoing
    sending: Sending

    def pointer(self) -> AccessKeyId | None:
        """Give the key in use; of the key that is being made, that it has come where it shall."""
        return self.outgoing.handed_over or KeyWork.pointer(self)

    def bind(self, key: AccessKeyId, *, keep_sessions: bool = True) -> None:
        """Encrypt the key to its recipient and remember it; the profile and its sessions here stay as they are."""
        del keep_sessions
        secret = self.outgoing.get(self.entry(key))
        if secret is None:
            raise LeastkeyError("secret-missing", f"the secret of {shown(key)} is not at hand")
        recipient = self.sending.recipient
        message = self.sending.seal(recipient, {"key": secret}, fields_of(self.binding, key))
        now = self.local.clock.now()
        self.sending.sent.put(SentKey(self.key, self.user, key, recipient, now, message))
        self.outgoing.handed_over = key


def send_key(work: KeyWork, sending: Sending) -> SentKey:
    """Give the key for a recipient, made if it has none. Raises LeastkeyError: no slot is free, or its message was used."""
    sending.seal(sending.recipient, {"trial": Secret("x" * 40)}, {})  # before anything is made
    with work.locked():
        listed = recover_intents(work, work.listed())
        listed = _tidied(work, sending, listed)
        found = next((each for each in _sent(work, sending) if each.recipient == sending.recipient), None)
        if found is not None:
            _refuse_used(work, found)
            return found
        _refuse_full(work, sending, listed)
        outgoing = _Outgoing(work.local.vault)
        making = _SendWork(
            work.user,
            work.key,
            work.iam,
            replace(work.local, vault=outgoing),
            work.operation,
            work.progress,
            work.binding,
            work.sts_of,
            outgoing,
            sending,
        )
        made = create_key(making, listed, None, is_new=False, proven=False)
    return next(each for each in sending.sent.all() if each.access_key == made)


def _sent(work: KeyWork, sending: Sending) -> list[SentKey]:
    return [
        each
        for each in sending.sent.all()
        if (each.key.account, each.key.endpoint) == (work.key.account, work.key.endpoint)
        and each.user.lower() == work.user.lower()
    ]


def _tidied(work: KeyWork, sending: Sending, listed: KeyList) -> KeyList:
    """Forget records of keys that AWS has no more; with `again`, delete those that were sent before."""
    for each in _sent(work, sending):
        seen = seen_key(listed, each.access_key)
        if seen is not None and sending.again:
            work.progress.say(
                f"deleting {shown(each.access_key)}, sent {each.sent:%d %b %H:%M}: whoever has it loses it"
            )
            listed = retire_key(work, listed, each.access_key) or listed
            sending.sent.forget(each.access_key)
        elif seen is None and age_seconds(listed, each.sent) > SETTLE_SECONDS:
            sending.sent.forget(each.access_key)
    return listed


def _refuse_used(work: KeyWork, found: SentKey) -> None:
    used = work.iam.access_key_last_used(found.access_key).last_used
    if used is not None:
        raise LeastkeyError(
            "message-refused",
            f"the key {shown(found.access_key)} was sent to this recipient before, and is in use",
            why=f"last used {used:%d %b %Y %H:%M} UTC; a recipient is for one key",
            state="no key was made or deleted",
            remedy="for another key, ask anew on that computer: `leastkey key request`",
        )


def _refuse_full(work: KeyWork, sending: Sending, listed: KeyList) -> None:
    known = accounted(work)
    foreign = any(seen.id not in known and seen.status == "Active" for seen in listed.keys)
    full = len(listed.keys) >= ACCESS_KEYS_PER_USER
    if not foreign and not full:
        return
    sent = {each.access_key: each for each in _sent(work, sending)}

    def whose(seen: SeenAccessKey) -> str:
        if seen.id in sent:
            return f"sent to {sent[seen.id].recipient[:12]}..."
        return "ours" if seen.id in known else "not ours"

    raise LeastkeyError(
        "key-limit" if full else "unknown-key",
        f"`{work.user}` has {ACCESS_KEYS_PER_USER} access keys, AWS allows no third"
        if full
        else f"`{work.user}` has an access key whose secret is not on this computer",
        why=tuple(f"{facts_of(work, seen, listed)}  {whose(seen)}" for seen in listed.keys),
        state="no key was made or deleted",
        remedy=(
            *(["delete the key that was sent before, and send another: `--again`"] if sent else []),
            "give each computer an identity of its own in the spec: then each can be rotated",
        ),
    )
