"""Condition keys that policies ask for and nobody here can tell: what they could keep out does not get in.

A key that AWS would set and the sandbox does not is no absent key. A request is let through only where it is allowed
with every Allow that asks for such a key left out, and with every Deny that asks for one taken without that condition.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from leastkey.evaluate.compiled import compiled
from leastkey.evaluate.request import NamedDocument, Policies
from leastkey.iam import catalog
from leastkey.iam.document import PolicyDocument
from leastkey.sandbox.resolve.condition_keys_other import is_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leastkey.iam.statement import Statement
    from leastkey.sandbox.resolve.authorization import Authorization

__all__ = ["asked_keys", "narrowed", "open_keys"]

_VARIABLE: Final = re.compile(r"\$\{([^,}]+)")
_PLACE: Final = re.compile(r"\$\{[^}]*\}.*|tag-key$")


def asked_keys(policies: Policies, action: str) -> frozenset[str]:
    """Give the condition keys (lower case) that statements on an action ask for, in conditions and as variables."""
    folded = action.lower()
    return frozenset(
        key
        for _, each in policies.by_layer()
        for statement in compiled(each.document).speaking_of(folded)
        for key in _keys_of(statement.source)
    )


@lru_cache(maxsize=4096)
def _keys_of(statement: Statement) -> frozenset[str]:
    texts = (
        *statement.resources,
        *statement.not_resources,
        *(v for c in statement.conditions for v in c.values),
    )
    variables = (found.lower() for text in texts for found in _VARIABLE.findall(text))
    return frozenset((*(each.key.lower() for each in statement.conditions), *variables))


def open_keys(needed: Authorization, asked: Iterable[str], *, knows_tags: bool) -> frozenset[str]:
    """Give those of the keys that AWS sets for the action and the sandbox does not."""
    service = needed.action.partition(":")[0]
    told = {key.lower() for key in needed.context}
    found = (
        key
        for key in asked
        if key not in told
        and not _is_told(key, service, knows_tags=knows_tags)
        and _is_of_action(key, needed.action)
    )
    return frozenset((*found, *(needed.open_keys & frozenset(asked))))


def _is_told(key: str, service: str, *, knows_tags: bool) -> bool:
    if key.startswith("aws:resourcetag/"):
        return knows_tags
    return key.startswith("aws:") or is_known(key, service)


def _is_of_action(key: str, action: str) -> bool:
    exact, families = _of_action(action)
    return key in exact or key.startswith(families)


@cache
def _of_action(action: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Give the keys of an action and of its resource types by the catalogue, and the heads of families of them."""
    service, _, name = action.partition(":")
    if not catalog.service_exists(service):
        return frozenset(), ()
    known = catalog.service_catalog(service)
    entry = known.actions.get(name.lower())
    if entry is None:
        return frozenset(), ()
    kinds = (known.resource_types.get(each.lower()) for each in entry.resource_types)
    keys = (
        *entry.condition_keys,
        *(key for kind in kinds if kind is not None for key in kind.condition_keys),
    )
    heads = {_PLACE.sub("", key).lower() for key in keys if _PLACE.search(key)}
    return frozenset(key.lower() for key in keys), tuple(sorted(heads))


def narrowed(policies: Policies, keys: frozenset[str]) -> Policies:
    """Give the policies in the narrowest reading of keys that cannot be told."""

    def of(documents: Iterable[NamedDocument]) -> tuple[NamedDocument, ...]:
        return tuple(_narrowed(each, keys) for each in documents)

    return Policies(
        identity=of(policies.identity),
        resource=None if policies.resource is None else _narrowed(policies.resource, keys),
        boundaries=of(policies.boundaries),
        sessions=of(policies.sessions),
        scps=tuple(of(level) for level in policies.scps),
        rcps=tuple(of(level) for level in policies.rcps),
        endpoints=of(policies.endpoints),
    )


def _narrowed(named: NamedDocument, keys: frozenset[str]) -> NamedDocument:
    document = named.document
    kept = tuple(_statements(document.statements, keys))
    return NamedDocument(named.name, PolicyDocument(kept, document.version, document.id))


def _statements(statements: Iterable[Statement], keys: frozenset[str]) -> Iterator[Statement]:
    for each in statements:
        if not keys & _keys_of(each):
            yield each
        elif each.effect == "Deny":
            left = tuple(
                c for c in each.conditions if c.key.lower() not in keys and not _varies(c.values, keys)
            )
            if _varies((*each.resources, *each.not_resources), keys):
                yield replace(each, conditions=left, resources=("*",), not_resources=())
            else:
                yield replace(each, conditions=left)


def _varies(values: Iterable[str], keys: frozenset[str]) -> bool:
    return any(found.lower() in keys for value in values for found in _VARIABLE.findall(value))
