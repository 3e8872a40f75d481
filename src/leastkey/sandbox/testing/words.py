"""A decision in words, for the message of a test that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.evaluate.explain import common_start
from leastkey.evaluate.request import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.evaluate.request import NearMiss, Reason
    from leastkey.sandbox.testing.question import Answer

__all__ = ["place", "why"]

_SHOWN: Final = 6
_LAYERS: Final = {
    "identity": "identity policy",
    "resource": "resource policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "scps": "service control policy",
    "rcps": "resource control policy",
    "endpoint": "endpoint policy",
}
_VERDICTS: Final = {
    Verdict.ALLOWED: "allow",
    Verdict.IMPLICITLY_DENIED: "deny (implicit)",
    Verdict.EXPLICITLY_DENIED: "deny (explicit)",
}


def why(answer: Answer) -> str:
    """Give verdict, question, and the statements that decide or come near."""
    return "\n".join(_lines(answer))


def place(policy: str, statement: int, sid: str | None) -> str:
    """Name a statement as its author finds it."""
    return f"{policy.rsplit('/', 1)[-1]}, statement {statement + 1}{f' ({sid})' if sid else ''}"


def _lines(answer: Answer) -> Iterator[str]:
    asked, decision = answer.request, answer.decision
    yield f"{_VERDICTS[decision.verdict]}: {asked.action} on {asked.resource}"
    yield f"  as {asked.principal.arn}"
    for reason in decision.because:
        yield f"  {_where(reason)} {'allows' if reason.effect == 'Allow' else 'denies'} it"
    if decision.verdict is Verdict.IMPLICITLY_DENIED:
        yield from _misses(answer)


def _misses(answer: Answer) -> Iterator[str]:
    """Give the Allow statements that speak of the action and match up to something else."""
    decision, action = answer.decision, answer.request.action
    misses = [each for each in decision.near_misses if each.effect == "Allow" and each.element != "action"]
    for miss in misses[:_SHOWN]:
        yield f"  {_where(miss)}: the {miss.element} does not match"
        yield from (f"    {line}" for line in _differing(miss))
    if len(misses) > _SHOWN:
        yield f"  {len(misses) - _SHOWN} more speak of {action}"
    yield f"  no {'other ' if misses else ''}statement of the {_LAYERS[decision.decided_by]} speaks of {action}"


def _where(hit: Reason | NearMiss) -> str:
    return f"{_LAYERS[hit.layer]} {place(hit.policy, hit.statement, hit.sid)}"


def _differing(miss: NearMiss) -> Iterator[str]:
    """Give the pattern, what differs in it underlined, and what was asked."""
    yield miss.pattern
    if miss.element == "resource" and not miss.pattern.startswith("not "):
        same = common_start(miss.pattern, miss.asked)
        yield f"{' ' * same}{'^' * max(1, len(miss.pattern) - same)}"
    yield f"asked: {miss.asked}"
