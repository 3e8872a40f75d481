"""Values worth trying for a condition key that is absent, made from what the policies themselves ask for.

They need not hold anything: whoever tries one asks the engine what it does.
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import combinations
from typing import TYPE_CHECKING, Final, TypeAlias

from leastkey.evaluate.context_values import moment
from leastkey.evaluate.match import Wild, has_wildcard, literal, tokens
from leastkey.evaluate.variables import Variable, expand, template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leastkey.evaluate.match import Token
    from leastkey.evaluate.reads import KeyRead
    from leastkey.iam.statement import Condition

__all__ = ["Value", "candidates"]

Value: TypeAlias = "str | tuple[str, ...]"
Values: TypeAlias = "Mapping[str, str | tuple[str, ...]]"

_ANOTHER: Final = "another-value"
_SETS: Final = ("forallvalues:", "foranyvalue:")
_BORDERS: Final = frozenset("/:.-_")
_EXPONENT: Final = frozenset("eE")
_AT_MOST: Final = 128
_WORDS: Final = 16


def candidates(read: KeyRead, resource: str, values: Values) -> tuple[Value, ...]:
    """Give values to try, those nearest to the policies first. `values` is the context by lower-case key."""
    alone: set[tuple[int, str]] = {(2, _ANOTHER)}
    listed: set[tuple[int, str]] = set()
    for condition in read.conditions:
        name, is_set = _operator(condition)
        (listed if is_set else alone).update(
            found for value in condition.values for found in _near(name, value, values)
        )
    alone.update((1, text) for text in _agreed(read.conditions))
    key = read.key.lower()
    alone.update((0, text) for pattern in read.patterns for text in _solved(pattern, key, resource, values))
    for condition in read.comparisons:
        asked = values.get(condition.key.lower(), ())
        for each in (asked,) if isinstance(asked, str) else asked:
            alone.update(
                (0, text) for value in condition.values for text in _solved(value, key, each, values)
            )
    rows: list[Value] = [text for _, text in sorted(alone)[:_AT_MOST]]
    if listed:
        texts = [text for _, text in sorted(listed)]
        wanted = tuple(text for rank, text in sorted(listed) if rank == 0)[:_WORDS]
        lists = [*((text,) for text in texts[:_AT_MOST]), wanted, (*wanted, _ANOTHER), (_ANOTHER,)]
        rows = [*lists, *rows] if len(alone) == 1 else [*rows, *lists]
    return tuple(rows)


def _operator(condition: Condition) -> tuple[str, bool]:
    name = condition.operator.lower()
    is_set = name.startswith(_SETS)
    return name.rpartition(":")[2].removesuffix("ifexists"), is_set


def _near(operator: str, value: str, values: Values) -> Iterator[tuple[int, str]]:
    """Give a value that is met, and others close by that are not, each with how near it is."""
    if operator.startswith(("string", "arn")):
        yield 1, value  # as it stands, before Version 2012-10-17
        for row in expand(template(value), values):
            if row is not None:
                yield from ((0, text) for text in (literal(row), _concrete(row, "x"), _concrete(row, "")))
        if operator.startswith("arn"):
            yield 1, "arn:aws:another:::value"
    elif operator.startswith("numeric"):
        yield from _numbers(value)
    elif operator.startswith("date"):
        yield from _dates(value)
    elif operator == "bool":
        yield from ((0, "true"), (0, "false"))
    elif operator.endswith("ipaddress"):
        yield from _addresses(value)
    elif operator == "binaryequals":
        yield from ((0, value), (1, "YW5vdGhlcg=="))


def _agreed(conditions: tuple[Condition, ...]) -> Iterator[str]:
    """Give ARNs that two patterns agree on: of each part the pattern that says more."""
    values = (each.values for each in conditions if _operator(each)[0].startswith("arn"))
    patterns = [value.split(":", 5) for several in values for value in several if value.count(":") >= 5][
        :_WORDS
    ]
    for one, other in combinations(patterns, 2):
        parts = (
            max(a, b, key=lambda part: (not has_wildcard(part), part))
            for a, b in zip(one, other, strict=True)
        )
        yield _concrete(tokens(":".join(parts)), "x")


def _concrete(row: list[Token], filler: str) -> str:
    return "".join(token if isinstance(token, str) else filler if token is Wild.ANY else "x" for token in row)


def _numbers(value: str) -> Iterator[tuple[int, str]]:
    """Give a number and its neighbours. One with an exponent is none to AWS, and could be very long when written out."""
    with suppress(InvalidOperation):
        number = Decimal("" if _EXPONENT & set(value) else value)
        yield 0, value
        yield from ((1, f"{number + step:f}") for step in (-1, 1))


def _dates(value: str) -> Iterator[tuple[int, str]]:
    yield 0, value
    at: datetime | None = None
    with suppress(ValueError, OverflowError, OSError):
        at = (
            datetime.fromtimestamp(int(value), UTC)
            if value.isascii() and value.isdigit() and len(value) != len("2025")
            else datetime.fromisoformat(value if len(value) > len("2025") else f"{value}-01-01")
        )
    if at is not None:
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        for step in (-1, 1):
            with suppress(OverflowError):
                yield 1, moment(at + timedelta(seconds=step))


def _addresses(value: str) -> Iterator[tuple[int, str]]:
    """Give the first address of a network, those just outside, and one of the other family."""
    with suppress(ValueError):
        network = ipaddress.ip_network(value, strict=False)
        yield 0, str(network.network_address)
        for address, step in ((network.broadcast_address, 1), (network.network_address, -1)):
            with suppress(ValueError):
                yield 1, str(address + step)
        yield 1, "2001:db8::1" if network.version == 4 else "192.0.2.1"


def _solved(pattern: str, key: str, asked: str, values: Values) -> Iterator[str]:
    """Give what a variable may stand for, if the pattern is to match a text."""
    pieces = template(pattern)
    places = [index for index, piece in enumerate(pieces) if isinstance(piece, Variable) and piece.key == key]
    for place in places[:1]:
        ends = _ends(pieces[place + 1] if place + 1 < len(pieces) else None, asked)
        for row in expand(pieces[:place], values):
            for start in () if row is None else _starts(row, asked):
                yield from (asked[start:end] for end in ends if end > start)


def _starts(row: list[Token], asked: str) -> tuple[int, ...]:
    if any(isinstance(token, Wild) for token in row):
        return _borders(asked)
    before = literal(row)
    return (len(before),) if asked.startswith(before) else ()


def _ends(after: Token | Variable | None, asked: str) -> tuple[int, ...]:
    if after is None:
        return (len(asked),)
    if isinstance(after, str):
        return tuple(end for end in range(len(asked)) if asked.startswith(after, end))[:_WORDS]
    return (*(border - 1 for border in _borders(asked)), len(asked))


def _borders(asked: str) -> tuple[int, ...]:
    """Give where words start: at the beginning and after each mark that parts names."""
    return (0, *(index + 1 for index, mark in enumerate(asked) if mark in _BORDERS))[:_WORDS]
