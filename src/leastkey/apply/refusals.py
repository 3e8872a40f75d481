"""AWS's refusals in the user's words: what was refused, to whom, why, and what became of the run."""

from __future__ import annotations

import re
from typing import Final

from leastkey.errors import NOTHING_CHANGED, AwsError, Exit, LeastkeyError
from leastkey.iam.refusals import BAD_CREDENTIALS, DENIED, is_throttled, is_unknown

__all__ = ["refusal"]

_FULL: Final = frozenset({"LimitExceeded", "LimitExceededException"})
_NONE: Final = ("no-credentials", "the administrator's credentials cannot be had")
_BAD: Final = ("bad-credentials", "AWS does not accept the administrator's credentials")
_WHO: Final = re.compile(r"User: (\S+) is not authorized")


_REMEDIES: Final[dict[str, tuple[str, ...]]] = {
    "access-denied": ("name an administrator: `--admin-profile NAME`",),
    "bad-credentials": (
        "whose are they? `aws sts get-caller-identity`",
        "name others: `--admin-profile NAME`",
    ),
    "no-answer": ("look at the network and at AWS_ENDPOINT_URL, then run the same command again",),
    "outcome-unknown": ("run the same command again",),
    "throttled": ("wait a minute, then run the same command again",),
    "quota": ("take away what nobody needs, or ask AWS for more: `aws service-quotas list-service-quotas`",),
}
"""What helps where a call before the first change was refused; a run names its own."""


def refusal(
    error: AwsError,
    *,
    state: str = NOTHING_CHANGED,
    remedy: tuple[str, ...] = (),
    exit_code: Exit | None = None,
) -> LeastkeyError:
    """Give the error for a call that AWS refused or did not answer."""
    code, what = _kind(error)
    ours = code == "no-credentials"
    why = [f"AWS says   {error.message}"] if error.code and not ours else [error.message]
    who = _WHO.search(error.message)
    if who is not None:
        why.insert(0, f"as         {who.group(1)}")
    if error.code and code == "aws-refused":
        why.insert(0, f"code       {error.code}")
    help_ = remedy or _REMEDIES.get(code, ("run the same command again",))
    if error.fix:
        help_ = (f"`{error.fix}`" if remedy else error.fix, *remedy)
    return LeastkeyError(code, what, why=tuple(why), state=state, remedy=help_, exit_code=exit_code)


def _kind(error: AwsError) -> tuple[str, str]:
    if is_unknown(error):
        return "outcome-unknown", f"AWS's answer to `{error.call}` was lost"
    if error.code == "":
        return "no-answer", f"AWS could not be reached for `{error.call}`"
    if error.code in DENIED:
        return "access-denied", f"AWS refused `{error.call}`"
    if error.code in BAD_CREDENTIALS:
        return _NONE if error.code == "NoCredentials" else _BAD
    if error.code in _FULL:
        return "quota", f"the account has no room left for `{error.call}`"
    if is_throttled(error):
        return "throttled", f"AWS kept saying slow down to `{error.call}`"
    if error.code == "EntityAlreadyExists":
        return "entity-exists", f"`{error.call}` met a name that is taken"
    return "aws-refused", f"AWS refused `{error.call}`"
