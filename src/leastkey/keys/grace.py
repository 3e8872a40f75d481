"""A rotated key's last days: switched off, kept for its grace, then deleted or gone back to (R12, R13).

Nothing waits here. The next command that may write closes a grace that is over, and a rotation ends one whose place it
needs. Whether it is over is for AWS's clock to say. An old key that was used after it was switched off, or that
somebody switched on again, is kept: a program that has a copy of it would stop for good.
Source: IAM User Guide, "Update access keys" (make the first key inactive, wait, then delete it).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.credentials import shown
from leastkey.iam.refusals import is_missing
from leastkey.keys.machine import advance
from leastkey.keys.prove import prove, unproved
from leastkey.keys.retire import retire_found, unless_missing
from leastkey.keys.work import age_seconds, seen_key

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.iam.credentials import AccessKeyId
    from leastkey.keys.work import KeyWork, UserKeys
    from leastkey.ports.aws import KeyList
    from leastkey.ports.local import Intent

__all__ = ["begin_grace", "end_grace", "go_back", "is_resting", "pass_grace"]

LAG_SECONDS: Final = 300.0
"""How long AWS's lists may still show a key as it was before it was switched off."""
SLACK: Final = timedelta(seconds=2)
"""AWS writes whole seconds, and two of its servers answer."""


def is_resting(intent: Intent, now: datetime) -> bool:
    """Say whether there is nothing to do about an operation before its old key's grace is over.

    This computer's clock only saves a question: that the grace is over AWS's own clock must say.
    """
    return (
        intent.phase == "grace"
        and intent.since is not None
        and now < intent.since + timedelta(seconds=intent.grace_seconds or 0)
    )


def begin_grace(work: UserKeys, intent: Intent) -> KeyList:
    """Switch the old key off and remember when that was (R12)."""
    return _switch_off(work, advance(work, intent, replace(intent, phase="grace")))


def _switch_off(work: UserKeys, intent: Intent) -> KeyList:
    key = intent.retired_key
    if key is not None:
        work.journal("about", "iam:UpdateAccessKey", f"{work.user} {shown(key)} Inactive")
        unless_missing(partial(work.iam.update_access_key, work.user, key, "Inactive"))
        work.journal("done", "iam:UpdateAccessKey", f"{work.user} {shown(key)} Inactive")
    listed = work.listed()
    advance(work, intent, replace(intent, since=listed.server_time))
    return listed


def pass_grace(work: UserKeys, intent: Intent, listed: KeyList) -> KeyList:
    """Go on with an old key in its grace: delete it when that is over, by AWS's clock, and nobody needs it (R13)."""
    if intent.since is None:
        return _switch_off(work, intent)
    if age_seconds(listed, intent.since) < (intent.grace_seconds or 0):
        return listed
    try:
        return end_grace(work, intent, listed)
    except LeastkeyError as error:
        if error.code != "key-in-use":
            raise
        work.progress.say(f"{error.what}: it is kept, switched as it is")
        return listed


def end_grace(work: UserKeys, intent: Intent, listed: KeyList) -> KeyList:
    """Delete the old key, unless somebody needs it: `key-in-use`."""
    key = intent.retired_key
    if key is None:
        raise LeastkeyError("internal", "an operation in its grace names the key that is to go")
    needed = None if intent.since is None else _needed(work, key, intent.since, listed)
    if needed is not None:
        raise LeastkeyError(
            "key-in-use",
            f"the old key {shown(key)} of `{work.user}` {needed}",
            why="something other than the profile may hold a copy of it",
            state="the old key was not deleted; the profile uses the new one",
            remedy=(
                "find who uses it; to go back to it: `leastkey rotate --undo`",
                "nobody? switch it off, then `leastkey rotate --grace 0s`",
            ),
        )
    return retire_found(work, intent, key) or listed


def _needed(work: UserKeys, key: AccessKeyId, since: datetime, listed: KeyList) -> str | None:
    seen = seen_key(listed, key)
    if seen is not None and seen.status == "Active" and age_seconds(listed, since) > LAG_SECONDS:
        return "was switched on again by somebody"
    use = work.iam.access_key_last_used(key)
    if use.last_used is not None and use.last_used > since + SLACK:
        return f"was used for {use.service or 'a call'} after it was switched off"
    return None


def go_back(work: KeyWork, intent: Intent) -> KeyList | None:
    """Carry an undo through: the old key on, proved, in use; then the new one goes. Gives the newest list."""
    old, new = intent.retired_key, intent.created_key
    if old is None or new is None:
        raise LeastkeyError("internal", "an undo names the key it goes back to and the one that goes")
    secret = work.secret(old)
    if secret is None or not _switched_on(work, old):
        work.progress.say(f"the old key of `{work.user}` is gone: the profile stays with the new one")
        return retire_found(work, intent, old)
    if not prove(work, old, secret):
        raise unproved(work, old, state="both keys are there, the profile uses the one it used")
    work.bind(old, keep_sessions=True)
    return retire_found(work, intent, new)


def _switched_on(work: UserKeys, key: AccessKeyId) -> bool:
    work.journal("about", "iam:UpdateAccessKey", f"{work.user} {shown(key)} Active")
    try:
        work.iam.update_access_key(work.user, key, "Active")
    except AwsError as error:
        if is_missing(error):
            return False
        raise
    work.journal("done", "iam:UpdateAccessKey", f"{work.user} {shown(key)} Active")
    return True
