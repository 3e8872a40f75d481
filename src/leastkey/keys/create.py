"""Step 5: make sure that the user has one key, that its secret is stored, and that it works (C1 to C15).

The secret is shown once and CreateAccessKey has no idempotency token, so the intent is written first, one attempt is
made, and any doubt about it is settled by listing before another is made.
Source: IAM API Reference, CreateAccessKey; IAM User Guide, "Manage access keys for IAM users".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.credentials import shown
from leastkey.iam.limits import ACCESS_KEYS_PER_USER, PROPAGATION_SECONDS
from leastkey.iam.marks import OPERATION_TAG
from leastkey.iam.refusals import is_busy, is_missing
from leastkey.keys.clock_skew import clock_skew
from leastkey.keys.machine import advance, begin, close
from leastkey.keys.prove import prove as proves
from leastkey.keys.prove import unproved
from leastkey.keys.recover import (
    RIVAL_SECONDS,
    adopt,
    close_stored,
    creating_intents,
    delete_unstored,
    recover_intents,
    rivals,
)
from leastkey.keys.retire import retire_found, switch_off_and_delete
from leastkey.keys.room import foreign_keys, make_room, not_ours, retire_leftovers, without_strangers
from leastkey.keys.work import KeyWork, age_seconds, seen_key, token_of
from leastkey.ports.aws import KeyList
from leastkey.ports.local import Intent

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.iam.credentials import AccessKey, AccessKeyId

__all__ = ["create_key", "ensure_key"]

CREATES: Final = 3
"""Times CreateAccessKey is called in one run, each one reconciled before the next."""
BUSY_TRIES: Final = 8
CLAIM_SECONDS: Final = 300.0
"""How long a user that was made elsewhere is left to who made it: a run that makes both takes well under that."""
LAGGING_SECONDS: Final = 4.0
"""How long a key is tried that neither the list shows nor STS accepts: two that agree are soon believed."""
RUN_SETTLE_SECONDS: Final = 30.0
"""Within a run a list is believed this long after a lost answer."""


def ensure_key(work: KeyWork, *, born: datetime | None = None, is_fresh: bool = True) -> AccessKeyId:
    """Give the key in use, made if there is none that works; the binding then names it.

    `work.operation` is the run's id, which `leastkey:op` carries on a user this run created. `born` is when AWS made such
    a user: its key list is known to be empty, so one request is made, and its first key is left for the run's `verify` to
    prove. A key that replaces another is proved before it is used. `is_fresh` says that it was made moments ago: another
    computer leaves such a user alone (`CLAIM_SECONDS`), so nobody need be looked for beside the new key.

    A key that nothing here explains is never touched, and no second one is made beside it: `unknown-key`, `key-limit`.
    """
    with work.locked():
        work.local.vault.probe()
        if born is not None:
            _forget_past(work, born)
            if work.pointer() is None and not work.intents() and is_fresh:
                return create_key(work, KeyList((), born), None, is_new=True, proven=False)
        listed = recover_intents(work, work.listed())
        kept = _working(work, listed)
        if kept is not None:
            retire_leftovers(work, listed, kept)
            return kept
        listed = make_room(work, listed)
        pointer = work.pointer()
        retired = pointer if seen_key(listed, pointer) is not None else None
        return create_key(work, listed, retired, is_new=born is not None and is_fresh)


def _forget_past(work: KeyWork, born: datetime) -> None:
    """Close what is open about an earlier user of this name: its keys went with it."""
    for intent in work.intents():
        if intent.server_time < born:
            for key in (intent.created_key, intent.retired_key):
                if key is not None and key != work.pointer():
                    work.vault_of(key).delete(work.entry(key))
            work.local.intents.close(intent.operation)


def _working(work: KeyWork, listed: KeyList) -> AccessKeyId | None:
    """Give a key that is there, stored and signs: the one in use, else one in the vault that nobody points at."""
    pointer = work.pointer()
    if pointer is not None and _usable(work, listed, pointer):
        return pointer
    spare = [
        seen.id for seen in listed.keys if seen.status == "Active" and seen.id in work.held() - {pointer}
    ]
    for key in spare:
        if _usable(work, listed, key):
            work.bind(key)
            return key
    return None


def _usable(work: KeyWork, listed: KeyList, key: AccessKeyId) -> bool:
    """Say whether a key's stored secret signs a call. A list that does not show the key may merely lag."""
    secret = work.secret(key)
    seen = seen_key(listed, key)
    if secret is None or (seen is not None and seen.status == "Inactive"):
        return False
    within = LAGGING_SECONDS if seen is None else PROPAGATION_SECONDS
    if proves(work, key, secret, within=within, in_a_row=1):
        return True
    if seen is None or seen_key(work.listed(), key) is None:
        return False
    raise unproved(work, key)


