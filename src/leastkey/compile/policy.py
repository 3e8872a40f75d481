"""Step 2, policy: rules become statements, merged, minimal and in a fixed order.

The result depends on what is granted, not on the order or the number of lines that grant it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from leastkey.compile.levels import folded
from leastkey.compile.resources import least
from leastkey.compile.rule import Placed, Rule
from leastkey.iam.document import PolicyDocument
from leastkey.iam.statement import Condition, Statement

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from leastkey.iam.statement import Effect

__all__ = ["sorted_statements", "statements_of"]


def statements_of(rules: Iterable[Rule], taken: Iterable[Placed] = ()) -> tuple[Placed, ...]:
    """Give the statements that say what the rules say, and those taken over from documents.

    Actions may be gathered by resource or resources by action: the shorter of both is taken.
    """
    rules = tuple(rules)
    found = min((_tied(_by_action(rules)), _tied(_by_resource(rules))), key=_size)
    return sorted_statements(_merged([*found, *taken], lambda one: one, lambda same: same[0]))


def sorted_statements(placed: Iterable[Placed]) -> tuple[Placed, ...]:
    """Give statements in the order documents have: allowing before denying, then by action, resource and condition."""
    return tuple(sorted(placed, key=lambda one: _order(one.statement)))


def _tied(placed: list[Placed]) -> list[Placed]:
    return _merged(_merged(placed, _all_but_prefix, _one_prefix), _all_but_resource, _one_resource_list)


def _size(placed: list[Placed]) -> int:
    return PolicyDocument(tuple(one.statement for one in placed)).characters()


def _order(statement: Statement) -> tuple[object, ...]:
    return (
        statement.effect,
        tuple(action.lower() for action in statement.actions),
        statement.resources,
        json.dumps(statement.to_json(), sort_keys=True),
    )


def _by_resource(rules: Iterable[Rule]) -> list[Placed]:
    """Give one statement for each effect, resource and set of conditions."""
    groups: dict[tuple[object, ...], list[Rule]] = defaultdict(list)
    for rule in rules:
        groups[rule.effect, rule.resource, rule.conditions].append(rule)
    return [
        Placed(
            Statement(
                effect=same[0].effect,
                actions=_actions(same),
                resources=(same[0].resource,),
                conditions=same[0].conditions,
            ),
            frozenset(rule.place for rule in same),
        )
        for same in groups.values()
    ]


def _by_action(rules: Iterable[Rule]) -> list[Placed]:
    """Give one statement for each effect, set of conditions and set of resources: no action stands twice."""
    found: dict[tuple[Effect, tuple[Condition, ...], str], list[Rule]] = defaultdict(list)
    for rule in rules:
        for action in rule.levelled | rule.written:
            found[rule.effect, rule.conditions, action].append(rule)
    groups: dict[tuple[Effect, tuple[Condition, ...], tuple[str, ...]], list[Rule]] = defaultdict(list)
    for (effect, conditions, action), same in found.items():
        resources = least(frozenset(rule.resource for rule in same))
        by_level = frozenset(rule.resource for rule in same if action in rule.levelled)
        one, none = frozenset({action}), frozenset[str]()
        levelled, written = (one, none) if by_level.issuperset(resources) else (none, one)
        groups[effect, conditions, resources].extend(
            replace(rule, levelled=levelled, written=written) for rule in same
        )
    return [
        Placed(
            Statement(effect=effect, actions=_actions(same), resources=resources, conditions=conditions),
            frozenset(rule.place for rule in same),
        )
        for (effect, conditions, resources), same in groups.items()
    ]


def _actions(rules: Iterable[Rule]) -> tuple[str, ...]:
    """Fold what levels gave, keep what was written, drop what another entry already says."""
    levelled = frozenset[str]().union(*(rule.levelled for rule in rules))
    written = frozenset[str]().union(*(rule.written for rule in rules))
    by_folded: dict[str, str] = {}
    for action in (*sorted(written), *folded(levelled)):
        by_folded.setdefault(action.lower(), action)
    return tuple(sorted(by_folded[action] for action in least(frozenset(by_folded))))


def _merged(
    placed: Iterable[Placed],
    key: Callable[[Statement], Hashable],
    merge: Callable[[list[Statement]], Statement],
) -> list[Placed]:
    groups: dict[Hashable, list[Placed]] = defaultdict(list)
    for one in placed:
        groups[key(one.statement)].append(one)
    return [
        Placed(
            merge([one.statement for one in same]),
            frozenset(place for one in same for place in one.places),
        )
        for same in groups.values()
    ]


def _all_but_prefix(statement: Statement) -> Hashable:
    """Two listings of one bucket under different prefixes are one: condition values mean or."""
    return replace(
        statement,
        conditions=tuple(
            replace(condition, values=()) if _is_prefix(condition) else condition
            for condition in statement.conditions
        ),
    )


def _one_prefix(statements: list[Statement]) -> Statement:
    values = frozenset(
        value
        for statement in statements
        for condition in statement.conditions
        if _is_prefix(condition)
        for value in condition.values
    )
    return replace(
        statements[0],
        conditions=tuple(
            Condition(condition.operator, condition.key, least(values))
            if _is_prefix(condition)
            else condition
            for condition in statements[0].conditions
        ),
    )


def _is_prefix(condition: Condition) -> bool:
    return condition.operator == "StringLike" and condition.key == "s3:prefix"


def _all_but_resource(statement: Statement) -> Hashable:
    return replace(statement, resources=())


def _one_resource_list(statements: list[Statement]) -> Statement:
    """Give the statement on all resources together; `*` and wider ARNs take the others in."""
    resources = frozenset(resource for statement in statements for resource in statement.resources)
    return replace(statements[0], resources=least(resources))
