"""The encoded message in EC2's denials: what was asked and what decided, for those who may decode it.

Source: STS API Reference, DecodeAuthorizationMessage; IAM User Guide, "Troubleshoot access denied error messages".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leastkey.evaluate.request import Policies, Reason, Request
    from leastkey.iam.statement import Statement
    from leastkey.sandbox.request import Caller
    from leastkey.sandbox.state.world import World

__all__ = ["encoded"]

_LONGEST: Final = 10_240
"""Characters that DecodeAuthorizationMessage takes."""


def encoded(asked: Request, policies: Policies, caller: Caller, world: World) -> str:
    """Give the encoded message of a denied request; of a very long one the values of its condition keys are left out."""
    found = decide(asked, policies)
    statements = [_found(each, policies) for each in found.because]
    told: dict[str, Any] = {
        "allowed": False,
        "explicitDeny": found.verdict is Verdict.EXPLICITLY_DENIED,
        "matchedStatements": _items(_statement(each, caller) for each in statements),
        "failures": _items(()),
        "context": {
            "principal": _principal(caller),
            "action": asked.action,
            "resource": asked.resource,
            "conditions": _items(_pair(key, _texts(value)) for key, value in sorted(asked.context.items())),
        },
    }
    message = world.seals.seal(caller.account, json.dumps(told))
    if len(message) > _LONGEST:
        told["context"]["conditions"] = told["matchedStatements"] = _items(())
        message = world.seals.seal(caller.account, json.dumps(told))
    return message


def _found(reason: Reason, policies: Policies) -> Statement:
    """Give the statement that decided; a group's policy may be called like the user's."""
    named = (
        each.document.statements[reason.statement]
        for layer, each in policies.by_layer()
        if (layer, each.name) == (reason.layer, reason.policy)
        and reason.statement < len(each.document.statements)
    )
    return next(each for each in named if (each.sid, each.effect) == (reason.sid, reason.effect))


def _principal(caller: Caller) -> dict[str, str]:
    name = {"name": caller.user_name} if caller.principal.type == "user" else {}
    return {"id": caller.user_id, **name, "arn": caller.principal.arn}


def _statement(statement: Statement, caller: Caller) -> dict[str, Any]:
    return {
        "statementId": statement.sid or "",
        "effect": statement.effect.upper(),
        "principals": _values((caller.user_id,)),
        "principalGroups": _items(()),
        "actions": _values(statement.actions),
        "resources": _values(statement.resources),
        "conditions": _items(_pair(each.key, each.values) for each in statement.conditions),
    }


def _pair(key: str, values: tuple[str, ...]) -> dict[str, Any]:
    return {"key": key, "values": _values(values)}


def _values(texts: Iterable[str]) -> dict[str, Any]:
    return _items({"value": each} for each in texts)


def _items(found: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"items": list(found)}


def _texts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
