"""One grant of the spec as rules: levels, actions, documents; what cannot be limited as asked is left out and said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from leastkey.compile import cautions
from leastkey.compile.levels import actions_of, known, matching
from leastkey.compile.resources import types_of
from leastkey.compile.rule import Meaning, Placed, Rule, ordered
from leastkey.compile.s3 import LISTING, SCHEME, S3Location
from leastkey.errors import LeastkeyError
from leastkey.iam.arn import Arn
from leastkey.iam.statement import Condition
from leastkey.spec.model import ActionsGrant, DocumentGrant, Level, LevelGrant, ManagedGrant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leastkey.compile.wanted import Caution
    from leastkey.iam.catalog import CatalogAction
    from leastkey.iam.statement import Effect, Statement
    from leastkey.spec.model import Grant, Place

__all__ = ["meaning_of"]

_NOTHING: frozenset[str] = frozenset()


def meaning_of(grant: Grant, effect: Effect, partition: str) -> Meaning:
    """Give what a grant means under `allow` (effect Allow) or `deny` (effect Deny)."""
    match grant:
        case LevelGrant():
            return _level_meaning(grant, effect, partition)
        case ActionsGrant():
            return _actions_meaning(grant, effect, partition)
        case DocumentGrant():
            return _document_meaning(grant, effect)
        case ManagedGrant():
            if effect == "Deny":
                raise LeastkeyError(
                    "spec-invalid",
                    f"`{grant.name}` stands under `deny`, where no managed policy can stand",
                    why="a managed policy is attached as it is, and AWS's own policies allow",
                    remedy="deny with levels, actions or a document",
                    place=str(grant.place),
                )
            return Meaning(cautions=cautions.of_managed(grant))
        case _:
            assert_never(grant)


# --- access levels


def _level_meaning(grant: LevelGrant, effect: Effect, partition: str) -> Meaning:
    _refuse_strangers(grant)
    if grant.service != "s3" and any(target.startswith(SCHEME) for target in grant.on):
        raise LeastkeyError(
            "spec-invalid",
            f"`on: s3://...` stands under `{grant.service}`, whose actions work on no S3 objects",
            remedy="`- s3: [list, read]` with `on: s3://BUCKET/PREFIX/`, or an ARN here",
            place=str(grant.place),
        )
    if Level.FULL in grant.levels:
        return _full_meaning(grant, effect, partition)
    actions = actions_of(grant.service, frozenset(grant.levels))
    rules: list[Rule] = []
    placed: set[str] = set()
    for target in grant.on or ("*",):
        if target.startswith(SCHEME):
            objects = frozenset(action.full_name for action in actions if "object" in action.resource_types)
            listing = frozenset({LISTING}) if Level.LIST in grant.levels else _NOTHING
            rules += _s3_rules(grant, target, effect, partition, objects=objects, listing=listing)
            placed |= objects | listing
        else:
            names = frozenset(action.full_name for action in actions if _takes(action, target))
            rules.append(_rule(grant, effect, target, levelled=names))
            placed |= names
    kept = tuple(
        level for level in grant.levels if any(a.full_name in placed and a.level == level for a in actions)
    )
    is_s3_only = bool(grant.on) and all(target.startswith(SCHEME) for target in grant.on)
    left_out = () if is_s3_only else tuple(action for action in actions if action.full_name not in placed)
    notes = [
        *cautions.of_left_out(grant, effect, left_out, grants_nothing=not placed),
        *_common_cautions(
            grant, effect, partition, [action for action in actions if action.full_name in placed]
        ),
    ]
    return Meaning(tuple(rule for rule in rules if rule.levelled), (), tuple(notes), kept)


def _full_meaning(grant: LevelGrant, effect: Effect, partition: str) -> Meaning:
    everything = frozenset({f"{grant.service}:*"})
    rules: list[Rule] = []
    for target in grant.on or ("*",):
        if target.startswith(SCHEME):
            rules += _s3_rules(
                grant, target, effect, partition, written=everything, listing=frozenset({LISTING})
            )
        else:
            rules.append(_rule(grant, effect, target, written=everything))
    notes = [
        *(cautions.of_full(grant) if effect == "Allow" else ()),
        *cautions.of_partition(grant, partition),
    ]
    return Meaning(tuple(rules), (), tuple(notes), (Level.FULL,))


# --- actions as written


def _actions_meaning(grant: ActionsGrant, effect: Effect, partition: str) -> Meaning:
    _refuse_strangers(grant)
    actions = tuple(known(action) for action in grant.actions)
    rules: list[Rule] = []
    idle: dict[str, set[str]] = {action: set() for action in actions}
    for target in grant.on or ("*",):
        if target.startswith(SCHEME):
            placed, used = _actions_on_s3(grant, actions, target, effect, partition)
            rules += placed
        else:
            rules.append(_rule(grant, effect, target, written=frozenset(actions)))
            used = {action for action in actions if _is_possible(action, target)}
        for action in actions:
            if action not in used:
                idle[action].add(target)
    matched = [found for action in actions for found in matching(action)]
    never = tuple(action for action in idle if len(idle[action]) == len(set(grant.on or ("*",))))
    notes = [
        *cautions.of_idle(grant, effect, never),
        *(cautions.of_written(grant, actions, matched) if effect == "Allow" else ()),
        *_common_cautions(grant, effect, partition, matched),
    ]
    return Meaning(tuple(rules), (), tuple(notes))


def _actions_on_s3(
    grant: ActionsGrant, actions: tuple[str, ...], uri: str, effect: Effect, partition: str
) -> tuple[list[Rule], set[str]]:
    """Place each action where it belongs: objects, the bucket's listing, or the bucket when the whole of it is named."""
    where = S3Location.parse(uri)
    objects, listing, bucket = set[str](), set[str](), set[str]()
    used: set[str] = set()
    for action in actions:
        found = [match for match in matching(action) if match.service == "s3"]
        lists = {match.full_name for match in found if "s3:prefix" in match.condition_keys}
        on_objects = any("object" in match.resource_types for match in found)
        on_bucket = (
            where.is_whole_bucket and not on_objects and any("bucket" in m.resource_types for m in found)
        )
        if on_objects:
            objects.add(action)
        if on_bucket:
            bucket.add(action)
        else:
            listing |= lists
        if on_objects or on_bucket or lists:
            used.add(action)
    rules = _s3_rules(
        grant, uri, effect, partition, written=frozenset(objects), listing=frozenset(listing), as_written=True
    )
    if bucket:
        rules.append(_rule(grant, effect, where.bucket_arn(partition), written=frozenset(bucket)))
    return rules, used


