"""One statement, compiled: action, principal, resource and condition against a request, in that cheap-first order.

Source: IAM User Guide, "IAM JSON policy elements reference".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leastkey.evaluate.conditions import CompiledCondition
from leastkey.evaluate.match import glob_of, has_wildcard
from leastkey.evaluate.principals import DELEGATES, Grant, named, spared
from leastkey.evaluate.resources import anything, not_resources, resources
from leastkey.evaluate.truth import Truth, all_of
from leastkey.iam.document import statement_of
from leastkey.iam.statement import Principals

if TYPE_CHECKING:
    from leastkey.evaluate.asked import Asked
    from leastkey.evaluate.resources import ResourceMatcher
    from leastkey.iam.statement import Effect, Statement

__all__ = ["CompiledStatement", "speaks_of"]

_VARIABLES_SINCE: Final = "2012-10-17"


class CompiledStatement:
    """A statement, ready to be asked; `index` counts from 0 in its document, `has_variables` says that it may take some.

    Each part is compiled when a request first gets as far as it.
    """

    __slots__ = ("_conditions", "_entry", "_resource", "_source", "effect", "has_variables", "index")

    def __init__(self, entry: dict[str, Any], index: int, version: str) -> None:
        self.index = index
        self.effect: Effect = entry["Effect"]
        self.has_variables = version >= _VARIABLES_SINCE
        self._entry = entry
        self._source: Statement | None = None
        self._resource: ResourceMatcher | None = None
        self._conditions: tuple[CompiledCondition, ...] | None = None

    @property
    def source(self) -> Statement:
        """The statement as the document has it."""
        if self._source is None:
            self._source = statement_of(self._entry)
        return self._source

    @property
    def conditions(self) -> tuple[CompiledCondition, ...]:
        """The conditions, ready to be asked."""
        if self._conditions is None:
            variables = self.has_variables
            self._conditions = (
                tuple([CompiledCondition(each, variables=variables) for each in self.source.conditions])
                if "Condition" in self._entry
                else ()
            )
        return self._conditions

    @property
    def sid(self) -> str | None:
        """The statement's Sid."""
        sid: str | None = self._entry.get("Sid")
        return sid

    @property
    def resource_patterns(self) -> tuple[str, ...]:
        """The patterns of the Resource element; none where it is a NotResource or lacks."""
        return self.patterns("Resource")

    def patterns(self, element: str) -> tuple[str, ...]:
        """Give what an element (`Action`, `NotResource`, ...) holds; nothing where it lacks."""
        listed = self._entry.get(element, ())
        return (listed,) if isinstance(listed, str) else tuple(listed)

    def speaks_of(self, action: str) -> bool:
        """Say whether the Action or NotAction element matches an action (lower case)."""
        return speaks_of(self._entry, action)

    def principal(self, asked: Asked) -> tuple[Truth, Grant]:
        """Say whether the statement speaks of the caller; one without a principal speaks of everyone it is given for."""
        if "Principal" not in self._entry and "NotPrincipal" not in self._entry:
            return True, DELEGATES
        source = self.source
        if source.not_principal is not None:
            return spared(source.not_principal, asked, source.effect), DELEGATES
        return named(source.principal or Principals(), asked)

    def resource(self, asked: Asked) -> Truth:
        """Say whether the Resource or NotResource element matches; a trust policy has none."""
        return (self._resource or self._matcher())(asked)

    def applies(self, asked: Asked) -> Truth:
        """Say whether resource and conditions match; the action is known to."""
        truth = (self._resource or self._matcher())(asked)
        if truth is False:
            return False
        conditions = self._conditions
        if conditions is None:
            conditions = self.conditions
        return all_of([truth, *[each.holds(asked) for each in conditions]]) if conditions else truth

    def _matcher(self) -> ResourceMatcher:
        if "Resource" in self._entry:
            matcher = resources(self.patterns("Resource"), variables=self.has_variables)
        elif "NotResource" in self._entry:
            matcher = not_resources(self.patterns("NotResource"), variables=self.has_variables)
        else:
            matcher = anything
        self._resource = matcher
        return matcher


def speaks_of(entry: dict[str, Any], action: str) -> bool:
    """Say whether the Action or NotAction element of a statement as JSON matches an action (lower case)."""
    listed = entry.get("Action")
    if listed is not None:
        return _match(listed, action)
    spared = entry.get("NotAction")
    return spared is not None and not _match(spared, action)


def _match(patterns: str | list[str], action: str) -> bool:
    first = f"{action[:1]}*?"
    for pattern in (patterns,) if type(patterns) is str else patterns:
        folded = pattern.lower()
        # The first letter spares most patterns of other services the look for wildcards.
        if folded == action or (folded[:1] in first and has_wildcard(folded) and glob_of(folded)(action)):
            return True
    return False
