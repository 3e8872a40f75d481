"""What the user shall know before saying yes: wide grants, what was left out, and what would tighten each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.compile.levels import matching
from leastkey.compile.wanted import Caution
from leastkey.compile.words import joined
from leastkey.iam.arn import Arn
from leastkey.iam.catalog import service_catalog
from leastkey.spec.model import ActionsGrant, LevelGrant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from leastkey.iam.catalog import CatalogAction
    from leastkey.iam.statement import Condition, Effect, Statement
    from leastkey.spec.model import DocumentGrant, ManagedGrant, Place

__all__ = [
    "of_conditions",
    "of_document",
    "of_full",
    "of_idle",
    "of_left_out",
    "of_listing_gap",
    "of_managed",
    "of_partition",
    "of_size",
    "of_wide_write",
    "of_written",
]

_SHOWN: Final = 5
_WIDE_MANAGED: Final = ("AdministratorAccess", "PowerUserAccess")
_CHANGING: Final = ("write", "tagging", "permissions")
_PER_RESOURCE_KEYS: Final = ("aws:resourcetag/", "aws:requesttag/", "aws:tagkeys")
"""The global keys that AWS sends only with some actions."""


def of_full(grant: LevelGrant) -> tuple[Caution, ...]:
    """Say that `full` is every action of the service."""
    return (_full_access(f"{grant.service}:*", grant.place),)


def of_written(
    grant: ActionsGrant, actions: Sequence[str], matched: Iterable[CatalogAction]
) -> tuple[Caution, ...]:
    """Say which written actions are a whole service or more, and which wildcards reach permissions management."""
    whole = [action for action in actions if _is_whole(action)]
    if whole:
        return tuple(_full_access(action, grant.place) for action in whole)
    exact = {action.lower() for action in actions}
    reached = [
        action.full_name
        for action in matched
        if action.level == "permissions" and action.full_name.lower() not in exact
    ]
    if not reached:
        return ()
    return (
        Caution(
            "wildcard-permissions",
            f"a wildcard reaches {_shown(reached)}, which change permissions",
            "name the actions one by one",
            grant.place,
        ),
    )


def of_managed(grant: ManagedGrant) -> tuple[Caution, ...]:
    """Say that a managed policy is wide by its name."""
    name = grant.name.rsplit("/", 1)[-1]
    if not name.endswith("FullAccess") and name not in _WIDE_MANAGED:
        return ()
    return (
        Caution(
            "managed-full-access",
            f"the AWS-managed policy `{name}` allows far more than a script needs",
            "replace it by levels on the script's own resources, such as `- s3: [list, read]` with `on: s3://BUCKET/PREFIX/`",
            grant.place,
        ),
    )


def of_left_out(
    grant: LevelGrant, effect: Effect, actions: Sequence[CatalogAction], *, grants_nothing: bool
) -> tuple[Caution, ...]:
    """Say which actions of the levels cannot be limited to the resources, so that they are not in the policy."""
    if not actions and not grants_nothing:
        return ()
    verb = "allows" if effect == "Allow" else "denies"
    levels = joined([f"`{level}`" for level in grant.levels])
    if not actions:
        return (
            Caution(
                "no-effect",
                f"`{grant.service}` has no action of level {levels} here: the line {verb} nothing",
                "name another level, or remove the line",
                grant.place,
            ),
        )
    # What a script misses first is reading: those stand in front.
    by_use = sorted(actions, key=lambda action: action.level not in ("list", "read"))
    star_only = [action.full_name for action in by_use if not action.resource_types]
    others = [action.full_name for action in by_use if action.resource_types]
    parts = [
        f"{len(names)} {why} ({_first(names)})"
        for names, why in ((star_only, "take only `*`"), (others, "work on other resources"))
        if names
    ]
    fate = "they are NOT allowed" if effect == "Allow" else "they are NOT denied"
    tail = f"{fate}, and the line {verb} nothing" if grants_nothing else fate
    return (
        Caution(
            "no-effect" if grants_nothing else "left-out",
            f"{len(actions)} {grant.service} actions of level {levels} cannot be limited to {joined(grant.on)}: "
            f"{', '.join(parts)}; {tail}",
            f"what the script needs of them: `- actions: [{_first(star_only or others)}]`"
            + (" without `on:`" if star_only else " with an `on:` of their own"),
            grant.place,
        ),
    )


def of_idle(grant: ActionsGrant, effect: Effect, actions: Sequence[str]) -> tuple[Caution, ...]:
    """Say which written actions can never match on any of the line's resources."""
    if not actions:
        return ()
    verb = "allows" if effect == "Allow" else "denies"
    return (
        Caution(
            "no-effect",
            f"{_shown(actions)} cannot be limited to {joined(grant.on)}: the line {verb} nothing for them",
            f"`- actions: [{_first(actions)}]` without `on:`, or with the resource they work on",
            grant.place,
        ),
    )