# --- raw documents


def _document_meaning(grant: DocumentGrant, effect: Effect) -> Meaning:
    if effect == "Deny" and any(statement.effect == "Allow" for statement in grant.document.statements):
        raise LeastkeyError(
            "spec-invalid",
            f"`{grant.path}` stands under `deny` and holds a statement that allows",
            why="a document is taken over as it is",
            remedy=f"make every statement of {grant.path} a Deny, or move the line to `allow`",
            place=str(grant.place),
        )
    statements = (_taken(statement, grant.document.version) for statement in grant.document.statements)
    taken = tuple(Placed(statement, frozenset({grant.place})) for statement in statements)
    return Meaning(taken=taken, cautions=tuple(cautions.of_document(grant)))


def _taken(statement: Statement, version: str) -> Statement:
    """Take a statement over without its Sid, which must be unique in a policy and means nothing.

    Before version 2012-10-17 `${...}` was plain text: keep it so.
    """
    statement = replace(statement, sid=None)
    if version == "2012-10-17":
        return statement
    return replace(
        statement,
        resources=_literal(statement.resources),
        not_resources=_literal(statement.not_resources),
        conditions=tuple(
            Condition(condition.operator, condition.key, _literal(condition.values))
            for condition in statement.conditions
        ),
    )


def _literal(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value.replace("${", "${$}{") for value in values)


# --- shared


def _rule(
    grant: LevelGrant | ActionsGrant,
    effect: Effect,
    resource: str,
    *,
    levelled: frozenset[str] = _NOTHING,
    written: frozenset[str] = _NOTHING,
    more: tuple[Condition, ...] = (),
) -> Rule:
    return Rule(effect, resource, ordered((*grant.when, *more)), levelled, written, grant.place)


def _s3_rules(
    grant: LevelGrant | ActionsGrant,
    uri: str,
    effect: Effect,
    partition: str,
    *,
    objects: frozenset[str] = _NOTHING,
    written: frozenset[str] = _NOTHING,
    listing: frozenset[str] = _NOTHING,
    as_written: bool = False,
) -> list[Rule]:
    where = S3Location.parse(uri)
    rules: list[Rule] = []
    if objects or written:
        rules.append(_rule(grant, effect, where.objects_arn(partition), levelled=objects, written=written))
    if listing:
        limits = where.listing_conditions()
        _no_double(grant.when, limits, grant.place)
        levelled, plain = (_NOTHING, listing) if as_written else (listing, _NOTHING)
        rules.append(
            _rule(grant, effect, where.bucket_arn(partition), levelled=levelled, written=plain, more=limits)
        )
    return rules


def _refuse_strangers(grant: LevelGrant | ActionsGrant) -> None:
    for target in grant.on:
        if target == "*" or target.startswith(SCHEME):
            continue
        try:
            Arn.parse(target)
        except ValueError as fault:
            raise LeastkeyError("spec-invalid", str(fault), place=str(grant.place)) from None


def _no_double(when: tuple[Condition, ...], limits: tuple[Condition, ...], place: Place) -> None:
    """Refuse a condition that would have to stand twice under one operator."""
    ours = {(limit.operator.lower(), limit.key.lower()) for limit in limits}
    if any((condition.operator.lower(), condition.key.lower()) in ours for condition in when):
        raise LeastkeyError(
            "spec-invalid",
            "`when` sets `s3:prefix`, which `on: s3://...` sets already",
            remedy="name the narrower prefix in `on:`",
            place=str(place),
        )


def _takes(action: CatalogAction, target: str) -> bool:
    """Say whether an action can be limited to a resource; every action takes `*`."""
    if target == "*":
        return True
    kinds = types_of(action.service, target)
    return any(kind.lower() in kinds for kind in action.resource_types)


def _is_possible(action: str, target: str) -> bool:
    """Say whether an action as written can ever match on a resource; what the catalogue does not know may."""
    found = matching(action)
    return not found or any(_takes(match, target) for match in found)


def _common_cautions(
    grant: LevelGrant | ActionsGrant, effect: Effect, partition: str, actions: Iterable[CatalogAction]
) -> list[Caution]:
    actions = tuple(actions)
    notes = [*cautions.of_partition(grant, partition), *cautions.of_conditions(grant, effect, actions)]
    if effect == "Allow":
        notes += cautions.of_wide_write(grant, actions)
    return notes
