"""Which condition keys a decision lacked, and which of them would have changed the verdict.

Asked for in explanations only. Each value that is named was tried: the engine itself says what it does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from leastkey.evaluate.candidates import candidates
from leastkey.evaluate.decide import Compiled
from leastkey.evaluate.reads import keys_read
from leastkey.evaluate.request import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leastkey.evaluate.candidates import Value
    from leastkey.evaluate.reads import KeyRead
    from leastkey.evaluate.request import Decision, Policies, Request

__all__ = ["Missing", "missing", "missing_as_json"]

_TRIALS: Final = 2_000
"""Values tried for one decision at most, so that no policy makes an explanation long."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A key that the statements about the action read and the context does not have.

    `asks` says whether its value is asked for or, by Null alone, its presence. `value` is one that would change the
    verdict to `verdict` if nothing else were different; both are None where none was found that does.
    """

    key: str
    asks: Literal["value", "presence"]
    value: Value | None = None
    verdict: Verdict | None = None


def missing(request: Request, policies: Policies, decision: Decision) -> tuple[Missing, ...]:
    """Give the missing keys of a decision in alphabetical order."""
    present = {key.lower(): value for key, value in request.context.items() if value != ()}
    found: list[Missing] = []
    rules, trials = Compiled(policies), iter(range(_TRIALS))
    for read in keys_read(policies, request.action, decision.layers):
        if read.key.lower() in present:
            continue
        asks: Literal["value", "presence"] = "presence" if read.is_for_presence else "value"
        found.append(Missing(read.key, asks, *_turning(read, request, rules, decision, present, trials)))
    return tuple(found)


def missing_as_json(found: tuple[Missing, ...]) -> list[dict[str, Any]]:
    """Give missing keys as JSON has them."""
    return [
        {
            "key": each.key,
            "asks": each.asks,
            "value": list(each.value) if isinstance(each.value, tuple) else each.value,
            "verdict": None if each.verdict is None else each.verdict.value,
        }
        for each in found
    ]


def _turning(
    read: KeyRead,
    request: Request,
    rules: Compiled,
    decision: Decision,
    present: Mapping[str, str | tuple[str, ...]],
    trials: Iterator[int],
) -> tuple[Value | None, Verdict | None]:
    """Give a value that turns the verdict, to Allowed sooner than from one denial to the other."""
    second: tuple[Value | None, Verdict | None] = (None, None)
    rest = {key: value for key, value in request.context.items() if key.lower() != read.key.lower()}
    for value, _trial in zip(candidates(read, request.resource, present), trials, strict=False):
        changed = replace(request, context={**rest, read.key: value})
        verdict = rules.verdict(changed)
        if verdict is decision.verdict:
            continue
        if Verdict.ALLOWED in (verdict, decision.verdict):
            return value, verdict
        second = second if second[0] is not None else (value, verdict)
    return second
