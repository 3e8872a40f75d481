"""`when:` as AWS condition JSON in YAML: operators and keys are checked, values are checked where a typo shows.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final

from leastkey.iam.statement import Condition
from leastkey.spec.faults import invalid, shown, unknown
from leastkey.spec.fields import table_of, texts_of

if TYPE_CHECKING:
    from leastkey.spec.yaml_nodes import Node, Text

__all__ = ["CONDITION_KEY", "OPERATORS", "read_conditions"]

_SINGLE: Final = (
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
)
_PREFIXES: Final = ("", "ForAllValues:", "ForAnyValue:")

OPERATORS: Final = frozenset(
    {"Null"}
    | {f"{prefix}{name}{suffix}" for prefix in _PREFIXES for name in _SINGLE for suffix in ("", "IfExists")}
)
"""Every operator AWS takes. `Null` takes neither IfExists nor a set operator."""

CONDITION_KEY: Final = re.compile(r"[A-Za-z0-9-]+:[^\s*?]+", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)
_DATE: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?|[0-9]+",
    re.ASCII,
)


def read_conditions(node: Node) -> tuple[Condition, ...]:
    """Give the conditions of a `when:`, in the order written. Raises LeastkeyError."""
    found: list[Condition] = []
    for operator, keys in table_of(node, "when").entries:
        if operator.value not in OPERATORS:
            raise _unknown_operator(operator)
        seen: set[str] = set()
        for key, values in table_of(keys, "when").entries:
            _check_key(key, seen)
            texts = texts_of(values, "when")
            found.append(
                Condition(operator.value, key.value, tuple(_value(operator.value, text) for text in texts))
            )
    return tuple(found)


def _unknown_operator(operator: Text) -> Exception:
    if "Null" in operator.value:
        return unknown(
            operator.place,
            operator.value,
            "no condition operator",
            (),
            remedy="`Null` takes nothing before or after it",
        )
    if CONDITION_KEY.fullmatch(operator.value):
        return unknown(
            operator.place,
            operator.value,
            "no condition operator",
            (),
            remedy=f"the operator comes first: `when: {{StringEquals: {{{shown(operator.value)}: VALUE}}}}`",
        )
    return unknown(operator.place, operator.value, "no condition operator", OPERATORS)


def _check_key(key: Text, seen: set[str]) -> None:
    if not CONDITION_KEY.fullmatch(key.value):
        raise invalid(
            key.place,
            f"`{shown(key.value)}` is no condition key",
            why="a condition key names its service, or `aws` where it is the same for all",
            remedy="as in `aws:ResourceTag/team` or `s3:prefix`",
        )
    if key.value.lower() in seen:
        raise invalid(
            key.place,
            f"`{shown(key.value)}` stands twice under one operator",
            why="condition keys are the same in upper and lower case",
            remedy="write one key with a list of values",
        )
    seen.add(key.value.lower())


def _value(operator: str, text: Text) -> str:
    """Give a value as AWS reads it: `True` from YAML becomes `true`, what the operator could never match is refused."""
    name = operator.rpartition(":")[2].removesuffix("IfExists")
    if "${" in text.value:
        return text.value
    if name in {"Bool", "Null"}:
        if text.value.lower() not in {"true", "false"}:
            raise _unfit(text, operator, "true or false")
        return text.value.lower()
    if name.startswith("Numeric") and not _NUMBER.fullmatch(text.value):
        raise _unfit(text, operator, "a number, as in 3600")
    if name.startswith("Date") and not _DATE.fullmatch(text.value):
        raise _unfit(text, operator, "a date, as in 2026-12-31T00:00:00Z")
    if name in {"IpAddress", "NotIpAddress"} and not _is_network(text.value):
        raise _unfit(text, operator, "an address or a range, as in 203.0.113.0/24")
    if name.startswith("Arn") and not text.value.startswith(("arn:", "*")):
        raise _unfit(text, operator, "an ARN, as in arn:aws:iam::111122223333:role/reports")
    return text.value


def _unfit(text: Text, operator: str, wants: str) -> Exception:
    return invalid(
        text.place,
        f"`{shown(text.value)}` is no value for {operator}",
        why="the condition could never hold",
        remedy=f"write {wants}",
    )


def _is_network(value: str) -> bool:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return True
