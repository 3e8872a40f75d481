"""Resource patterns: two ARNs compared part by part, or any text against `*`.

Source: IAM User Guide, "IAM JSON policy elements: Resource" and "Policy elements: Variables and tags".
Where AWS is silent or says two things, the truth is contested (`truth.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from leastkey.evaluate.match import glob, glob_of, has_wildcard, tokens
from leastkey.evaluate.truth import Truth, any_of, contested, either, negated
from leastkey.evaluate.variables import Template, expand, fixed, has_variable, split_arn, template

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leastkey.evaluate.asked import Asked
    from leastkey.evaluate.match import Token

__all__ = ["ResourceMatcher", "not_resources", "resources"]

ResourceMatcher: TypeAlias = "Callable[[Asked], Truth]"

_CROSSES: Final = contested("star-crosses-colon")
_CASE: Final = contested("region-account-case")
_SHORT: Final = contested("short-arn-pattern")
_TYPE: Final = contested("wildcard-resource-type")
_NO_VALUE: Final = contested("not-resource-variable")
_NO_RESOURCE: Final = contested("not-resource-without-resource")
_WITHOUT_TYPE: Final = frozenset({"s3", "sns", "sqs"})
"""Services whose ARNs have no resource type before the first slash or colon."""
_FOLDED_PARTS: Final = (3, 4)
"""Region and account, whose letter case is contested."""


def resources(patterns: tuple[str, ...], *, variables: bool) -> ResourceMatcher:
    """Compile a Resource element: one of the patterns matches."""
    if "*" in patterns:
        return _always
    matchers = tuple(_resource(pattern, variables=variables) for pattern in patterns)
    if len(matchers) == 1:
        return matchers[0]
    return lambda asked: any_of(matcher(asked) for matcher in matchers)


def not_resources(patterns: tuple[str, ...], *, variables: bool) -> ResourceMatcher:
    """Compile a NotResource element: none of the patterns matches."""
    inner = resources(patterns, variables=variables)
    templates = [template(pattern) for pattern in patterns if variables and has_variable(pattern)]

    def matches(asked: Asked) -> Truth:
        if asked.resource == "*" and "*" not in patterns:
            return _NO_RESOURCE
        truth = negated(inner(asked))
        if truth is True and any(None in expand(pattern, asked.values) for pattern in templates):
            return _NO_VALUE
        return truth

    return matches


def _resource(pattern: str, *, variables: bool) -> ResourceMatcher:
    """Compile one pattern."""
    parts = split_arn(pattern, variables=variables)
    if parts is None:
        return _short(pattern)
    return _Pattern(parts, variables=variables)


def _always(asked: Asked) -> Truth:  # noqa: ARG001  # every matcher is asked the request
    return True


def _short(pattern: str) -> ResourceMatcher:
    """Match a pattern of fewer than six parts as a glob over the whole ARN."""
    whole = glob_of(pattern)
    return lambda asked: _SHORT if asked.resource != "*" and whole(asked.resource) else False


class _Pattern:
    """A pattern of six parts."""

    __slots__ = (
        "_asks_type",
        "_crossing",
        "_exact",
        "_has_upper",
        "_head",
        "_tail",
        "_template",
        "_whole",
    )

    def __init__(self, parts: Sequence[str], *, variables: bool) -> None:
        head, tail = parts[:5], parts[5]
        self._exact = None if any(map(has_wildcard, head)) else tuple(head)
        self._head = head
        self._template: Template | None = None
        row: list[Token] | None = None
        if variables and has_variable(tail):
            self._template = template(tail)
            row = fixed(self._template)
            self._tail = None if row is None else glob(row)
        else:
            self._tail = glob_of(tail)
        self._crossing = tokens(":".join([*head, ""])) if any("*" in part for part in head) else None
        self._whole = None
        if self._crossing is not None and self._tail is not None:
            self._whole = glob([*self._crossing, *(tokens(tail) if row is None else row)])
        self._has_upper = any(head[index] != head[index].lower() for index in _FOLDED_PARTS)
        self._asks_type = _asks_type(head[2], tail)

    def __call__(self, asked: Asked) -> Truth:
        if asked.head is None:
            return False
        if self._head_matches(asked.head):
            truth = self._tail_matches(asked)
            if truth is True and self._asks_type:
                return _TYPE
            if truth is not False:
                return truth
        return self._contested(asked)

    def _head_matches(self, head: tuple[str, ...]) -> bool:
        if self._exact is not None:
            return self._exact == head
        return all(glob_of(part)(text) for part, text in zip(self._head, head, strict=True))

    def _tail_matches(self, asked: Asked) -> Truth:
        if self._tail is not None:
            return self._tail(asked.tail)
        return self._expanded(asked, asked.tail, ())

    def _expanded(self, asked: Asked, text: str, before: Sequence[Token]) -> Truth:
        """Match with the variables' values; a variable without one matches nothing."""
        rows = expand(self._template or (), asked.values)
        truths = [row is not None and glob([*before, *row])(text) for row in rows]
        return truths[0] if len(truths) == 1 else either(truths[0], truths[1], "empty-value")

    def _contested(self, asked: Asked) -> Truth:
        """Try what only some readings allow: another letter case, or a star that crosses a colon."""
        if (self._has_upper or asked.has_upper) and self._folded_matches(asked):
            return _CASE
        if self._crossing is None or ":" not in asked.tail:
            return False
        if self._whole is not None:
            return _CROSSES if self._whole(asked.resource) else False
        return _CROSSES if self._expanded(asked, asked.resource, self._crossing) is not False else False

    def _folded_matches(self, asked: Asked) -> bool:
        pairs = zip(_folded(self._head), _folded(asked.head or ()), strict=True)
        return all(glob_of(part)(text) for part, text in pairs) and self._tail_matches(asked) is not False


def _folded(head: Sequence[str]) -> list[str]:
    return [part.lower() if index in _FOLDED_PARTS else part for index, part in enumerate(head)]


def _asks_type(service: str, tail: str) -> bool:
    """Say whether a wildcard stands where the resource's type does, as in `*/*`."""
    if service in _WITHOUT_TYPE:
        return False
    kind = next((tail[:index] for index, character in enumerate(tail) if character in "/:"), "")
    return has_wildcard(kind) and not has_variable(kind)
