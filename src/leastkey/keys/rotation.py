"""Rotate a key: make another, prove it, move the profile to it, switch the old one off, delete it after its grace.

Whatever an interrupted run left is carried through first; where that completes a rotation, no second one is made. The
old key is never touched before the new one has been stored, read back and proved, and until it is deleted `undo` goes
back to it. Sessions minted with the old key work until they end.
Source: IAM User Guide, "Update access keys"; "Disabling permissions for temporary security credentials".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import shown
from leastkey.keys.create import create_key
from leastkey.keys.grace import go_back
from leastkey.keys.machine import advance
from leastkey.keys.recover import recover_intents
from leastkey.keys.retire import retire_found
from leastkey.keys.room import make_room
from leastkey.keys.work import age_seconds, seen_key

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.iam.credentials import AccessKeyId
    from leastkey.keys.work import KeyWork
    from leastkey.ports.local import Intent

__all__ = ["Outcome", "Rotated", "rotate_key", "undo_rotation"]

Outcome = Literal["rotated", "finished", "not-due", "undone"]


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation came to: the key in use now, the one in use before, and an old one that is kept in its grace.

    `finished`: an earlier run's rotation was carried through. `not-due`: the key in use is younger than was asked for.
    """

    outcome: Outcome
    key: AccessKeyId
    before: AccessKeyId
    kept: AccessKeyId | None = None
    since: datetime | None = None
    grace_seconds: int = 0


def rotate_key(work: KeyWork, *, grace_seconds: int, older_than: int = 0) -> Rotated:
    """Replace the key in use; the old one stays so long, switched off. `older_than`: only a key of that many seconds.

    Refused, with nothing changed: a second key that is not ours (`key-limit`), an old one in its grace that somebody
    uses (`key-in-use`) unless no grace is asked for.
    """
    with work.locked():
        before = _in_use(work)
        work.local.vault.probe()
        open_before = _under_way(work)
        listed = recover_intents(work, work.listed())
        now = work.pointer()
        if now is not None and now in open_before:
            return _told(work, "finished", open_before[now] or before)
        seen = seen_key(listed, before)
        if seen is not None and age_seconds(listed, seen.created) < older_than:
            return _told(work, "not-due", before)
        listed = make_room(work, listed, rotating=True, ask=grace_seconds > 0)
        create_key(work, listed, before, grace_seconds=grace_seconds)
        return _told(work, "rotated", before)


def undo_rotation(work: KeyWork) -> Rotated:
    """Go back to the key that the latest rotation replaced, or was about to; the new key goes. Raises `not-undoable`."""
    with work.locked():
        before = _in_use(work)
        work.local.vault.probe()
        intent = next((each for each in reversed(work.intents()) if each.grace_seconds is not None), None)
        if intent is None:
            raise _not_undoable(work, "no rotation is under way, and no old key is in its grace")
        if intent.phase in {"claiming", "creating"} and intent.created_key is None:
            recover_intents(work, work.listed())
        elif intent.phase in {"creating", "stored"} and intent.created_key not in {None, before}:
            retire_found(work, intent, intent.created_key)
        else:
            _back(work, intent)
        return _told(work, "undone", before)


def _back(work: KeyWork, intent: Intent) -> None:
    old = intent.retired_key
    if old is None or old == work.pointer() or work.secret(old) is None:
        raise _not_undoable(work, "the secret of the old key is deleted")
    if seen_key(work.listed(), old) is None:
        raise _not_undoable(work, f"AWS does not list the old key {shown(old)} any more")
    if intent.phase != "undo":
        new = work.pointer()
        vault = "" if new is None else work.vault_of(new).name
        intent = advance(work, intent, replace(intent, phase="undo", created_key=new, vault=vault))
    go_back(work, intent)
    if work.pointer() != old:
        raise _not_undoable(work, f"AWS has deleted the old key {shown(old)}")


def _in_use(work: KeyWork) -> AccessKeyId:
    pointer = work.pointer()
    if pointer is None:
        raise LeastkeyError(
            "not-set-up",
            f"`{work.key.identity}` has no access key on this computer",
            remedy="leastkey up",
        )
    return pointer


def _under_way(work: KeyWork) -> dict[AccessKeyId | None, AccessKeyId | None]:
    """Give the new keys of rotations that were cut off before the old key's grace began, each with its old key."""
    return {
        intent.created_key: intent.retired_key
        for intent in work.intents()
        if intent.grace_seconds is not None
        and intent.created_key is not None
        and (intent.phase in {"creating", "stored"} or (intent.phase == "grace" and intent.since is None))
    }


def _told(work: KeyWork, outcome: Outcome, before: AccessKeyId) -> Rotated:
    intent = next((each for each in reversed(work.intents()) if each.phase == "grace"), None)
    key = work.pointer() or before
    if intent is None:
        return Rotated(outcome, key, before)
    return Rotated(outcome, key, before, intent.retired_key, intent.since, intent.grace_seconds or 0)


def _not_undoable(work: KeyWork, why: str) -> LeastkeyError:
    return LeastkeyError(
        "not-undoable",
        f"there is no rotation of `{work.user}` to go back on",
        why=why,
        state="nothing was changed; the profile uses the key it used",
        remedy="a new key: `leastkey rotate`",
    )
