"""The second judge: what AWS's answer to a probe says. A code nobody foresaw says nothing, and the probe is broken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from leastkey.iam.refusals import DENIED, UNKNOWN_KEY

if TYPE_CHECKING:
    from leastkey.ports.aws import Answer
    from leastkey.verify.calls import Target

__all__ = ["FRESH", "NOT_ASKED", "Heard", "heard"]

_DENIED: Final = DENIED | {"AllAccessDisabled", "AuthorizationError", "AuthorizationErrorException"}
_BARE: Final = frozenset({"", "403", "Forbidden"})
"""A 403 without a body. Any other code with a 403 speaks of credentials or of the object, not of permissions."""
FRESH: Final = UNKNOWN_KEY
"""What AWS answers while credentials or policies that were just made are still on their way."""
_ACTION: Final = re.compile(r"not authorized to perform: ([A-Za-z0-9-]+:[A-Za-z0-9]+)")


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer says: allowed, denied, nothing that decides (`unknown`), or that the probe is `broken`.

    `hides` is true where a 403 on an object may stand for a 404, `wrote` where the endpoint carried out what it should
    have rejected.
    """

    verdict: Literal["allow", "deny", "unknown", "broken"]
    text: str
    note: str = ""
    code: str = ""
    hides: bool = False
    wrote: bool = False


NOT_ASKED: Final = Heard("unknown", "-")


def heard(target: Target, answer: Answer) -> Heard:
    """Read the answer to a target's call."""
    call, code = target.call, answer.code
    if call is None:
        return NOT_ASKED
    if not code and answer.status < 300:
        note = "carried out, where AWS rejects it: look what it left" if call.must_fail else ""
        return Heard("allow", str(answer.status), note, wrote=call.must_fail)
    if code in call.after:
        return Heard("allow", _after(target, answer), "", code)
    if code in _DENIED or (answer.status == 403 and code in _BARE):
        return _denied(target, answer)
    if code == "NoSuchBucket":
        return Heard("unknown", code, "the bucket is not there", code)
    if answer.status == 501:
        return Heard("unknown", code, "the endpoint has no such call", code)
    return Heard("broken", code or str(answer.status), answer.message, code)


def _after(target: Target, answer: Answer) -> str:
    """Show the answer to a call that AWS let through and then rejected."""
    if target.action == "s3:PutObject":
        return f"{answer.status}, nothing written"
    return str(answer.status) if answer.code.isdigit() else answer.code


def _denied(target: Target, answer: Answer) -> Heard:
    named = _ACTION.search(answer.message)
    if named is not None and named[1].lower() != target.action.lower():
        # Another action was missing: reading a missing object needs s3:ListBucket to be told that it is missing.
        return Heard("unknown", answer.code, f"AWS asked for {named[1]}", answer.code)
    hides = named is None and target.is_object
    return Heard("deny", answer.code or str(answer.status), "", answer.code, hides=hides)