def of_conditions(
    grant: LevelGrant | ActionsGrant, effect: Effect, actions: Sequence[CatalogAction]
) -> tuple[Caution, ...]:
    """Say which actions never come with a key that `when` asks for: a plain condition on them is never true."""
    found = []
    verb = "allow" if effect == "Allow" else "deny"
    for condition in grant.when:
        names = [action.full_name for action in actions if _never_sent(condition, action)]
        if names:
            found.append(
                Caution(
                    "condition-unknown",
                    f"AWS does not send `{condition.key}` with {_shown(names)}: the line does not {verb} them",
                    "move them to a line of their own without this condition",
                    grant.place,
                )
            )
    return tuple(found)


def of_partition(grant: LevelGrant | ActionsGrant, partition: str) -> tuple[Caution, ...]:
    """Say that an ARN lies in another partition than the account."""
    strange = [text for text in grant.on if text.startswith("arn:") and not _is_in(text, partition)]
    if not strange:
        return ()
    return (
        Caution(
            "other-partition",
            f"{_shown(strange)} lies in another partition than the account, `{partition}`",
            f"begin the ARN with `arn:{partition}:`",
            grant.place,
        ),
    )


def of_wide_write(grant: LevelGrant | ActionsGrant, actions: Sequence[CatalogAction]) -> tuple[Caution, ...]:
    """Say that changing actions stand on every resource although they could be limited."""
    if (grant.on and "*" not in grant.on) or any(
        "resourcetag/" in condition.key.lower() for condition in grant.when
    ):
        return ()
    if isinstance(grant, ActionsGrant) and any(_is_whole(action) for action in grant.actions):
        return ()
    return _wide_write(actions, grant.place)


def of_document(grant: DocumentGrant) -> tuple[Caution, ...]:
    """Say what is wide in a raw document."""
    found: list[Caution] = []
    for statement in grant.document.statements:
        if statement.effect == "Allow":
            found += _of_statement(statement, grant)
    return tuple(dict.fromkeys(found))


def of_listing_gap(grant: LevelGrant) -> tuple[Caution, ...]:
    """Say that a denied prefix still shows in a listing of what lies above it."""
    return (
        Caution(
            "listing-gap",
            f"listing a parent of {joined(grant.on)} still shows the names below it: S3 checks the prefix asked for",
            "keep the names that must stay hidden under a prefix outside of what `allow` lists",
            grant.place,
        ),
    )


def of_size(what: str, characters: int, policies: int, place: Place) -> Caution:
    """Say what a level spelled out costs."""
    return Caution(
        "size",
        f"{what} spelled out costs {characters:,} characters, the identity needs {policies} policies",
        "name the actions the script calls: `- actions: [SERVICE:ACTION, ...]`",
        place,
    )


def _of_statement(statement: Statement, grant: DocumentGrant) -> list[Caution]:
    if statement.not_actions:
        return [_full_access(f"everything but {_shown(statement.not_actions)}", grant.place)]
    whole = [action for action in statement.actions if _is_whole(action)]
    if whole:
        return [_full_access(action, grant.place) for action in whole]
    if "*" not in statement.resources or statement.conditions:
        return []
    return list(
        _wide_write([found for action in statement.actions for found in matching(action)], grant.place)
    )


def _wide_write(actions: Sequence[CatalogAction], place: Place) -> tuple[Caution, ...]:
    names = [action.full_name for action in actions if action.level in _CHANGING and action.resource_types]
    if not names:
        return ()
    return (
        Caution(
            "wide-write",
            f"{_shown(names)} may change every resource of the account",
            "name the resources: `on: ARN`",
            place,
        ),
    )


def _full_access(what: str, place: Place) -> Caution:
    return Caution(
        "full-access",
        f"`{what}` allows everything in it, now and whatever AWS adds: deleting and changing permissions too",
        "name levels and resources: `[list, read]` with `on:`, or the actions the script calls",
        place,
    )


def _is_whole(action: str) -> bool:
    """Say whether an action is a whole service or more: `ec2:*`, `*`, `*:*`."""
    service, _, name = action.partition(":")
    return "*" in service or (name != "" and not name.strip("*"))


def _is_in(text: str, partition: str) -> bool:
    found = Arn.parse(text).partition
    return "*" in found or "?" in found or found == partition


def _never_sent(condition: Condition, action: CatalogAction) -> bool:
    """Say whether a plain condition can never be true for an action."""
    operator, key = condition.operator.lower(), condition.key.lower()
    if (
        operator == "null"
        or operator.endswith("ifexists")
        or "not" in operator
        or operator.startswith("forall")
    ):
        return False
    if key.startswith("aws:") and not key.startswith(_PER_RESOURCE_KEYS):
        return False
    kinds = service_catalog(action.service).resource_types
    sent = {*action.condition_keys}.union(
        *(kinds[kind.lower()].condition_keys for kind in action.resource_types)
    )
    return all(name.lower().split("/", 1)[0] != key.split("/", 1)[0] for name in sent)


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _shown(names: Sequence[str]) -> str:
    if len(names) <= _SHOWN:
        return joined(names)
    return f"{', '.join(names[:_SHOWN])} and {len(names) - _SHOWN} more"
