"""Policy variables: `${key}`, `${key, 'default'}` and the escapes `${*}`, `${?}`, `${$}`.

A substituted value is literal text, never a pattern. Under Version 2008-10-17 nothing here applies.
Source: IAM User Guide, "IAM policy elements: Variables and tags".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from leastkey.evaluate.match import Token, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Template", "Variable", "expand", "fixed", "has_variable", "split_arn", "template"]

Values: TypeAlias = "Mapping[str, str | tuple[str, ...]]"

_VARIABLE: Final = re.compile(r"\$\{([^{}]*)\}")
_VARIABLE_OR_COLON: Final = re.compile(r"\$\{[^{}]*\}|:")
_KEY: Final = re.compile(r"([^,'*?]+)(?:, '([^']*)')?")
"""A key and its default; no key has a wildcard in its name."""
_ESCAPES: Final = frozenset({"*", "?", "$"})


@dataclass(frozen=True, slots=True)
class Variable:
    """A reference to a condition key (lower case) and its default, None where there is none."""

    key: str
    default: str | None


Template: TypeAlias = "tuple[Token | Variable, ...]"


def has_variable(text: str) -> bool:
    """Say whether a text may hold a variable or an escape."""
    return "${" in text


def template(text: str) -> Template:
    """Read a text with variables. What is no well-formed variable is literal text."""
    found: list[Token | Variable] = []
    position = 0
    for match in _VARIABLE.finditer(text):
        piece = _variable(match[1])
        if piece is None:
            continue
        found.extend(tokens(text[position : match.start()]))
        found.append(piece)
        position = match.end()
    found.extend(tokens(text[position:]))
    return tuple(found)


def expand(pattern: Template, values: Values) -> tuple[list[Token] | None, ...]:
    """Give the pattern with its values; None where a variable has none.

    An empty value reads both as empty text and as absent (evaluation is contested there), so there may be two.
    """
    row: list[Token] = []
    is_empty = False
    for piece in pattern:
        if not isinstance(piece, Variable):
            row.append(piece)
            continue
        value = values.get(piece.key, piece.default)
        if not isinstance(value, str):
            return (None,)
        if value:
            row.append(value)
        else:
            is_empty = True
    return (row, None) if is_empty else (row,)


def fixed(pattern: Template) -> list[Token] | None:
    """Give the pattern as it is when no variable is in it."""
    row = [piece for piece in pattern if not isinstance(piece, Variable)]
    return row if len(row) == len(pattern) else None


def split_arn(text: str, *, variables: bool) -> list[str] | None:
    """Split at the first five colons, a variable's own colons not counted; None when there are fewer."""
    if not variables or not has_variable(text):
        parts = text.split(":", 5)
        return parts if len(parts) == 6 else None
    if text.count(":", 0, text.index("${")) >= 5:
        return text.split(":", 5)
    cuts = [match.start() for match in _VARIABLE_OR_COLON.finditer(text) if match[0] == ":"][:5]
    if len(cuts) < 5:
        return None
    return [text[before + 1 : cut] for before, cut in pairwise((-1, *cuts, len(text)))]


def _variable(inner: str) -> Token | Variable | None:
    if inner in _ESCAPES:
        return inner
    match = _KEY.fullmatch(inner)
    return None if match is None else Variable(match[1].strip().lower(), match[2])
