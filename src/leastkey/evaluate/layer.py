"""What one layer of policies says of a request: which statements deny, which allow, how strong the grant is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leastkey.evaluate.compiled import compiled
from leastkey.evaluate.principals import Grant
from leastkey.evaluate.request import LayerResult
from leastkey.evaluate.truth import all_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leastkey.evaluate.asked import Asked
    from leastkey.evaluate.request import NamedDocument
    from leastkey.evaluate.statement import CompiledStatement
    from leastkey.evaluate.truth import Reading, Truth

__all__ = ["NOT_APPLICABLE", "Hit", "Outcome", "ask", "each"]

Hit = tuple[str, "CompiledStatement"]
"""A statement that matched, with the name of its policy."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One layer's answer. `grant` says what its Allow does by itself; outside resource policies it only delegates."""

    result: LayerResult
    denies: tuple[Hit, ...] = ()
    allows: tuple[Hit, ...] = ()
    grant: Grant = Grant.NONE


NOT_APPLICABLE: Final = Outcome(LayerResult.NOT_APPLICABLE)


def ask(
    documents: Iterable[NamedDocument],
    asked: Asked,
    reading: Reading,
    *,
    briefly: bool,
    enough: Grant = Grant.DELEGATES,
) -> Outcome:
    """Ask a set of documents that count as one.

    `briefly` stops at the first Deny and at the first Allow whose grant is `enough`.
    """
    speaking = [
        (document.name, *compiled(document.document).speaking_of(asked.action, asked.service))
        for document in documents
    ]
    denies = _denying(speaking, asked, reading, briefly=briefly)
    if denies and briefly:
        return Outcome(LayerResult.EXPLICIT_DENY, denies)
    allows, grant = _allowing(speaking, asked, reading, enough=enough if briefly else None)
    if denies:
        return Outcome(LayerResult.EXPLICIT_DENY, denies, allows, grant)
    if allows:
        return Outcome(LayerResult.ALLOWS, (), allows, grant)
    return Outcome(LayerResult.IMPLICIT_DENY)


def each(outcomes: Iterable[Outcome]) -> Outcome:
    """Put outcomes together that must all allow: levels of an organization, several boundaries."""
    found = tuple(outcomes)
    if not found:
        return NOT_APPLICABLE
    denies = tuple(hit for outcome in found for hit in outcome.denies)
    allows = tuple(hit for outcome in found for hit in outcome.allows)
    if denies:
        return Outcome(LayerResult.EXPLICIT_DENY, denies, allows)
    if all(outcome.result is LayerResult.ALLOWS for outcome in found):
        return Outcome(LayerResult.ALLOWS, (), allows, Grant.DELEGATES)
    return Outcome(LayerResult.IMPLICIT_DENY, (), allows)


_Speaking = list[tuple[str, tuple["CompiledStatement", ...], tuple["CompiledStatement", ...]]]


def _denying(speaking: _Speaking, asked: Asked, reading: Reading, *, briefly: bool) -> tuple[Hit, ...]:
    found: list[Hit] = []
    for name, statements, _ in speaking:
        for statement in statements:
            if reading.settle(_matches(statement, asked)[0], "Deny"):
                found.append((name, statement))
                if briefly:
                    return tuple(found)
    return tuple(found)


def _allowing(
    speaking: _Speaking, asked: Asked, reading: Reading, *, enough: Grant | None
) -> tuple[tuple[Hit, ...], Grant]:
    """Collect the Allows, up to one whose grant is `enough`."""
    found: list[Hit] = []
    grant = Grant.NONE
    for name, _, statements in speaking:
        for statement in statements:
            truth, strength = _matches(statement, asked)
            if reading.settle(truth, "Allow"):
                found.append((name, statement))
                grant = max(grant, strength)
                if enough is not None and grant >= enough:
                    return tuple(found), grant
    return tuple(found), grant


def _matches(statement: CompiledStatement, asked: Asked) -> tuple[Truth, Grant]:
    """Say whether the statement matches, the action being known to, and how strong its grant is."""
    who, grant = statement.principal(asked)
    if who is False:
        return False, Grant.NONE
    applies = statement.applies(asked)
    return (applies if who is True else all_of((who, applies))), grant
