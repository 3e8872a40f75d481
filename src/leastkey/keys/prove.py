"""Prove a key: a call signed with its stored secret answers, twice in a row, with the user's ARN (C9).

"The user has a key" proves nothing; only a signature does. A key takes a while to reach every server of AWS, so
one success may be followed by a refusal.
Source: IAM User Guide, "Troubleshoot IAM"; STS API Reference, GetCallerIdentity (needs no permission).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.credentials import AccessKey, shown
from leastkey.iam.limits import PROPAGATION_SECONDS
from leastkey.iam.refusals import NOT_YET, is_busy, is_unanswered
from leastkey.keys.clock_skew import clock_skew

if TYPE_CHECKING:
    from leastkey.iam.credentials import AccessKeyId
    from leastkey.keys.work import KeyWork
    from leastkey.secret import Secret

__all__ = ["KEPT", "prove", "unproved"]

IN_A_ROW: Final = 2
PAUSE_SECONDS: Final = 2.0
KEPT: Final = "the new key is stored and kept, the profile still uses what it used before"


def _signs(work: KeyWork, key: AccessKeyId, secret: Secret) -> bool:
    """Say whether AWS accepts a call signed by the key now. Raises when the key belongs to somebody else."""
    try:
        caller = work.sts_of(AccessKey(key, secret)).caller()
    except AwsError as error:
        skew = clock_skew(error, work.local.clock.now(), state=KEPT)
        if skew is not None:
            raise skew from None
        if error.code in NOT_YET or is_busy(error):
            return False
        raise
    if caller.arn != work.arn:
        raise LeastkeyError(
            "key-unproved",
            f"the key {shown(key)} does not belong to `{work.user}`",
            why=(f"it answers as {caller.arn}", f"expected {work.arn}"),
            state=KEPT,
            remedy="leastkey plan",
        )
    return True


def prove(
    work: KeyWork,
    key: AccessKeyId,
    secret: Secret,
    *,
    within: float = PROPAGATION_SECONDS,
    in_a_row: int = IN_A_ROW,
) -> bool:
    """Say whether the key answers so many times in a row before the time is over."""
    clock = work.local.clock
    started = clock.monotonic()
    row = 0
    while row < in_a_row:
        over = clock.monotonic() - started >= within
        try:
            row = row + 1 if _signs(work, key, secret) else 0
        except AwsError as error:
            if over or not is_unanswered(error):
                raise
            row = 0
        if row == 0:
            if over:
                return False
            clock.sleep(PAUSE_SECONDS)
    return True


def unproved(work: KeyWork, key: AccessKeyId, *, state: str = KEPT) -> LeastkeyError:
    """Give the error for a key that AWS lists and does not accept."""
    return LeastkeyError(
        "key-unproved",
        f"AWS does not accept the key {shown(key)} of `{work.user}` yet",
        why="asked for 60 s; a new key takes a while to reach every server of AWS",
        state=state,
        remedy="run the same command again: it goes on with this key",
    )
