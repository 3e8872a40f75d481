"""What a policy grants and a recording did not use: statements, actions, resources, and wildcards that are wider.

AWS's own policies cannot be narrowed and are not judged. Nor is what only an unrecorded run would need: the recording
shows one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.evaluate.decide import decide
from leastkey.evaluate.match import glob_of, has_wildcard
from leastkey.iam.catalog import service_catalog, service_exists
from leastkey.sandbox.testing.words import place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from leastkey.evaluate.request import NamedDocument
    from leastkey.iam.statement import Statement
    from leastkey.sandbox.decided import Decided

__all__ = ["unused"]

_Used = dict[tuple[str, int], set[tuple[str, str]]]
"""For a statement, by policy and index: the actions and resources for which it was needed."""


def unused(
    policies: Iterable[NamedDocument], decided: Iterable[Decided], ignoring: Sequence[str]
) -> list[str]:
    """Give a line for all that the policies allow and none of the decisions needed; `ignoring` are action patterns."""
    used = _used(decided)
    return [
        f"{place(policy.name, index, statement.sid)}: {line}"
        for policy in policies
        for index, statement in enumerate(policy.document.statements)
        if statement.effect == "Allow"
        for line in _lines(statement, used.get((policy.name, index), set()), ignoring)
    ]


def _used(decided: Iterable[Decided]) -> _Used:
    found: _Used = {}
    for each in decided:
        asked = each.request.action, each.request.resource
        for reason in decide(
            each.request, each.policies
        ).because:  # a resource's policy has no name that IAM takes
            found.setdefault((reason.policy, reason.statement), set()).add(asked)
    return found


def _lines(statement: Statement, used: set[tuple[str, str]], ignoring: Sequence[str]) -> Iterator[str]:
    if statement.not_actions or statement.not_resources:
        yield "`NotAction` and `NotResource` grant all but what they name; name what is used"
        return
    actions = {action for action, _ in used}
    wanted = [each for each in statement.actions if not _matches_any(ignoring, each)]
    for pattern in wanted:
        yield from _about_action(pattern, {each for each in actions if _matches(pattern, each)}, ignoring)
    if not used:
        return  # its resources go with its actions
    for pattern in statement.resources:
        if "${" not in pattern and not any(glob_of(pattern)(resource) for _, resource in used):
            yield f"{pattern} was never used"


def _about_action(pattern: str, used: set[str], ignoring: Sequence[str]) -> Iterator[str]:
    if not used:
        yield f"{pattern} was never used"
    elif has_wildcard(pattern):
        folded = {each.lower() for each in used}
        more = [
            each
            for each in _listed(pattern)
            if each.lower() not in folded and not _matches_any(ignoring, each)
        ]
        if more:
            yield f"{pattern} allows {len(more)} more than was used: {', '.join(sorted(used))}"


def _listed(pattern: str) -> list[str]:
    """Give the actions that AWS lists for a pattern; of `*` at least itself."""
    prefix, _, name = pattern.partition(":")
    if has_wildcard(prefix) or not service_exists(prefix.lower()):
        return [pattern]
    return [each.full_name for each in service_catalog(prefix.lower()).matching(name)]


def _matches(pattern: str, action: str) -> bool:
    return glob_of(pattern.lower())(action.lower())


def _matches_any(patterns: Sequence[str], action: str) -> bool:
    return any(_matches(each, action) for each in patterns)
