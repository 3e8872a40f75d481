"""Which condition keys a set of policies reads for one action: by a condition, for its presence, or in a variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leastkey.evaluate.compiled import compiled
from leastkey.evaluate.request import LayerResult
from leastkey.evaluate.variables import Variable, has_variable, template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leastkey.evaluate.request import LayerName, Policies
    from leastkey.iam.statement import Condition, Statement

__all__ = ["KeyRead", "keys_read", "variables_in"]

_TAKES_VARIABLES: Final = ("string", "arn", "bool")


@dataclass(frozen=True, slots=True)
class KeyRead:
    """A key that the statements about an action read, as the first in alphabetical order spells it.

    `conditions` ask for its value, or with Null for its presence; `patterns` are the Resource patterns and
    `comparisons` the conditions on other keys that take it as a variable.
    """

    key: str
    conditions: tuple[Condition, ...]
    patterns: tuple[str, ...]
    comparisons: tuple[Condition, ...]

    @property
    def is_for_presence(self) -> bool:
        """Say whether nothing but the key's presence is asked for."""
        return not self.patterns and not self.comparisons and all(_is_null(each) for each in self.conditions)


def keys_read(
    policies: Policies, action: str, layers: Mapping[LayerName, LayerResult] | None = None
) -> tuple[KeyRead, ...]:
    """Give the keys in alphabetical order, whatever the order of statements is.

    With the `layers` of a decision, those that do not count for the caller are left out.
    """
    found: dict[str, _Reads] = {}
    for statement, has_variables in _speaking(policies, action.lower(), layers or {}):
        _note(found, statement, variables=has_variables)
    return tuple(found[key].read() for key in sorted(found))


def variables_in(text: str) -> tuple[str, ...]:
    """Give the keys that a text takes as variables, in lower case."""
    if not has_variable(text):
        return ()
    return tuple(piece.key for piece in template(text) if isinstance(piece, Variable))


class _Reads:
    """What was found of one key."""

    def __init__(self) -> None:
        self.spelled: set[str] = set()
        self.conditions: set[Condition] = set()
        self.patterns: set[str] = set()
        self.comparisons: set[Condition] = set()

    def read(self) -> KeyRead:
        return KeyRead(
            min(self.spelled),
            tuple(sorted(self.conditions, key=_order)),
            tuple(sorted(self.patterns)),
            tuple(sorted(self.comparisons, key=_order)),
        )


def _order(condition: Condition) -> tuple[str, str, tuple[str, ...]]:
    return condition.operator, condition.key, condition.values


def _is_null(condition: Condition) -> bool:
    return condition.operator.lower() == "null"


def _note(found: dict[str, _Reads], statement: Statement, *, variables: bool) -> None:
    for condition in statement.conditions:
        reads = found.setdefault(condition.key.lower(), _Reads())
        reads.spelled.add(condition.key)
        reads.conditions.add(condition)
        if variables and any(family in condition.operator.lower() for family in _TAKES_VARIABLES):
            for key in {key for value in condition.values for key in variables_in(value)}:
                reads = found.setdefault(key, _Reads())
                reads.spelled.add(key)
                reads.comparisons.add(condition)
    if variables:
        for pattern in filter(has_variable, (*statement.resources, *statement.not_resources)):
            for key in variables_in(pattern):
                reads = found.setdefault(key, _Reads())
                reads.spelled.add(key)
                reads.patterns.add(pattern)


def _speaking(
    policies: Policies, action: str, layers: Mapping[LayerName, LayerResult]
) -> Iterator[tuple[Statement, bool]]:
    for layer, named in policies.by_layer():
        if layers.get(layer) is not LayerResult.NOT_APPLICABLE:
            for statement in compiled(named.document).speaking_of(action):
                yield statement.source, statement.has_variables
