"""What an identity can and cannot do, as sentences. They may say too much, never too little."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, assert_never

from leastkey.compile.s3 import SCHEME, S3Location
from leastkey.iam.catalog import service_catalog
from leastkey.spec.model import ActionsGrant, DocumentGrant, Level, LevelGrant, ManagedGrant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from leastkey.iam.statement import Condition
    from leastkey.spec.model import Boundary, Grant

__all__ = ["boundary_words", "grant_words", "joined", "service_words"]

_TITLES: Final = {
    "apigateway": "API Gateway",
    "cloudformation": "CloudFormation",
    "es": "OpenSearch",
    "execute-api": "API Gateway",
}
"""Where the catalogue's title belongs to another service of the same prefix."""

_VERBS: Final = {
    Level.LIST: "list",
    Level.READ: "read",
    Level.WRITE: "create, change and delete",
    Level.TAGGING: "tag and untag",
    Level.PERMISSIONS: "change the permissions of",
}
_OBJECT_VERBS: Final = _VERBS | {Level.WRITE: "write and delete"}
_RELATIONS: Final = {
    "stringequals": "is",
    "arnequals": "is",
    "bool": "is",
    "numericequals": "is",
    "stringlike": "is like",
    "arnlike": "is like",
    "ipaddress": "is in",
    "stringnotequals": "is not",
    "stringnotlike": "is not like",
    "notipaddress": "is not in",
}
_CAMEL: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")


def joined(parts: Iterable[str]) -> str:
    """Give `a, b and c`."""
    parts = list(parts)
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def grant_words(grant: Grant, levels: tuple[Level, ...]) -> tuple[str, ...]:
    """Give the sentences of one grant. `levels` are those that found an action on the grant's resources."""
    match grant:
        case LevelGrant():
            return _level_words(grant, levels)
        case ActionsGrant():
            return _actions_words(grant)
        case DocumentGrant():
            count = len(grant.document.statements)
            return (f"what {grant.path} says, {count} statement{'' if count == 1 else 's'}",)
        case ManagedGrant():
            return (f"what the AWS-managed policy {grant.name.rsplit('/', 1)[-1]} allows",)
        case _:
            assert_never(grant)


def boundary_words(boundary: Boundary) -> str:
    """Give the sentence about a permissions boundary."""
    if boundary.document is not None:
        return f"anything that the boundary {boundary.document.path} does not allow"
    return f"anything that the boundary {boundary.managed} does not allow"


def service_words(service: str) -> str:
    """Give a service's everyday name: `EC2`, `S3`, `DynamoDB`."""
    if service in _TITLES:
        return _TITLES[service]
    if len(service) <= 3:
        return service.upper()
    try:
        title = service_catalog(service).title
    except KeyError:
        return service
    return re.sub(r"^(Amazon|AWS) |\s*\([^)]*\)$", "", title)


def _level_words(grant: LevelGrant, levels: tuple[Level, ...]) -> tuple[str, ...]:
    if not levels:
        return ()
    locations = [target for target in grant.on if target.startswith(SCHEME)]
    arns = [target for target in grant.on if not target.startswith(SCHEME)]
    found = []
    if locations:
        verbs = "do everything with" if Level.FULL in levels else _verbs(levels, _OBJECT_VERBS)
        found.append(f"{verbs} {_objects(locations)}{_when(grant.when)}")
    if arns or not grant.on:
        on = "" if not arns or "*" in arns else f" on {joined(arns)}"
        found.append(f"{_service_verbs(grant.service, levels)}{on}{_when(grant.when)}")
    return tuple(found)


def _objects(locations: Sequence[str]) -> str:
    below = [uri for uri in locations if S3Location.parse(uri).keys.endswith("*")]
    single = [uri for uri in locations if uri not in below]
    return joined(
        [
            *([f"objects under {joined(below)}"] if below else []),
            *([f"the object {joined(single)}"] if single else []),
        ]
    )


def _service_verbs(service: str, levels: tuple[Level, ...]) -> str:
    name = service_words(service)
    if Level.FULL in levels:
        return f"do everything in {name}, deleting and changing permissions too"
    verbs = _VERBS | ({Level.LIST: "describe"} if _describes(service) else {})
    return f"{_verbs(levels, verbs)} {name} resources"


def _describes(service: str) -> bool:
    """Say whether a service's listing actions are mostly called `Describe...`."""
    names = [action.name for action in service_catalog(service).actions.values() if action.level == "list"]
    return sum(name.startswith("Describe") for name in names) * 2 > len(names)


def _verbs(levels: tuple[Level, ...], words: dict[Level, str]) -> str:
    """Give the verbs of some levels, from the least to the most."""
    parts = [part for level in words if level in levels for part in re.split(r", | and ", words[level])]
    return joined(parts)


def _actions_words(grant: ActionsGrant) -> tuple[str, ...]:
    by_service: dict[str, dict[str, list[str]]] = {}
    plain: list[str] = []
    for action in grant.actions:
        service, _, name = action.partition(":")
        verb, noun = _split(name)
        if not noun or "*" in service:
            plain.append(action)
        else:
            by_service.setdefault(service, {}).setdefault(verb, []).append(noun)
    phrases = [
        f"{verbs} {service_words(service)} {nouns}"
        for service, verbs_nouns in by_service.items()
        for verbs, nouns in _same_nouns(verbs_nouns)
    ]
    if plain:
        phrases.append(f"call {joined(plain)}")
    on = f" on {joined(grant.on)}" if grant.on and "*" not in grant.on else ""
    return tuple(f"{phrase}{on}{_when(grant.when)}" for phrase in phrases)


def _same_nouns(by_verb: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Put verbs that act on the same things together: `start and stop`, `instances`."""
    by_nouns: dict[str, list[str]] = {}
    for verb, nouns in by_verb.items():
        by_nouns.setdefault(joined(dict.fromkeys(nouns)), []).append(verb)
    return [(joined(verbs), nouns) for nouns, verbs in by_nouns.items()]


def _split(name: str) -> tuple[str, str]:
    """Split `DescribeInstances` into `describe` and `instances`; nothing comes of a wildcard or a single word."""
    words = _CAMEL.findall(name)
    if "".join(words) != name or len(words) < 2:
        return name, ""
    return words[0].lower(), " ".join(
        word if word.isupper() and len(word) > 1 else word.lower() for word in words[1:]
    )


def _when(conditions: tuple[Condition, ...]) -> str:
    if not conditions:
        return ""
    return f", when {joined(_condition(condition) for condition in conditions)}"


def _condition(condition: Condition) -> str:
    values = " or ".join(condition.values)
    relation = _RELATIONS.get(condition.operator.lower())
    if relation is None:
        return f"{condition.operator} {condition.key} {values}"
    return f"{condition.key} {relation} {values}"
