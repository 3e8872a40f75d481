"""Finish what an interrupted run left: adopt the key whose secret is stored, delete the key whose secret is lost.

Recovery never waits for AWS's lists to settle and never ends a run because nothing is found yet: such an intent
stays open, the run goes on under a fresh one, and a later run sweeps it. A key is deleted only when it is provably
ours: made within the intent's time by AWS's clock, never used, and the user still carries our run's id. All open
intents of this state folder are of runs that are dead (we hold the user's lock), so no more keys than intents can
be ours.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import shown
from leastkey.iam.marks import OPERATION_TAG
from leastkey.keys.grace import begin_grace, go_back, is_resting, pass_grace
from leastkey.keys.machine import PHASES, advance, close
from leastkey.keys.prove import prove, unproved
from leastkey.keys.retire import finish_retiring, retire_found
from leastkey.keys.work import KeyWork, age_seconds, seen_key, token_of
from leastkey.plan.diff_key import delete_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leastkey.iam.credentials import AccessKeyId
    from leastkey.keys.work import UserKeys
    from leastkey.plan.seen import SeenAccessKey
    from leastkey.ports.aws import KeyList
    from leastkey.ports.local import Intent

__all__ = [
    "RIVAL_SECONDS",
    "accounted",
    "adopt",
    "close_stored",
    "creating_intents",
    "delete_unstored",
    "facts_of",
    "recover",
    "recover_intents",
    "rivals",
]

SETTLE_SECONDS: Final = 300.0
"""In recovery a list is believed this long after the intent."""
LIFETIME: Final = timedelta(minutes=15)
"""A key made later than this after its intent was not made by that run."""
SLACK: Final = timedelta(seconds=2)
"""AWS writes whole seconds, and two of its servers answer."""
RIVAL_SECONDS: Final = 10.0
"""How long the key of another computer is given to go, where the user's mark is ours."""


def recover(work: KeyWork) -> AccessKeyId | None:
    """Finish the open operations on a user's keys; gives the key in use afterwards. Without open ones, no request is made."""
    now = work.local.clock.now()
    if not all(is_resting(intent, now) for intent in work.intents()):
        with work.locked():
            recover_intents(work, work.listed())
    return work.pointer()


def recover_intents(work: KeyWork, listed: KeyList) -> KeyList:
    """Carry every open intent as far as it goes; gives the newest list."""
    for intent in work.intents():
        if intent.phase != "grace":
            _, does = PHASES[intent.phase]
            work.progress.say(
                f"an earlier run left the keys of `{work.user}` at `{intent.phase}`; this one {does}"
            )
        match intent.phase:
            case "retire":
                listed = finish_retiring(work, intent) or listed
            case "grace":
                listed = pass_grace(work, intent, listed)
            case "undo":
                listed = go_back(work, intent) or listed
            case "stored":
                listed = adopt(work, intent, listed)
            case "claiming":
                close(work, intent)
            case "creating" if intent.created_key is not None:
                listed = adopt(work, intent, listed)
            case "creating":
                pass  # which key it made, if any, shows when all intents are looked at together
    return _sweep_creating(work, listed)


def adopt(work: KeyWork, intent: Intent, listed: KeyList, *, is_alone: bool = False) -> KeyList:
    """Continue at C9: prove the stored key, move the pointer, retire the key it replaces.

    A key whose secret did not reach the vault, or that AWS has no more, is given up: its id is in our ledger. So is
    one beside which another computer has made one (`rivals`), unless `is_alone` says that somebody has looked.
    """
    key = intent.created_key
    secret = None if key is None else work.secret(key)
    if key is None or secret is None:
        return _give_up(work, intent, listed)
    seen = seen_key(listed, key)
    settled = age_seconds(listed, intent.server_time) > SETTLE_SECONDS
    if (seen is None and settled) or (seen is not None and seen.status == "Inactive"):
        return _give_up(work, intent, listed)
    if not is_alone and rivals(work, intent):
        return _give_up(work, intent, listed)
    if not prove(work, key, secret):
        listed = work.listed()
        if seen_key(listed, key) is None:
            return _give_up(work, intent, listed)
        raise unproved(work, key)
    work.bind(key, keep_sessions=intent.grace_seconds is not None)
    return close_stored(work, intent) or listed


def close_stored(work: UserKeys, intent: Intent) -> KeyList | None:
    """Continue at C11: retire the key that the pointer named before, after its grace in a rotation, or be done."""
    if intent.phase == "creating":  # it was cut off between storing the secret and saying so
        intent = advance(work, intent, replace(intent, phase="stored"))
    if intent.retired_key is None or intent.retired_key == work.pointer():
        close(work, intent)
        return None
    if intent.grace_seconds:
        return begin_grace(work, intent)
    return retire_found(work, intent, intent.retired_key)


def _give_up(work: KeyWork, intent: Intent, listed: KeyList) -> KeyList:
    if intent.created_key is None or intent.created_key == work.pointer():
        close(work, intent)
        return listed
    return retire_found(work, intent, intent.created_key) or listed


