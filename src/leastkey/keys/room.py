"""A user holds two keys at most: whose they are, and which may go so that there is a place for another.

A key of ours that nothing uses goes; one that nothing here explains is never touched, and no key is made beside it.
Source: IAM User Guide, "IAM and AWS STS quotas" (access keys per user).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import shown
from leastkey.iam.limits import ACCESS_KEYS_PER_USER
from leastkey.keys.grace import end_grace
from leastkey.keys.recover import accounted, creating_intents, delete_unstored, facts_of
from leastkey.keys.retire import retire_found, retire_key
from leastkey.plan.diff_key import delete_command

if TYPE_CHECKING:
    from leastkey.iam.credentials import AccessKeyId
    from leastkey.keys.work import KeyWork
    from leastkey.plan.seen import SeenAccessKey
    from leastkey.ports.aws import KeyList
    from leastkey.ports.local import Intent
    from leastkey.ports.sending import SentKey

__all__ = ["foreign_keys", "make_room", "not_ours", "retire_leftovers", "without_strangers"]


def make_room(work: KeyWork, listed: KeyList, *, rotating: bool = False, ask: bool = True) -> KeyList:
    """Refuse beside a key that is not ours; free a slot by deleting what is ours and of no use.

    `rotating`: the key in use works and stays, and an older one in its grace goes; `ask`: not where somebody needs it.
    """
    listed = without_strangers(work, listed)
    if rotating:
        for intent in _in_grace(work):
            listed = _end(work, intent, listed, ask=ask)
    listed = retire_leftovers(work, listed, work.pointer())
    pointer = work.pointer()
    present = [seen.id for seen in listed.keys if seen.id not in _ghosts(work)]
    if len(present) < ACCESS_KEYS_PER_USER:
        return listed
    if rotating:
        raise not_ours(work, listed)
    if pointer in present:
        # Only a key that cannot sign comes here: it is switched off, or its secret is lost.
        listed = retire_key(work, listed, pointer) or listed
    return listed


def without_strangers(work: KeyWork, listed: KeyList) -> KeyList:
    """Sweep what interrupted runs of ours left; refuse beside a key that is not ours. Raises LeastkeyError."""
    foreign = foreign_keys(work, listed)
    if foreign and (swept := delete_unstored(work, listed, creating_intents(work))) is not None:
        listed = swept
        foreign = foreign_keys(work, listed)
    if len(foreign) >= ACCESS_KEYS_PER_USER or any(seen.status == "Active" for seen in foreign):
        raise not_ours(work, listed)
    return listed


def _end(work: KeyWork, intent: Intent, listed: KeyList, *, ask: bool) -> KeyList:
    key = intent.retired_key
    if ask or key is None:
        return end_grace(work, intent, listed)
    return retire_found(work, intent, key) or listed


def retire_leftovers(work: KeyWork, listed: KeyList, keep: AccessKeyId | None) -> KeyList:
    """Delete keys of ours that nothing points at: their secrets lie in the vault, so they are in our ledger."""
    resting = {intent.retired_key for intent in _in_grace(work)}
    for key in sorted(work.held() & {seen.id for seen in listed.keys} - {keep} - resting):
        work.progress.say(f"deleting {shown(key)}: a key of ours that is not in use")
        listed = retire_key(work, listed, key) or listed
    return listed


def _in_grace(work: KeyWork) -> list[Intent]:
    return [intent for intent in work.intents() if intent.phase == "grace"]


def _ghosts(work: KeyWork) -> set[AccessKeyId | None]:
    """Give the keys that are deleted while AWS's list may still show them."""
    return {intent.retired_key for intent in work.intents() if intent.phase == "retire"}


def foreign_keys(work: KeyWork, listed: KeyList) -> list[SeenAccessKey]:
    """Give the keys that nothing on this computer explains."""
    known = accounted(work)
    return [seen for seen in listed.keys if seen.id not in known]


def _beside_ours(work: KeyWork, sent: SentKey | None) -> tuple[str, ...]:
    """Say what helps where both keys are ours."""
    if sent is None:
        return ("both are ours, and AWS's list lags: run the same command again",)
    return (
        f"{shown(sent.access_key)} was sent to another computer; give each computer an identity of its own in the spec",
        f"nobody uses it there any more? `{delete_command(work.user, sent.access_key)}`",
    )


def not_ours(work: KeyWork, listed: KeyList) -> LeastkeyError:
    """Give the error that names the user's keys with age and last use, and says whose they are."""
    known = accounted(work)
    facts = tuple(
        f"{facts_of(work, seen, listed)}  {'ours' if seen.id in known else 'not ours'}"
        for seen in listed.keys
    )
    stranger = next((seen.id for seen in listed.keys if seen.id not in known), None)
    full = len(listed.keys) >= ACCESS_KEYS_PER_USER
    what = (
        f"`{work.user}` already has {ACCESS_KEYS_PER_USER} access keys, AWS allows {ACCESS_KEYS_PER_USER}"
        if full
        else f"`{work.user}` has an access key whose secret is not on this computer"
    )
    sent = next(
        (each for each in work.local.sent() if each.access_key in {key.id for key in listed.keys}), None
    )
    remedy = (
        _beside_ours(work, sent)
        if stranger is None
        else (
            f"{shown(stranger)} is not ours to remove; find who uses it, then `{delete_command(work.user, stranger)}`",
            "or give the identity another user name in the spec (`used-by: - user: NAME`)",
        )
    )
    return LeastkeyError(
        "key-limit" if full else "unknown-key",
        what,
        why=facts,
        state="no key was made or deleted",
        remedy=remedy,
    )
