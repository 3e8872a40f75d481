"""One condition (operator, key, values) against a request: set operators, absent keys, Null.

Source: IAM User Guide, "Condition operators", "Creating a condition with multiple keys or values".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from leastkey.evaluate.operators import OPERATORS
from leastkey.evaluate.truth import Truth, all_of, any_of, contested, either, negated

if TYPE_CHECKING:
    from leastkey.evaluate.asked import Asked
    from leastkey.iam.statement import Condition

__all__ = ["CompiledCondition"]

_IF_EXISTS: Final = "ifexists"
_SETS: Final[tuple[tuple[str, Literal["all", "any"]], ...]] = (
    ("forallvalues:", "all"),
    ("foranyvalue:", "any"),
)
_UNKNOWN: Final = contested("unknown-operator")
_MULTI: Final = contested("multi-valued-key")
_UNPARSABLE: Final = contested("unparsable-value")


class CompiledCondition:
    """A condition, ready to be asked. An unknown operator never grants and always denies."""

    __slots__ = (
        "_if_exists",
        "_key",
        "_lists_empty",
        "_negated",
        "_null",
        "_set",
        "_tests",
        "_unknown",
        "source",
    )

    def __init__(self, condition: Condition, *, variables: bool) -> None:
        self.source = condition
        self._key = condition.key.lower()
        name = condition.operator.lower()
        self._set: Literal["all", "any"] | None = None
        for prefix, kind in _SETS:
            if name.startswith(prefix):
                self._set, name = kind, name.removeprefix(prefix)
        self._lists_empty = self._set is None and "" in condition.values
        self._null = name == "null" and self._set is None
        self._if_exists = name.endswith(_IF_EXISTS)
        operator = OPERATORS.get(name.removesuffix(_IF_EXISTS))
        self._unknown = operator is None and not self._null
        self._negated = operator is not None and operator.is_negated
        self._tests = (
            () if operator is None else tuple(operator.build(value, variables) for value in condition.values)
        )

    def holds(self, asked: Asked) -> Truth:
        """Say whether the condition is met."""
        if self._unknown:
            return _UNKNOWN
        value = asked.values.get(self._key)
        # A policy that lists the empty text means it: an `s3:prefix` of "" asks for the root of a bucket.
        is_empty = not self._lists_empty and (
            value == "" or (isinstance(value, tuple) and set(value) == {""})
        )
        if self._null:
            truth = self._is_null(absent=value is None or value == ())
            return either(truth, self._is_null(absent=True), "empty-value") if is_empty else truth
        if value is None or value == ():
            return self._absent()
        truth = self._present(value, asked)
        return either(truth, self._absent(), "empty-value") if is_empty else truth

    def _is_null(self, *, absent: bool) -> Truth:
        wanted = "true" if absent else "false"
        other = "false" if absent else "true"
        folded = [value.lower() for value in self.source.values]
        return any_of(value == wanted if value in (wanted, other) else _UNPARSABLE for value in folded)

    def _absent(self) -> Truth:
        if self._if_exists:
            return True
        if self._set is not None:
            return self._set == "all"
        return self._negated

    def _present(self, value: str | tuple[str, ...], asked: Asked) -> Truth:
        if isinstance(value, str):
            return self._one(value, asked)
        truths = (self._one(each, asked) for each in value)
        if self._set == "all":
            return all_of(truths)
        truth = any_of(truths)
        # A multi-valued key without a set operator: AWS gives no rule that can be relied on.
        return _MULTI if self._set is None and truth is not False else truth

    def _one(self, value: str, asked: Asked) -> Truth:
        truth = any_of(test(value, asked.values) for test in self._tests)
        return negated(truth) if self._negated else truth
