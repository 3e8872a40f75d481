"""One statement, compiled: action, principal, resource and condition against a request, in that cheap-first order.

Source: IAM User Guide, "IAM JSON policy elements reference".
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from leastkey.evaluate.conditions import CompiledCondition
from leastkey.evaluate.match import glob_of, has_wildcard
from leastkey.evaluate.principals import Grant, named, spared
from leastkey.evaluate.resources import not_resources, resources
from leastkey.evaluate.truth import Truth, all_of

if TYPE_CHECKING:
    from leastkey.evaluate.asked import Asked
    from leastkey.evaluate.match import Glob
    from leastkey.evaluate.resources import ResourceMatcher
    from leastkey.iam.statement import Statement

__all__ = ["CompiledStatement"]

_REMEMBERED: Final = 4_096
_VARIABLES_SINCE: Final = "2012-10-17"


class CompiledStatement:
    """A statement, ready to be asked. `index` counts from 0 in its document."""

    __slots__ = ("_actions", "_globs", "_rest", "_variables", "effect", "index", "services", "source")

    def __init__(self, statement: Statement, index: int, version: str) -> None:
        variables = version >= _VARIABLES_SINCE
        self.source = statement
        self.index = index
        self.effect = statement.effect
        self._actions, self._globs, services = _spoken_of(statement.actions or statement.not_actions)
        self.services = services if statement.actions else None
        self._variables = variables
        self._rest: tuple[ResourceMatcher | None, tuple[CompiledCondition, ...]] | None = None

    def _compiled(self) -> tuple[ResourceMatcher | None, tuple[CompiledCondition, ...]]:
        """Give the resource matcher and the conditions, compiled when a request first gets as far as them."""
        if self._rest is None:
            source, variables = self.source, self._variables
            matcher = None
            if source.resources:
                matcher = resources(source.resources, variables=variables)
            elif source.not_resources:
                matcher = not_resources(source.not_resources, variables=variables)
            self._rest = (
                matcher,
                tuple(CompiledCondition(each, variables=variables) for each in source.conditions),
            )
        return self._rest

    @property
    def conditions(self) -> tuple[CompiledCondition, ...]:
        """The conditions, ready to be asked."""
        return self._compiled()[1]

    def speaks_of(self, action: str) -> bool:
        """Say whether the Action or NotAction element matches an action (lower case)."""
        listed = action in self._actions or any(matches(action) for matches in self._globs)
        return listed is not bool(self.source.not_actions)

    def principal(self, asked: Asked) -> tuple[Truth, Grant]:
        """Say whether the statement speaks of the caller; one without a principal speaks of everyone it is given for."""
        source = self.source
        if source.principal is not None:
            return named(source.principal, asked)
        if source.not_principal is not None:
            return spared(source.not_principal, asked, source.effect), Grant.DELEGATES
        return True, Grant.DELEGATES

    def resource(self, asked: Asked) -> Truth:
        """Say whether the Resource or NotResource element matches; a trust policy has none."""
        matches = self._compiled()[0]
        return True if matches is None else matches(asked)

    def applies(self, asked: Asked) -> Truth:
        """Say whether resource and conditions match; the action is known to."""
        matches, conditions = self._rest or self._compiled()
        truth = True if matches is None else matches(asked)
        if truth is False or not conditions:
            return truth
        return all_of((truth, *(condition.holds(asked) for condition in conditions)))


@lru_cache(maxsize=_REMEMBERED)
def _spoken_of(actions: tuple[str, ...]) -> tuple[frozenset[str], tuple[Glob, ...], frozenset[str] | None]:
    """Give action patterns as plain names, as globs, and the services they name (None: any).

    The same lists of actions stand in many statements, so they are kept.
    """
    patterns = [pattern.lower() for pattern in actions]
    names = frozenset(pattern for pattern in patterns if not has_wildcard(pattern))
    globs = tuple(glob_of(pattern) for pattern in patterns if has_wildcard(pattern))
    return names, globs, _services(patterns)


def _services(patterns: list[str]) -> frozenset[str] | None:
    """Give the services that Action patterns name, None where a wildcard stands for several."""
    found: set[str] = set()
    for pattern in patterns:
        service, colon, _name = pattern.partition(":")
        if not colon or has_wildcard(service):
            return None
        found.add(service)
    return frozenset(found)
