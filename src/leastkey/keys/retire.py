"""Delete a key of ours for good: switched off first, then deleted, then its secret forgotten (R12 to R14).

The intent stays open while AWS's list still shows the key, so that a later run knows it for a ghost.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from leastkey.errors import AwsError
from leastkey.iam.credentials import shown
from leastkey.iam.refusals import is_missing
from leastkey.keys.machine import advance, begin, close
from leastkey.keys.work import seen_key
from leastkey.ports.local import Intent

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.iam.credentials import AccessKeyId
    from leastkey.keys.work import UserKeys
    from leastkey.ports.aws import KeyList

__all__ = ["finish_retiring", "retire_found", "retire_key", "switch_off_and_delete", "unless_missing"]


def switch_off_and_delete(work: UserKeys, key: AccessKeyId) -> None:
    """Delete a key at AWS, switched off first: that much is done even when the deletion fails.

    A server that does not know the key yet may be asked to switch it off, and another that does to delete it.
    """
    unless_missing(lambda: work.iam.update_access_key(work.user, key, "Inactive"))
    unless_missing(lambda: work.iam.delete_access_key(work.user, key))


def unless_missing(send: Callable[[], None]) -> None:
    """Take something away: what is not there any more is done."""
    try:
        send()
    except AwsError as error:
        if not is_missing(error):
            raise


def finish_retiring(work: UserKeys, intent: Intent) -> KeyList | None:
    """Carry out the retirement an intent speaks of; gives the list AWS showed afterwards."""
    key = intent.retired_key
    listed = None
    if key is not None:
        work.journal("about", "iam:DeleteAccessKey", f"{work.user} {shown(key)}")
        switch_off_and_delete(work, key)
        work.journal("done", "iam:DeleteAccessKey", f"{work.user} {shown(key)}")
        work.local.vault_for(intent.retired_vault).delete(work.entry(key))
        listed = work.listed()
    if listed is None or seen_key(listed, key) is None:
        close(work, intent)
    return listed


def retire_found(work: UserKeys, intent: Intent, key: AccessKeyId) -> KeyList | None:
    """Retire a key of an open operation: the one it replaced or the one it made. The decision is written before it is carried out."""
    is_old = key == intent.retired_key
    retiring = replace(
        intent,
        phase="retire",
        created_key=None,
        retired_key=key,
        vault="",
        retired_vault=intent.retired_vault if is_old else intent.vault,
        grace_seconds=intent.grace_seconds if is_old else None,
    )
    return finish_retiring(work, advance(work, intent, retiring))


def retire_key(work: UserKeys, listed: KeyList, key: AccessKeyId) -> KeyList | None:
    """Retire a key that is in our ledger and of no use."""
    before = tuple(seen.id for seen in listed.keys)
    name = work.fresh_name(work.operation)
    vault = work.vault_of(key).name
    intent = Intent(
        name,
        work.key,
        work.user,
        before,
        listed.server_time,
        "retire",
        retired_key=key,
        retired_vault=vault,
    )
    return finish_retiring(work, begin(work, intent))
