"""Resource patterns: two ARNs compared part by part, or any text against `*`.

Source: IAM User Guide, "IAM JSON policy elements: Resource" and "Policy elements: Variables and tags".
Where AWS is silent or says two things, the truth is contested (`truth.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from leastkey.evaluate.match import glob, glob_of, has_wildcard, tokens
from leastkey.evaluate.truth import Truth, any_of, contested, either, negated
from leastkey.evaluate.variables import Template, expand, fixed, has_variable, split_arn, template
from leastkey.iam.columns import patterns_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leastkey.evaluate.asked import Asked
    from leastkey.evaluate.match import Glob, Token

__all__ = ["ResourceMatcher", "anything", "fixed_starts", "not_resources", "resources"]

ResourceMatcher: TypeAlias = "Callable[[Asked], Truth]"

_CROSSES: Final = contested("star-crosses-colon")
_CASE: Final = contested("region-account-case")
_SHORT: Final = contested("short-arn-pattern")
_TYPE: Final = contested("wildcard-resource-type")
_ALL_BUCKETS: Final = contested("all-buckets")
_NO_VALUE: Final = contested("not-resource-variable")
_NO_RESOURCE: Final = contested("not-resource-without-resource")
_WITHOUT_TYPE: Final = frozenset({"s3", "sns", "sqs"})
"""Services whose ARNs have no resource type before the first slash or colon."""
_FOLDED_PARTS: Final = (3, 4)
"""Region and account, whose letter case is contested."""


def fixed_starts(text: str) -> tuple[str, ...]:
    """Give what stands before the first wildcard or variable of each pattern in a lower-case text of `iam.columns`.

    All that a pattern of ASCII text matches begins so, letter case aside.
    """
    return tuple([each.partition("*")[0] for each in patterns_in(text.replace("?", "*").replace("$", "*"))])


def resources(patterns: tuple[str, ...], *, variables: bool) -> ResourceMatcher:
    """Compile a Resource element: one of the patterns matches."""
    if "*" in patterns:
        return anything
    if len(patterns) == 1:
        return _resource(patterns[0], variables=variables)
    return _OneOf(patterns, variables=variables)


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


class _OneOf:
    """Several patterns, each compiled when a resource first begins as it does."""

    __slots__ = ("_matchers", "_patterns", "_starts", "_variables")

    def __init__(self, patterns: tuple[str, ...], *, variables: bool) -> None:
        self._patterns = patterns
        self._variables = variables
        starts = fixed_starts("\0".join(patterns).lower())
        # A pattern that holds NUL, which joins them, shifts the others.
        self._starts = starts if len(starts) == len(patterns) else ("",) * len(patterns)
        self._matchers: dict[int, ResourceMatcher] = {}

    def __call__(self, asked: Asked) -> Truth:
        resource = asked.folded_resource
        doubts: Truth = False
        for index, start in enumerate(self._starts):
            if resource is None or resource.startswith(start):
                truth = (self._matchers.get(index) or self._matcher(index))(asked)
                if truth is True:
                    return True
                doubts = any_of((doubts, truth))
        return doubts

    def _matcher(self, index: int) -> ResourceMatcher:
        matcher = _resource(self._patterns[index], variables=self._variables)
        self._matchers[index] = matcher
        return matcher


def anything(asked: Asked) -> Truth:  # noqa: ARG001  # every matcher is asked the request
    """Match every request, one that has no resource too."""
    return True


def _short(pattern: str) -> ResourceMatcher:
    """Match a pattern of fewer than six parts as a glob over the whole ARN."""
    whole = glob_of(pattern)
    return lambda asked: _SHORT if asked.resource != "*" and whole(asked.resource) else False


class _Pattern:
    """A pattern of six parts; what only a doubtful match needs is made when one comes up."""

    __slots__ = ("_doubt", "_exact", "_head", "_tail", "_tail_text", "_template")

    def __init__(self, parts: Sequence[str], *, variables: bool) -> None:
        head, tail = parts[:5], parts[5]
        self._exact = None if has_wildcard("".join(head)) else tuple(head)
        self._head = head
        self._tail_text = tail
        self._template: Template | None = None
        self._doubt: _Doubt | None = None
        if variables and has_variable(tail):
            self._template = template(tail)
            row = fixed(self._template)
            self._tail = None if row is None else glob(row)
        else:
            self._tail = glob_of(tail)

    def __call__(self, asked: Asked) -> Truth:
        if asked.head is None:
            return False
        if self._head_matches(asked.head):
            truth = self._tail_matches(asked)
            if truth is True and asked.resource == "*":
                return _ALL_BUCKETS
            if truth is True and _asks_type(self._head[2], self._tail_text):
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
        exact, head = self._exact, asked.head
        if exact is not None and (head is None or exact == head or exact[:3] != head[:3]):
            # Neither: no star to cross, and letter case counts in two parts only.
            return False
        doubt = self._doubt
        if doubt is None:
            doubt = self._doubt = _Doubt(self._head, self._tail_text, self._template)
        if (doubt.has_upper or asked.has_upper) and self._folded_matches(asked):
            return _CASE
        if doubt.crossing is None or ":" not in asked.tail:
            return False
        if doubt.whole is not None:
            return _CROSSES if doubt.whole(asked.resource) else False
        return _CROSSES if self._expanded(asked, asked.resource, doubt.crossing) is not False else False

    def _folded_matches(self, asked: Asked) -> bool:
        pairs = zip(_folded(self._head), _folded(asked.head or ()), strict=True)
        return all(glob_of(part)(text) for part, text in pairs) and self._tail_matches(asked) is not False


class _Doubt:
    """What a pattern's contested readings need.

    `has_upper`: region or account hold capital letters. `crossing`: the first five parts as tokens where a star stands
    among them. `whole`: the whole pattern with such a star, None where a variable's value has to be put in first.
    """

    __slots__ = ("crossing", "has_upper", "whole")

    def __init__(self, head: Sequence[str], tail: str, pattern: Template | None) -> None:
        self.has_upper = head[3:] != [part.lower() for part in head[3:]]
        self.crossing: list[Token] | None = None
        self.whole: Glob | None = None
        if "*" in "".join(head):
            self.crossing = tokens(":".join([*head, ""]))
            row = tokens(tail) if pattern is None else fixed(pattern)
            self.whole = None if row is None else glob([*self.crossing, *row])


def _folded(head: Sequence[str]) -> list[str]:
    return [part.lower() if index in _FOLDED_PARTS else part for index, part in enumerate(head)]


def _asks_type(service: str, tail: str) -> bool:
    """Say whether a wildcard stands where the resource's type does, as in `*/*`."""
    if service in _WITHOUT_TYPE:
        return False
    kind = next((tail[:index] for index, character in enumerate(tail) if character in "/:"), "")
    return has_wildcard(kind) and not has_variable(kind)
