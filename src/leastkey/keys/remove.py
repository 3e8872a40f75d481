"""Take a user's keys down, for `destroy`: at AWS first, then what this computer holds for them.

All keys of the user go, also one this computer knows nothing of. The rule "never delete a key that is neither in our
ledger nor provably ours" guards users that stay. Here the user itself is ours by path and tag, somebody has asked
for its end and has seen it in the plan, IAM deletes no user that has keys, and a key of it can do one thing only:
wear a role that is deleted in the same run. A key that is unknown here is named, with its last use.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from leastkey.errors import AwsError
from leastkey.iam.credentials import shown
from leastkey.iam.refusals import is_missing
from leastkey.keys.recover import accounted, facts_of
from leastkey.keys.retire import unless_missing
from leastkey.ports.binding import vault_entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leastkey.iam.credentials import AccessKeyId
    from leastkey.keys.work import UserKeys
    from leastkey.ports.binding import Binding, BindingKey
    from leastkey.ports.local import Local, Vault

__all__ = ["forget_secrets", "remove_keys"]


def remove_keys(work: UserKeys, bound: Sequence[Binding]) -> int:
    """Delete all keys of a user of ours, their secrets, intents and the cached session; gives how many were deleted.

    `bound` is as in `forget_secrets`. The caller has checked that path and tag of the user are ours. The binding stays,
    without its pointer, until the profile is removed (`unbind_profile`). Running it again is harmless.
    """
    local = work.local
    with work.locked():
        stored = work.bound()
        if stored is not None and stored.access_key is not None:
            local.bindings.put(stored._replace(access_key=None, updated=local.clock.now()))
        local.sessions.delete(work.key)
        deleted = _delete_all(work, None if stored is None else stored.access_key)
        names = {local.vault.name, "" if stored is None else stored.vault}
        names |= {name for intent in work.intents() for name in (intent.vault, intent.retired_vault)}
        for name in sorted(names - {""}):
            forget_secrets(work.user, work.key, local.vault_for(name), local, bound)
        for intent in work.intents():
            local.intents.close(intent.operation)
    return deleted


def _delete_all(work: UserKeys, in_use: AccessKeyId | None) -> int:
    try:
        listed = work.iam.list_access_keys(work.user)
    except AwsError as error:
        if is_missing(error):
            return 0
        raise
    known = accounted(work) | {in_use}
    for seen in listed.keys:
        if seen.id not in known:
            work.progress.say(f"deleting a key of `{work.user}` unknown here: {facts_of(work, seen, listed)}")
        work.journal("about", "iam:DeleteAccessKey", f"{work.user} {shown(seen.id)}")
        unless_missing(partial(work.iam.delete_access_key, work.user, seen.id))
        work.journal("done", "iam:DeleteAccessKey", f"{work.user} {shown(seen.id)}")
    return len(listed.keys)


def forget_secrets(user: str, key: BindingKey, vault: Vault, local: Local, bound: Sequence[Binding]) -> None:
    """Forget what a vault holds for a user, but what another identity of this computer uses: the name may be its now.

    `bound` are the bindings of this computer, those that have gone since among them.
    """
    entries = [e for e in vault.entries() if e.startswith(vault_entry(key.account, key.endpoint, user, ""))]
    others = [each.key for each in bound if each.user.lower() == user.lower() and each.key != key]
    used = {
        vault_entry(each.key.account, each.key.endpoint, each.user, each.access_key)
        for each in map(local.bindings.get, others)
        if each is not None and each.access_key is not None
    }
    for entry in entries:
        if entry not in used:
            vault.delete(entry)
