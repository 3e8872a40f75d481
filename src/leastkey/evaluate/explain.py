"""Why: the statements that decided, and for every other statement the first element that failed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from leastkey.evaluate.compiled import compiled
from leastkey.evaluate.request import Failing, LayerResult, NearMiss, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leastkey.evaluate.asked import Asked
    from leastkey.evaluate.layer import Hit, Outcome
    from leastkey.evaluate.request import LayerName, Policies, Request
    from leastkey.evaluate.statement import CompiledStatement
    from leastkey.iam.statement import Condition

__all__ = ["common_start", "near_misses", "reasons"]

_GRANTING: Final[tuple[LayerName, ...]] = ("resource", "identity")


def reasons(verdict: Verdict, layers: Mapping[LayerName, Outcome]) -> tuple[Reason, ...]:
    """Give the statements that decided: every Deny that matched, or every Allow; none for an implicit deny."""
    if verdict is Verdict.EXPLICITLY_DENIED:
        return tuple(_reason(name, hit) for name, outcome in layers.items() for hit in outcome.denies)
    if verdict is Verdict.ALLOWED:
        return tuple(_reason(name, hit) for name in _GRANTING for hit in layers[name].allows)
    return ()


def near_misses(
    verdict: Verdict,
    asked: Asked,
    request: Request,
    policies: Policies,
    layers: Mapping[LayerName, Outcome],
) -> tuple[NearMiss, ...]:
    """Give, for a request that nothing denies but not enough allows, what each statement lacks: its first failed element."""
    if verdict is not Verdict.IMPLICITLY_DENIED:
        return ()
    found: list[NearMiss] = []
    for layer, document in policies.by_layer():
        outcome = layers[layer]
        if outcome.result is LayerResult.NOT_APPLICABLE:
            continue
        matched = {id(statement) for _, statement in (*outcome.denies, *outcome.allows)}
        for statement in compiled(document.document).statements:
            if id(statement) not in matched:
                miss = _miss(layer, document.name, statement, asked, request)
                found.extend(() if miss is None else (miss,))
    return tuple(found)


def _reason(layer: LayerName, hit: Hit) -> Reason:
    name, statement = hit
    return Reason(layer, name, statement.index, statement.sid, statement.effect)


def _miss(
    layer: LayerName, policy: str, statement: CompiledStatement, asked: Asked, request: Request
) -> NearMiss | None:
    found = _failed(statement, asked, request)
    return found and NearMiss(layer, policy, statement.index, statement.sid, statement.effect, *found)


def _failed(statement: CompiledStatement, asked: Asked, request: Request) -> tuple[Failing, str, str] | None:
    """Give the first element that fails, with what was asked and the pattern."""
    if statement.principal(asked)[0] is not True:
        source = statement.source
        element = source.principal or source.not_principal
        whom = "" if element is None else json.dumps(element.to_json())
        return "principal", request.principal.arn or request.principal.type, whom
    if not statement.speaks_of(asked.action):
        patterns, others = statement.patterns("Action"), statement.patterns("NotAction")
        return "action", request.action, _shown(patterns, others, asked.action)
    if statement.resource(asked) is not True:
        patterns, others = statement.patterns("Resource"), statement.patterns("NotResource")
        return "resource", request.resource, _shown(patterns, others, request.resource)
    for condition in statement.conditions:
        if condition.holds(asked) is not True:
            return "condition", _value(condition.source, asked), _condition(condition.source)
    return None


def _shown(patterns: Sequence[str], negated: Sequence[str], asked: str) -> str:
    """Give the pattern that comes nearest; of a Not... element all of them."""
    if not patterns:
        return "not " + ", ".join(negated)
    folded = asked.lower()
    return max(patterns, key=lambda pattern: common_start(pattern.lower(), folded))


def common_start(one: str, other: str) -> int:
    """Give how many characters two texts have in common from their start."""
    if other.startswith(one) or one.startswith(other):
        return min(len(one), len(other))
    return next(index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)


def _value(condition: Condition, asked: Asked) -> str:
    value = asked.values.get(condition.key.lower())
    if value is None:
        return f"{condition.key} is absent"
    shown = value if isinstance(value, str) else ", ".join(value)
    return f"{condition.key} is {shown}"


def _condition(condition: Condition) -> str:
    return f"{condition.operator} {condition.key} {', '.join(condition.values)}"