def create_key(
    work: KeyWork,
    listed: KeyList,
    retired: AccessKeyId | None,
    *,
    is_new: bool = False,
    proven: bool = True,
    grace_seconds: int | None = None,
) -> AccessKeyId:
    """Make a key: intent, one attempt, store, prove, move the pointer, retire the old key (C5 to C15).

    `is_new`: this run made the user and its mark. `grace_seconds`: it is a rotation, and so long the old key stays.
    """
    token = work.operation if is_new else _token(work, listed)
    for _ in range(CREATES):
        intent = _open_intent(work, listed, retired, token, mark=not is_new, grace_seconds=grace_seconds)
        key = _attempt(work, intent, is_new=is_new)
        if isinstance(key, KeyList):
            # The answer was lost, and looking for the key took time: another computer may have made one meanwhile.
            listed = without_strangers(work, key)
            continue
        intent = _store(work, intent, key)
        intent = advance(work, intent, replace(intent, phase="stored"))
        if proven:
            _take_into_use(work, intent, key.id, is_alone=is_new)
        else:
            work.bind(key.id)
            close_stored(work, intent)
        work.journal("done", "iam:CreateAccessKey", f"{work.user} {shown(key.id)}")
        return key.id
    raise LeastkeyError(
        "outcome-unknown",
        f"AWS did not answer `iam:CreateAccessKey` for `{work.user}`, {CREATES} times",
        state="keys found after a lost answer were deleted again; the rest is known to the next run",
        remedy="run the same command again when AWS answers",
    )


def _take_into_use(work: KeyWork, intent: Intent, key: AccessKeyId, *, is_alone: bool) -> None:
    if not is_alone and rivals(work, intent):
        retire_found(work, intent, key)
        raise LeastkeyError(
            "locked",
            f"another computer is making a key for `{work.user}` too",
            why="the user has a key that was made moments ago and is not ours",
            state=f"the key this run had made, {shown(key)}, was deleted again",
            remedy="wait until the other one is done; one computer should hold the key",
        )
    adopt(work, intent, KeyList((), intent.server_time), is_alone=True)
    if work.pointer() != key:
        raise unproved(work, key)


def _token(work: KeyWork, listed: KeyList) -> str:
    """Give the id that the user is marked with: that of an open operation of ours where the user still carries it.

    A user that another computer made moments ago is about to get its key there: `locked`.
    """
    user = work.iam.get_user(work.user)
    carried = user.tags.get(OPERATION_TAG)
    if carried is None or carried == work.operation:
        return work.operation
    if carried in {token_of(intent) for intent in work.intents()}:
        return carried
    is_young = age_seconds(listed, user.created) < CLAIM_SECONDS
    if is_young and all(entry.run != carried for entry in work.local.journal.entries()):
        raise LeastkeyError(
            "locked",
            f"another computer has made `{work.user}` moments ago and may be making its key",
            why=f"the user is marked by the run {carried}, which this computer knows nothing of",
            state="no key was made or deleted",
            remedy="wait five minutes, then run the same command again",
        )
    return work.operation


def _open_intent(
    work: KeyWork,
    listed: KeyList,
    retired: AccessKeyId | None,
    token: str,
    *,
    mark: bool,
    grace_seconds: int | None,
) -> Intent:
    """Write the intent; then mark the user and list once more, so that `before` is younger than the mark.

    Without that order the key of another computer, made in between, could pass for one of ours.
    """
    intent = Intent(
        operation=work.fresh_name(token),
        key=work.key,
        user=work.user,
        before=tuple(seen.id for seen in listed.keys),
        server_time=listed.server_time,
        phase="claiming" if mark else "creating",
        retired_key=retired,
        vault=work.local.vault.name,
        retired_vault="" if retired is None else work.vault_of(retired).name,
        grace_seconds=grace_seconds,
    )
    begin(work, intent)
    if not mark:
        return intent
    work.journal("about", "iam:TagUser", work.user)
    work.iam.tag("user", work.user, {OPERATION_TAG: token})
    again = _still_alone(work, intent, work.listed())
    before = {*intent.before, *(seen.id for seen in again.keys)}
    listed_again = replace(
        intent, phase="creating", before=tuple(sorted(before)), server_time=again.server_time
    )
    return advance(work, intent, listed_again)


