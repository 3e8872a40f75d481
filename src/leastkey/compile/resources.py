"""Which resource types of a service an ARN can be, and which ARNs another covers. Both sides may hold wildcards.

Source: Service Authorization Reference, "Resource types defined by ..."; IAM User Guide, "IAM JSON policy elements: Resource".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from leastkey.iam.arn import Arn
from leastkey.iam.catalog import service_catalog

__all__ = ["covers", "least", "types_of"]

_PART: Final = re.compile(r"\$\{[^}]*\}|.", re.DOTALL)
_VARIABLE: Final = re.compile(r"\$\{[^{}]*\}")
_WILDCARD: Final = re.compile(r"[*?]")
_STANDS_IN: Final = re.compile("[\ue000-\uf8ff]")
_FIRST_STAND_IN: Final = 0xE000
_ANYTHING: Final = ""
_NO_SLASH: Final = "no slash"
_WITH_SLASHES: Final = ("path", "objectname", "leadingslash", "token")
"""Placeholders whose names contain one of these stand for text with slashes."""


class _Token(NamedTuple):
    """One step of a pattern: a character, or a class of characters; `repeats` means any number of them, also none."""

    what: str
    repeats: bool


_Pattern = tuple[_Token, ...]


@lru_cache(maxsize=4096)
def types_of(service: str, arn: str) -> frozenset[str]:
    """Give the names (lower case) of the resource types that some ARN under this pattern could have.

    A placeholder such as `${TableName}` holds no slash where that reading fits at least one type, so that an index's
    ARN is no table's; where none fits (a secret called `team/db`) slashes are let in. Raises ValueError for no ARN.
    """
    asked = _split(arn)
    kinds = service_catalog(service).resource_types
    for slashes in (False, True):
        found = frozenset(
            name
            for name, kind in kinds.items()
            if any(_fits(asked, pattern, slashes=slashes) for pattern in kind.arn.split(", "))
        )
        if found:
            return found
    return frozenset()


def covers(wide: str, narrow: str) -> bool:
    """Say whether every ARN (or text) that `narrow` matches is matched by `wide`. May say no where the answer is yes."""
    if wide in ("*", narrow):
        return True
    if "${" in wide or "${" in narrow:
        wide, narrow = _without_variables(wide, narrow)
    ours, theirs = wide.split(":", 5), narrow.split(":", 5)
    if len(ours) != len(theirs):
        return False
    return all(_glob(one).fullmatch(other) for one, other in zip(ours, theirs, strict=True))


def _without_variables(wide: str, narrow: str) -> tuple[str, str]:
    """Give both with a character of its own for each variable: `${*}` is no wildcard, and `$*` takes in no variable."""
    if _STANDS_IN.search(wide) or _STANDS_IN.search(narrow):
        return "", narrow
    known: dict[str, str] = {}

    def character(found: re.Match[str]) -> str:
        return known.setdefault(found[0], chr(_FIRST_STAND_IN + len(known)))

    return _VARIABLE.sub(character, wide), _VARIABLE.sub(character, narrow)


def least(patterns: frozenset[str]) -> tuple[str, ...]:
    """Give the patterns, sorted, without those another one covers."""
    # What stands before the first wildcard decides nearly every pair, long before `covers` takes both apart.
    wide = [(one, _WILDCARD.split(one, 1)[0]) for one in sorted(patterns) if _WILDCARD.search(one)]
    return tuple(
        one
        for one in sorted(patterns)
        if not any(one.startswith(head) and _takes_in(other, one) for other, head in wide)
    )


def _takes_in(wide: str, narrow: str) -> bool:
    """Of two patterns that cover each other, such as `a*` and `a**`, the first in order stays."""
    return wide != narrow and covers(wide, narrow) and (wide < narrow or not covers(narrow, wide))


@lru_cache(maxsize=4096)
def _glob(pattern: str) -> re.Pattern[str]:
    """`?` takes neither a `*` nor a variable of the other side: it stands for one character only."""
    any_one = "[^*\ue000-\uf8ff]"
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", any_one), re.DOTALL)


def _split(arn: str) -> tuple[_Pattern, ...]:
    parsed = Arn.parse(arn)
    parts = (parsed.partition, parsed.service, parsed.region, parsed.account, parsed.resource)
    return tuple(_asked(part) for part in parts)


def _fits(asked: tuple[_Pattern, ...], pattern: str, *, slashes: bool) -> bool:
    parsed = Arn.parse(pattern)
    parts = (parsed.partition, parsed.service, parsed.region, parsed.account, parsed.resource)
    return all(_meet(one, _defined(part, slashes=slashes)) for one, part in zip(asked, parts, strict=True))


def _asked(text: str) -> _Pattern:
    """Read an ARN of the spec: `*`, `?` and policy variables are open."""
    return tuple(_asked_token(part) for part in _PART.findall(text))


def _asked_token(part: str) -> _Token:
    if part == "?":
        return _Token(_ANYTHING, repeats=False)
    return _Token(_ANYTHING, repeats=True) if part == "*" or len(part) > 1 else _Token(part, repeats=False)


@lru_cache(maxsize=4096)
def _defined(text: str, *, slashes: bool) -> _Pattern:
    """Read an ARN of the catalogue: `${Name}` is at least one character."""
    tokens: list[_Token] = []
    for part in _PART.findall(text):
        if part == "*":
            tokens.append(_Token(_ANYTHING, repeats=True))
        elif len(part) > 1:
            is_open = slashes or any(word in part.lower() for word in _WITH_SLASHES)
            what = _ANYTHING if is_open else _NO_SLASH
            tokens += [_Token(what, repeats=False), _Token(what, repeats=True)]
        else:
            tokens.append(_Token(part, repeats=False))
    return tuple(tokens)


def _meet(one: _Pattern, other: _Pattern) -> bool:
    """Say whether some text matches both patterns: walk both at once and see whether the ends can be reached."""
    seen: set[tuple[int, int]] = set()
    open_ = [(0, 0)]
    while open_:
        at = open_.pop()
        if at in seen:
            continue
        seen.add(at)
        if at == (len(one), len(other)):
            return True
        open_.extend(_steps(one, other, at))
    return False


def _steps(one: _Pattern, other: _Pattern, at: tuple[int, int]) -> list[tuple[int, int]]:
    left, right = at
    first = one[left] if left < len(one) else None
    second = other[right] if right < len(other) else None
    steps = []
    if first is not None and first.repeats:
        steps.append((left + 1, right))
    if second is not None and second.repeats:
        steps.append((left, right + 1))
    if first is not None and second is not None and _agree(first.what, second.what):
        steps.append((left + (not first.repeats), right + (not second.repeats)))
    return steps


def _agree(one: str, other: str) -> bool:
    if _ANYTHING in (one, other) or one == other:
        return True
    if _NO_SLASH in (one, other):
        return "/" not in (one, other)
    return False
