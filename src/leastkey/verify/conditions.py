"""Conditions that no harmless call can meet: a context in which they hold, so that the engine can judge the rest."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from leastkey.evaluate.asked import Asked
from leastkey.evaluate.conditions import CompiledCondition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leastkey.evaluate.request import Request
    from leastkey.iam.statement import Condition

__all__ = ["assumed_values", "unmet"]

_SET: Final = re.compile(r"^for(?:allvalues|anyvalue):", re.IGNORECASE)
_STEP: Final = {"lessthan": -1, "greaterthan": 1}


def unmet(conditions: Iterable[Condition], request: Request) -> tuple[Condition, ...]:
    """Give the conditions that a request does not meet for certain."""
    asked = Asked(request, has_boundary=False)
    return tuple(
        condition
        for condition in conditions
        if CompiledCondition(condition, variables=True).holds(asked) is not True
    )


def assumed_values(conditions: Iterable[Condition]) -> dict[str, str]:
    """Give key values under which the conditions shall hold; "" takes the key away."""
    return {condition.key: _value(condition) for condition in conditions}


def _value(condition: Condition) -> str:
    operator = _SET.sub("", condition.operator.lower()).removesuffix("ifexists")
    first = condition.values[0] if condition.values else ""
    if operator == "null":
        return "" if first.lower() == "true" else "leastkey-check"
    if "not" in operator:
        return ""
    if operator == "ipaddress":
        return first.partition("/")[0]
    step = next((step for name, step in _STEP.items() if name in operator), 0)
    if step and not operator.endswith("equals"):
        return _moved(first, step)
    return first.replace("*", "x").replace("?", "x")


def _moved(text: str, step: int) -> str:
    """Give a number or a time just below or above another."""
    with suppress(InvalidOperation):
        return str(Decimal(text) + step)
    try:
        return (datetime.fromisoformat(text) + timedelta(seconds=step)).isoformat()
    except (ValueError, OverflowError):
        return text
