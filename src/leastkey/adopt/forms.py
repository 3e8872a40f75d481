"""A statement as lines of the spec, where the spec can say exactly that.

Each form is tried on the spec's own parser and compiler: it is taken only when the same statement comes out again.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from leastkey.compile.grants import meaning_of
from leastkey.compile.policy import statements_of
from leastkey.compile.resources import least
from leastkey.errors import LeastkeyError
from leastkey.iam.arn import Arn
from leastkey.spec.shorthand import quoted
from leastkey.spec.trial import grant_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from leastkey.iam.statement import Condition, Effect, Statement

__all__ = ["lines_of", "meaning_key", "yaml_list"]

_ROOM: Final = 84
"""Columns of a list on one line; longer ones stand one entry a line."""
_PAIRS: Final = 16
"""Buckets and prefixes that are tried as one address; where there are more, none says it all."""


def lines_of(statement: Statement, partition: str) -> tuple[str, ...] | None:
    """Give the lines of a grant that compiles to this statement, or None where no form of the spec does."""
    if not statement.actions or not statement.resources:
        return None
    wanted = meaning_key(statement)
    for lines in _candidates(statement, partition):
        if _compiled(lines, statement.effect, partition) == {wanted}:
            return lines
    return None


def meaning_key(statement: Statement) -> Hashable:
    """Give what makes two statements mean the same: order, repetition and letter case that do not count are gone."""
    return (
        statement.effect,
        frozenset(least(frozenset(action.lower() for action in statement.actions))),
        frozenset(action.lower() for action in statement.not_actions),
        frozenset(least(frozenset(statement.resources))),
        frozenset(statement.not_resources),
        frozenset(_condition_key(condition) for condition in statement.conditions),
    )


def yaml_list(name: str, values: tuple[str, ...]) -> list[str]:
    """Give `name: value`, `name: [a, b]`, or one entry a line where that would be long."""
    words = [quoted(value) for value in values]
    if len(words) == 1:
        return [f"{name}: {words[0]}"]
    line = f"{name}: [{', '.join(words)}]"
    return [line] if len(line) <= _ROOM else [f"{name}:", *(f"  - {word}" for word in words)]


def _condition_key(condition: Condition) -> Hashable:
    folds = "Bool" in condition.operator or condition.operator == "Null"
    values = (value.lower() if folds else value for value in condition.values)
    return condition.operator, condition.key.lower(), frozenset(values)


def _candidates(statement: Statement, partition: str) -> Iterator[tuple[str, ...]]:
    """Give the forms from the shortest to read to the plainest."""
    on = () if "*" in statement.resources else tuple(dict.fromkeys(statement.resources))
    actions = _actions(statement)
    service, _, name = actions[0].partition(":")
    if len(actions) == 1 and name == "*":
        yield _grant([f"{quoted(service.lower())}: [full]"], on, statement.conditions)
    written = yaml_list("actions", actions)
    written = [f"actions: [{quoted(actions[0])}]"] if len(actions) == 1 else written
    below = _addresses(on, partition)
    without = tuple(each for each in statement.conditions if each.key.lower() != "s3:prefix")
    prefixes = _prefixes(statement)
    for bucket, prefix in product(below, prefixes) if len(below) * len(prefixes) <= _PAIRS else ():
        yield _grant(written, (f"{bucket}{prefix}",), without)
    if below:
        yield _grant(written, below, statement.conditions)
    yield _grant(written, on, statement.conditions)


def _actions(statement: Statement) -> tuple[str, ...]:
    """Give the actions in their order, each once."""
    found: dict[str, str] = {}
    for action in statement.actions:
        found.setdefault(action.lower(), action)
    return tuple(found.values())


def _addresses(on: tuple[str, ...], partition: str) -> tuple[str, ...]:
    """Give `s3://` addresses for ARNs of buckets and what lies below a prefix; none where one is neither."""
    found = []
    for text in on:
        try:
            arn = Arn.parse(text)
        except ValueError:
            return ()
        bucket, slash, keys = arn.resource.partition("/")
        if (arn.partition, arn.service, arn.region, arn.account) != (partition, "s3", "", ""):
            return ()
        if slash and not (keys == "*" or keys.endswith("/*")):
            return ()
        found.append(f"s3://{bucket}/{keys.removesuffix('*')}")
    return tuple(found)


def _prefixes(statement: Statement) -> list[str]:
    return [
        value.removesuffix("*")
        for condition in statement.conditions
        if condition.key.lower() == "s3:prefix"
        for value in condition.values
        if value.endswith("/*")
    ]


def _grant(first: list[str], on: tuple[str, ...], when: tuple[Condition, ...]) -> tuple[str, ...]:
    lines = [*first, *(yaml_list("on", on) if on else ()), *_when(when)]
    return (f"- {lines[0]}", *(f"  {line}" for line in lines[1:]))


def _when(conditions: tuple[Condition, ...]) -> list[str]:
    by_operator: dict[str, list[Condition]] = {}
    for condition in conditions:
        by_operator.setdefault(condition.operator, []).append(condition)
    lines = ["when:"] if conditions else []
    for operator, same in by_operator.items():
        lines.append(f"  {quoted(operator)}:")
        for condition in same:
            lines.extend(f"    {line}" for line in yaml_list(quoted(condition.key), condition.values))
    return lines


def _compiled(lines: tuple[str, ...], effect: Effect, partition: str) -> set[Hashable]:
    """Give what a grant compiles to; nothing where the spec refuses it."""
    try:
        rules = meaning_of(grant_of(lines, effect), effect, partition).rules
    except LeastkeyError:
        return set()
    return {meaning_key(placed.statement) for placed in statements_of(rules)}