def _still_alone(work: KeyWork, intent: Intent, listed: KeyList) -> KeyList:
    """Refuse where a key that is not ours has turned up since the keys were looked at; delete a late one of ours.

    It may be one that was deleted and that a list which lags shows for a moment, or another computer's that gives up.
    """
    clock = work.local.clock
    started = clock.monotonic()
    while True:
        new = {seen.id for seen in listed.keys if seen.status == "Active"} - set(intent.before)
        if new.isdisjoint(seen.id for seen in foreign_keys(work, listed)):
            return listed
        if (swept := delete_unstored(work, listed, creating_intents(work))) is not None:
            listed = swept
            continue
        if clock.monotonic() - started >= RIVAL_SECONDS:
            close(work, intent)
            raise not_ours(work, listed)
        clock.sleep(2)
        listed = work.listed()


def _attempt(work: KeyWork, intent: Intent, *, is_new: bool) -> AccessKey | KeyList:
    """Call CreateAccessKey once; a list to go on from when no key came of it that can be used.

    Only a refusal that says "nothing was done, ask again" is followed by another call at once.
    """
    clock = work.local.clock
    started = clock.monotonic()
    work.journal("about", "iam:CreateAccessKey", work.user)
    tries = 0
    while True:
        tries += 1
        try:
            return work.iam.create_access_key(work.user)
        except AwsError as error:
            if error.outcome == "unknown":
                return _reconcile(work, intent)
            busy = is_busy(error) and tries < BUSY_TRIES
            not_yet = is_new and is_missing(error)
            if clock.monotonic() - started >= PROPAGATION_SECONDS or not (busy or not_yet):
                close(work, intent)
                return _refused(work, error)
        clock.sleep(min(10.0, 0.5 * 2.0**tries))


def _refused(work: KeyWork, error: AwsError) -> KeyList:
    """Raise for a create that AWS refused. Where a key of an interrupted run turned up late, give the list without it."""
    skew = clock_skew(error, work.local.clock.now(), state="no key was made")
    if skew is not None:
        raise skew from None
    if error.code == "LimitExceeded":
        return _full(work, error)
    raise error


def _full(work: KeyWork, error: AwsError) -> KeyList:
    """Find the second key that AWS speaks of: a late one of ours is deleted, any other is refused by name."""
    clock = work.local.clock
    started = clock.monotonic()
    while True:
        listed = work.listed()
        swept = delete_unstored(work, listed, creating_intents(work))
        if swept is not None:
            return swept
        full = len(listed.keys) >= ACCESS_KEYS_PER_USER
        if full or clock.monotonic() - started >= RUN_SETTLE_SECONDS:
            break
        clock.sleep(2)
    if foreign_keys(work, listed):
        raise not_ours(work, listed)
    raise error


def _reconcile(work: KeyWork, intent: Intent) -> KeyList:
    """After a lost answer: list until the key appears and delete it, or until the list can be believed.

    With nothing found the intent stays open, so that a key which appears later is still known for ours.
    """
    clock = work.local.clock
    started = clock.monotonic()
    work.progress.say("AWS's answer was lost; looking whether it made a key")
    while True:
        listed = work.listed()
        newest = delete_unstored(work, listed, [intent])
        if newest is not None:
            return newest
        if clock.monotonic() - started >= RUN_SETTLE_SECONDS:
            return listed
        clock.sleep(2)


def _store(work: KeyWork, intent: Intent, key: AccessKey) -> Intent:
    """Write down the key's id, put its secret into the vault and read it back (C7).

    From the first of these on the key is in our ledger. When one fails the key is deleted again, at once.
    """
    entry = work.entry(key.id)
    why = "the vault gave back something else than it was given"
    known = replace(intent, created_key=key.id)
    try:
        advance(work, intent, known)
        work.local.vault.put(entry, key.secret)
        if work.local.vault.get(entry) == key.secret:
            return known
    except LeastkeyError as error:
        why = error.what
    except OSError as error:
        why = error.strerror or type(error).__name__
    state = f"the new key {shown(key.id)} was deleted again; what worked before still works"
    try:
        switch_off_and_delete(work, key.id)
        # Else the intent stays: the next run sweeps it, and knows the key for a ghost while lists still show it.
        if seen_key(work.listed(), key.id) is None:
            work.local.vault.delete(entry)
            close(work, intent)
    except (AwsError, LeastkeyError, OSError):
        state = f"the new key {shown(key.id)} may be left; the next run of the same command deletes it"
    raise LeastkeyError(
        "store-failed",
        f"the new key of `{work.user}` could not be stored in the vault `{work.local.vault.name}`",
        why=why,
        state=state,
        remedy="make room or unlock the vault, then run the same command again",
    ) from None
