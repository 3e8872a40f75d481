"""Condition operators: for each, how one value of the request is tested against one value of the policy.

A negated operator is its positive twin turned round, so only positive tests stand here.
Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import base64
import ipaddress
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from leastkey.evaluate.match import Wild, glob, literal, tokens
from leastkey.evaluate.truth import Truth, contested, either
from leastkey.evaluate.variables import expand, has_variable, template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leastkey.evaluate.match import Token

__all__ = ["OPERATORS", "Operator", "Test"]

Values: TypeAlias = "Mapping[str, str | tuple[str, ...]]"
Test: TypeAlias = "Callable[[str, Values], Truth]"
"""Tests one value of the request; the request's other values are there for variables."""

Build: TypeAlias = "Callable[[str, bool], Test]"
"""Makes a test from one value of the policy and whether variables are read."""

_UNPARSABLE: Final = contested("unparsable-value")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", re.ASCII)
_DATE: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BOOLS: Final = frozenset({"true", "false"})

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator: its positive test and whether it is the negated twin."""

    build: Build
    is_negated: bool = False


def _equals(value: str, variables: bool) -> Test:  # noqa: FBT001  # one signature for every builder
    if not variables or not has_variable(value):
        return lambda asked, _values: asked == value
    return _with_variables(value, _same)


def _equals_ignoring_case(value: str, variables: bool) -> Test:  # noqa: FBT001  # as above
    if not variables or not has_variable(value):
        lower = value.lower()
        return lambda asked, _values: asked.lower() == lower
    return _with_variables(value, _same_folded)


def _like(value: str, variables: bool) -> Test:  # noqa: FBT001  # as above
    if not variables or not has_variable(value):
        matches = glob(tokens(value))
        return lambda asked, _values: matches(asked)
    return _with_variables(value, glob)


def _same(row: list[Token]) -> Callable[[str], bool]:
    wanted = literal(row)
    return lambda asked: asked == wanted


def _same_folded(row: list[Token]) -> Callable[[str], bool]:
    wanted = literal(row).lower()
    return lambda asked: asked.lower() == wanted


def _with_variables(value: str, make: Callable[[list[Token]], Callable[[str], bool]]) -> Test:
    pattern = template(value)

    def test(asked: str, values: Values) -> Truth:
        # A variable without a value makes this one value match nothing.
        truths = [row is not None and make(row)(asked) for row in expand(pattern, values)]
        return truths[0] if len(truths) == 1 else either(truths[0], truths[1], "empty-value")

    return test


def _arn(value: str, variables: bool) -> Test:  # noqa: FBT001  # as above
    """Compare two ARNs part by part: `*` in the first five never crosses a colon."""
    if not variables or not has_variable(value):
        matches = _parted(tokens(value))
        return lambda asked, _values: matches(asked)
    return _with_variables(value, _parted)


def _parted(row: list[Token]) -> Callable[[str], bool]:
    """Compile an ARN's pattern; a colon parts, whether it was written or comes with a variable's value."""
    parts: list[list[Token]] = [[]]
    for token in row:
        if isinstance(token, Wild):
            parts[-1].append(token)
            continue
        first, *others = token.split(":", 6 - len(parts))
        parts[-1].append(first)
        parts.extend([other] for other in others)
    if len(parts) < 6:
        # Not six parts: only a lone `*` speaks of every ARN.
        return lambda _asked: row == [Wild.ANY]
    tests = tuple(glob(part) for part in parts)

    def matches(asked: str) -> bool:
        pieces = asked.split(":", 5)
        return len(pieces) == 6 and all(test(piece) for test, piece in zip(tests, pieces, strict=True))

    return matches


def _bool(value: str, variables: bool) -> Test:  # noqa: FBT001  # as above
    if variables and has_variable(value):
        substituted = _with_variables(value, _same_folded)
        return lambda asked, values: either(
            False, asked.lower() in _BOOLS and substituted(asked, values), "bool-variable"
        )
    wanted = value.lower()
    return lambda asked, _values: asked.lower() == wanted and wanted in _BOOLS


def _binary(value: str, variables: bool) -> Test:  # noqa: ARG001, FBT001  # as above; binary values take no variables
    wanted = _bytes(value)
    if wanted is None:
        return lambda _asked, _values: _UNPARSABLE

    def test(asked: str, _values: Values) -> Truth:
        # The request's value comes in base64 too; what is none is taken as it is.
        found = _bytes(asked)
        return (asked.encode(errors="surrogatepass") if found is None else found) == wanted

    return test


def _ordered(parse: Callable[[str], _T | None], holds: Callable[[_T, _T], bool]) -> Build:
    """Make a builder for values that are parsed first; what cannot be parsed is contested."""

    def build(value: str, variables: bool) -> Test:  # noqa: ARG001, FBT001  # as above; no variables here
        wanted = parse(value)

        def test(asked: str, _values: Values) -> Truth:
            found = parse(asked)
            return _UNPARSABLE if wanted is None or found is None else holds(found, wanted)

        return test

    return build


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _date(text: str) -> Decimal | None:
    """Read an ISO 8601 date or epoch seconds as seconds on one scale; a time without a zone is UTC.

    Four digits are a year, the shortest form of ISO 8601: as epoch seconds they would lie in 1970.
    """
    match = _DATE.fullmatch(text)
    if match is None:
        return _number(text)
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=UTC,
        )
        offset = _offset(zone)
    except ValueError:
        return None
    return Decimal((moment - _EPOCH - offset) // timedelta(seconds=1)) + Decimal(fraction or 0)


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    return (1 if zone[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes)


def _ip(value: str, variables: bool) -> Test:  # noqa: ARG001, FBT001  # as above; addresses take no variables
    wanted = _network(value)

    def test(asked: str, _values: Values) -> Truth:
        found = _address(asked)
        if wanted is None or found is None:
            return _UNPARSABLE
        return found in wanted

    return test


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    _address, slash, bits = text.partition("/")
    if "%" in text or (slash and not bits.isdigit()):
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if "%" in text:
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _bytes(text: str) -> bytes | None:
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError:  # what is no base64, and what is no ASCII
        return None
    # Python lets padding and spare bits be what they will.
    return found if base64.b64encode(found).decode() == text else None


def _orders(family: str, parse: Callable[[str], Decimal | None]) -> dict[str, Operator]:
    """Give the six operators of a family of ordered values."""
    equal = _ordered(parse, lambda asked, wanted: asked == wanted)
    return {
        f"{family}equals": Operator(equal),
        f"{family}notequals": Operator(equal, is_negated=True),
        f"{family}lessthan": Operator(_ordered(parse, lambda asked, wanted: asked < wanted)),
        f"{family}lessthanequals": Operator(_ordered(parse, lambda asked, wanted: asked <= wanted)),
        f"{family}greaterthan": Operator(_ordered(parse, lambda asked, wanted: asked > wanted)),
        f"{family}greaterthanequals": Operator(_ordered(parse, lambda asked, wanted: asked >= wanted)),
    }


OPERATORS: Final[dict[str, Operator]] = {
    "stringequals": Operator(_equals),
    "stringnotequals": Operator(_equals, is_negated=True),
    "stringequalsignorecase": Operator(_equals_ignoring_case),
    "stringnotequalsignorecase": Operator(_equals_ignoring_case, is_negated=True),
    "stringlike": Operator(_like),
    "stringnotlike": Operator(_like, is_negated=True),
    **_orders("numeric", _number),
    **_orders("date", _date),
    "bool": Operator(_bool),
    "binaryequals": Operator(_binary),
    "ipaddress": Operator(_ip),
    "notipaddress": Operator(_ip, is_negated=True),
    "arnequals": Operator(_arn),
    "arnlike": Operator(_arn),
    "arnnotequals": Operator(_arn, is_negated=True),
    "arnnotlike": Operator(_arn, is_negated=True),
}
"""By lower-case name. `Null` asks for presence, not for a value, and stands in `conditions.py`."""
