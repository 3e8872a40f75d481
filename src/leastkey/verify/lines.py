"""The lines of a spec as statements, and the probes that speak for each line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leastkey.compile.grants import meaning_of
from leastkey.compile.levels import matching
from leastkey.compile.role import managed_arn
from leastkey.evaluate.asked import Asked, RequestError
from leastkey.evaluate.compiled import compiled
from leastkey.evaluate.truth import Reading
from leastkey.iam.document import PolicyDocument
from leastkey.iam.statement import Statement
from leastkey.spec.model import ActionsGrant, ManagedGrant
from leastkey.verify.calls import (
    CHECK_KEY,
    Target,
    bucket_targets,
    common_targets,
    object_targets,
    whole_bucket_targets,
)
from leastkey.verify.conditions import assumed_values, unmet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from leastkey.compile.wanted import Wanted
    from leastkey.iam.statement import Condition, Effect
    from leastkey.spec.model import Grant
    from leastkey.verify.judge import Judge

__all__ = ["Chance", "chances", "line_name", "statements_of"]

_ORDER: Final = ("s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:ListAllMyBuckets", "s3:GetBucketPolicy")


@dataclass(frozen=True, slots=True)
class Chance:
    """A target that a line covers. `assumed` are conditions that no harmless call meets: then the engine judges alone."""

    target: Target
    assumed: tuple[Condition, ...] = ()

    @property
    def values(self) -> Mapping[str, str]:
        """The context under which the assumed conditions hold."""
        return assumed_values(self.assumed)

    @property
    def is_real(self) -> bool:
        """Say whether AWS can be asked."""
        return self.target.call is not None and not self.assumed


def statements_of(grant: Grant, effect: Effect, wanted: Wanted, judge: Judge) -> tuple[Statement, ...] | None:
    """Give the statements a line stands for; None for a managed policy that nobody read."""
    if isinstance(grant, ManagedGrant):
        document = judge.document(str(managed_arn(grant.name, wanted.partition, grant.place)))
        return None if document is None else document.statements
    meaning = meaning_of(grant, effect, wanted.partition)
    rules = tuple(
        Statement(
            rule.effect,
            actions=tuple(sorted(rule.levelled | rule.written)),
            resources=(rule.resource,),
            conditions=rule.conditions,
        )
        for rule in meaning.rules
    )
    return (*rules, *(placed.statement for placed in meaning.taken))


def chances(grant: Grant, effect: Effect, wanted: Wanted, judge: Judge) -> tuple[Chance, ...]:
    """Give the targets a line covers, best first: real calls before those the engine judges alone."""
    statements = [
        statement
        for statement in statements_of(grant, effect, wanted, judge) or ()
        if statement.effect == effect
    ]
    found: list[Chance] = []
    for statement in statements:
        targets = (*_bucket_targets(statement, wanted), *common_targets(wanted))
        found.extend(_covered(statement, targets, judge))
    if not any(chance.is_real for chance in found):
        found.extend(chance for statement in statements for chance in _unaskable(statement, judge))
    order = _order(grant)
    return tuple(sorted(found, key=lambda chance: (not chance.is_real, order(chance.target))))


def line_name(grant: Grant) -> str:
    """Give a line as a report calls it where it has no probe."""
    return f"managed {grant.name}" if isinstance(grant, ManagedGrant) else f"the line {grant.place}"


def _covered(statement: Statement, targets: tuple[Target, ...], judge: Judge) -> Iterator[Chance]:
    """Give the targets that action and resource of a statement match, with the conditions they do not meet."""
    (matcher,) = compiled(PolicyDocument((statement,))).statements
    reading = Reading()
    for target in targets:
        request = judge.request(target)
        try:
            asked = Asked(request, has_boundary=False)
        except RequestError:
            continue
        if matcher.speaks_of(asked.action) and reading.settle(matcher.resource(asked), statement.effect):
            yield Chance(target, unmet(statement.conditions, request))


def _bucket_targets(statement: Statement, wanted: Wanted) -> tuple[Target, ...]:
    """Give the targets of the buckets a statement names."""
    found: list[Target] = []
    for pattern in statement.resources:
        parts = pattern.split(":", 5)
        if len(parts) != 6 or parts[2] != "s3":
            continue
        bucket, slash, keys = parts[5].partition("/")
        if any(mark in bucket for mark in "*?$"):
            continue
        if slash:
            found.extend(object_targets(wanted.partition, bucket, _plain(keys, CHECK_KEY)))
        else:
            prefix = _prefix(statement)
            found.extend(bucket_targets(wanted.partition, bucket, prefix))
            found.extend(whole_bucket_targets(wanted.partition, bucket))
    return tuple(found)


def _prefix(statement: Statement) -> str:
    """Give a prefix that the statement lets one list."""
    values = (
        c.values
        for c in statement.conditions
        if c.key.lower() == "s3:prefix" and "not" not in c.operator.lower()
    )
    return next((_plain(value[0], "") for value in values if value), "")


def _plain(pattern: str, star: str) -> str:
    return pattern.replace("*", star).replace("?", "x")


def _unaskable(statement: Statement, judge: Judge) -> Iterator[Chance]:
    """Give one action of a statement for the engine alone: nothing harmless is known to ask AWS."""
    pattern = next(iter(statement.actions), "")
    names = [action.full_name for action in matching(pattern)] or ([_plain(pattern, "x")] if pattern else [])
    resource = next(iter(statement.resources), "")
    if not names or not resource or "${" in resource:
        return
    target = Target(names[0], resource if resource == "*" else _plain(resource, "leastkey-check"), None)
    yield from _covered(statement, (target,), judge)


def _order(grant: Grant) -> Callable[[Target], int]:
    """Give the order of preference: as the user wrote the actions, else what proves most first."""
    if not isinstance(grant, ActionsGrant):
        return lambda target: _ORDER.index(target.action) if target.action in _ORDER else len(_ORDER)
    places = {
        action.full_name: index
        for index, pattern in reversed(tuple(enumerate(grant.actions)))
        for action in matching(pattern)
    }
    return lambda target: places.get(target.action, len(places))
