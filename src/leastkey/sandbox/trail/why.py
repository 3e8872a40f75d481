"""Why a call was allowed or denied: explained when asked, from the question and the policies as they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from leastkey.evaluate.cases import answer
from leastkey.evaluate.decide import decide
from leastkey.evaluate.trust import decide_trust
from leastkey.sandbox.resolve.arns import shown
from leastkey.sandbox.trail.identity import iso
from leastkey.sandbox.trail.names import event_name
from leastkey.sandbox.trail.wire_errors import refusal_in

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.sandbox.decided import Decided
    from leastkey.sandbox.trail.seen import Seen

__all__ = ["Call", "call_of", "explanation", "summary"]

_DENIALS: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it is kept. `code` is the error it was answered with, "" where it succeeded."""

    request_id: str
    time: datetime
    who: str
    service: str
    operation: str
    status: int
    code: str
    message: str
    decided: tuple[Decided, ...]

    @property
    def is_denied(self) -> bool:
        """Say whether the call was not let through: not authenticated, or not authorized."""
        return self.code in _DENIALS or self.who == ""

    @property
    def verdict(self) -> str:
        """Say in a word how it ended."""
        if not self.code:
            return "allowed"
        return "denied" if self.is_denied else "failed"


def call_of(seen: Seen) -> Call:
    """Give what is kept of a request."""
    response, refusal = seen.response, seen.refusal
    status = 0 if response is None else response.status
    if refusal is None and response is not None and response.status >= 400:
        refusal = refusal_in(response)
    service = "" if seen.service is None else seen.service.name
    name = "" if seen.operation is None else event_name(service, seen.operation.name)
    caller = seen.caller
    who = "" if caller is None else caller.principal.arn or caller.principal.type
    code, message = ("", "") if refusal is None else (refusal.code, refusal.message)
    return Call(seen.request_id, seen.now, who, service, name, status, code, message, tuple(seen.decided))


def summary(call: Call) -> dict[str, Any]:
    """Give a call in short: of several questions the one that was denied, else the first."""
    asked = next((each for each in call.decided if not each.is_allowed), None) or next(
        iter(call.decided), None
    )
    return {
        "request_id": call.request_id,
        "time": iso(call.time),
        "who": call.who or "nobody: not authenticated",
        "service": call.service,
        "operation": call.operation,
        "action": asked.request.action if asked is not None else f"{call.service}:{call.operation}",
        "resource": shown(asked.request.resource) if asked is not None else "",
        "verdict": call.verdict,
        "status": call.status,
        "code": call.code,
        "message": call.message,
    }


def explanation(call: Call) -> dict[str, Any]:
    """Give a call with every question that was put to the engine, decided again with all its reasons."""
    return {**summary(call), "questions": [_explained(each) for each in call.decided]}


def _explained(each: Decided) -> dict[str, Any]:
    decision = (
        decide(each.request, each.policies)
        if each.trust is None
        else decide_trust(each.request, each.trust, each.policies)
    )
    return {
        "action": each.request.action,
        "resource": shown(each.request.resource),
        **answer(decision),
        "context": {
            key: value if isinstance(value, str) else list(value)
            for key, value in each.request.context.items()
        },
    }
