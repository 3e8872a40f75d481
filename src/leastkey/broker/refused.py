"""What it means that no session was given: the key was replaced, is not known yet, the clock is wrong, or AWS says no.

Source: IAM User Guide, "Troubleshoot IAM" (changes are not always immediately visible).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.broker.session import NOTHING_ISSUED
from leastkey.errors import LeastkeyError
from leastkey.iam.refusals import NOT_YET, is_busy, is_unanswered
from leastkey.keys.clock_skew import clock_skew

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.errors import AwsError
    from leastkey.ports.binding import Binding

__all__ = ["as_ours", "may_pass", "replaced"]


def replaced(binding: Binding, now: Binding | None, error: AwsError | LeastkeyError) -> Binding | None:
    """Give the binding as it is now, where the key it named was replaced or moved to another vault: that may be why it failed."""
    if now is None or now.access_key is None:
        return None
    if now.vault != binding.vault:
        return now
    may_be_why = error.code == "secret-missing" or error.code in NOT_YET
    return now if may_be_why and now.access_key != binding.access_key else None


def may_pass(error: AwsError, ours: LeastkeyError) -> bool:
    """Say whether a key that is new may be taken in a moment."""
    return error.code in NOT_YET and ours.code != "clock-skew"


def as_ours(error: AwsError, binding: Binding, now: datetime) -> LeastkeyError:
    """Give AWS's refusal as the user reads it."""
    return clock_skew(error, now, state=NOTHING_ISSUED) or _refusal(error, binding)


def _refusal(error: AwsError, binding: Binding) -> LeastkeyError:
    where = "the sandbox" if binding.target == "sandbox" else "AWS"
    if is_unanswered(error) or is_busy(error):
        return LeastkeyError(
            "no-answer",
            f"{where} could not be asked for a session",
            why=(f"{error.code}: {error.message}" if error.code else error.message,),
            state=NOTHING_ISSUED,
            remedy="leastkey sandbox start"
            if binding.target == "sandbox"
            else "look at the network, then try again",
        )
    return LeastkeyError(
        "session-refused",
        f"{where} refused to let `{binding.user}` assume `{binding.role.name}`",
        why=f"its words: {error.code}: {error.message}",
        state=NOTHING_ISSUED,
        remedy="leastkey up",
    )