def accounted(work: UserKeys) -> frozenset[AccessKeyId]:
    """Give the keys whose story is known: in use, in the vault, named in open intents, sent to another computer."""
    named = {
        key
        for intent in work.intents()
        for key in (intent.created_key, intent.retired_key)
        if key is not None
    }
    pointer = work.pointer()
    sent = {each.access_key for each in work.local.sent()}
    return work.held() | named | sent | ({pointer} if pointer is not None else set())


def _sweep_creating(work: KeyWork, listed: KeyList) -> KeyList:
    """Delete the finds whose secret nobody holds, and close intents that found nothing for long enough."""
    if not (creating := creating_intents(work)):
        return listed
    listed = delete_unstored(work, listed, creating) or listed
    old = [i for i in creating_intents(work) if age_seconds(listed, i.server_time) > SETTLE_SECONDS]
    if old:
        again = work.listed()
        known = accounted(work)
        for intent in old:
            if all(seen.id in intent.before or seen.id in known for seen in again.keys):
                close(work, intent)
        listed = again
    return listed


def creating_intents(work: KeyWork) -> list[Intent]:
    """Give the operations of which nobody knows yet whether they made a key."""
    return [i for i in work.intents() if i.phase == "creating" and i.created_key is None]


def delete_unstored(work: KeyWork, listed: KeyList, creating: Sequence[Intent]) -> KeyList | None:
    """Delete the keys that these intents made and nobody stored. Raises `orphan-key` when one is not provably ours.

    Gives the newest list, or None when nothing was found.
    """
    known = accounted(work)
    finds = [
        seen
        for seen in listed.keys
        if seen.id not in known and any(seen.id not in i.before for i in creating)
    ]
    unclaimed = list(creating)
    newest = None
    for seen in finds:
        fits = [i for i in unclaimed if seen.id not in i.before]
        if not fits:
            raise _orphan(work, seen, "it was there before our run began")
        # The latest that was written before the key was made; what appears later may still fit an older one.
        intent = next((i for i in reversed(fits) if i.server_time <= seen.created), fits[-1])
        doubt = "more keys turned up than runs were interrupted" if len(finds) > len(creating) else None
        doubt = doubt or _doubt(work, intent, seen)
        if doubt is not None:
            raise _orphan(work, seen, doubt)
        work.progress.say(
            f"deleting {shown(seen.id)}: an interrupted run made it and its secret was never stored"
        )
        unclaimed.remove(intent)
        newest = retire_found(work, intent, seen.id)
    return newest


def _doubt(work: KeyWork, intent: Intent, seen: SeenAccessKey) -> str | None:
    """Say why a key may be somebody else's, or None when it is provably ours."""
    if not intent.server_time - SLACK <= seen.created <= intent.server_time + LIFETIME:
        return "it was not made while our run was at work"
    if work.iam.access_key_last_used(seen.id).last_used is not None:
        return "it was used"
    if work.iam.get_user(work.user).tags.get(OPERATION_TAG) != token_of(intent):
        return "the user does not carry our run's mark any more"
    return None


def rivals(work: KeyWork, intent: Intent) -> bool:
    """Say whether another computer, with a state folder of its own, has made a key for the user when this operation did.

    Who sees a key beside its own and does not hold the user's mark gives up; who holds it waits for the other to. Where
    none is seen the mark is made ours again: what the other may delete after a crash hangs on it. So at most one of
    them brings a key into use, and no key in use is taken for an orphan.
    """
    clock = work.local.clock
    started = clock.monotonic()
    while True:
        beside = _made_beside(work, intent)
        is_marked = work.iam.get_user(work.user).tags.get(OPERATION_TAG) == token_of(intent)
        if not beside and is_marked:
            return False
        if beside and (not is_marked or clock.monotonic() - started >= RIVAL_SECONDS):
            return True
        if not is_marked:
            work.journal("about", "iam:TagUser", work.user)
            work.iam.tag("user", work.user, {OPERATION_TAG: token_of(intent)})
        else:
            clock.sleep(2)


def _made_beside(work: KeyWork, intent: Intent) -> bool:
    """Say whether the user has a key that was made when ours was, and not by an operation of ours."""
    known = accounted(work)
    unclear = creating_intents(work)
    return any(
        intent.server_time - SLACK <= seen.created <= intent.server_time + LIFETIME
        for seen in work.listed().keys
        if seen.id not in known
        and seen.id not in intent.before
        and all(seen.id in other.before for other in unclear)
    )


def facts_of(work: UserKeys, seen: SeenAccessKey, now: KeyList) -> str:
    """Give a key's line in an error: id, status, age, last use."""
    used = work.iam.access_key_last_used(seen.id).last_used
    last = "never used" if used is None else f"last used {_ago((now.server_time - used).total_seconds())}"
    return f"{shown(seen.id)}  {seen.status.lower()}  made {_ago(age_seconds(now, seen.created))}  {last}"


def _ago(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit} ago"
    return "moments ago"


def _orphan(work: KeyWork, seen: SeenAccessKey, doubt: str) -> LeastkeyError:
    return LeastkeyError(
        "orphan-key",
        f"the key {shown(seen.id)} of `{work.user}` may be of an interrupted run, and may be somebody's",
        why=(facts_of(work, seen, work.listed()), doubt),
        state="no key was made or deleted",
        remedy=f"find out who uses it, then: {delete_command(work.user, seen.id)}",
    )
