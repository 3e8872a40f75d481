"""What one layer of policies says of a request: which statements deny, which allow, how strong the grant is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from leastkey.evaluate.compiled import compiled
from leastkey.evaluate.near import Near
from leastkey.evaluate.principals import DELEGATES, NO_GRANT, Grant
from leastkey.evaluate.request import ALLOWS, EXPLICIT_DENY, IMPLICIT_DENY, LayerResult
from leastkey.evaluate.truth import all_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from leastkey.evaluate.asked import Asked
    from leastkey.evaluate.request import NamedDocument
    from leastkey.evaluate.statement import CompiledStatement
    from leastkey.evaluate.truth import Reading, Truth

__all__ = ["NOT_APPLICABLE", "Hit", "Layer", "Outcome", "ask", "each"]

_ACTIONS: Final = 1_024

Hit = tuple[str, "CompiledStatement"]
"""A statement that matched, with the name of its policy."""


class Outcome(NamedTuple):
    """One layer's answer. `grant` says what its Allow does by itself; outside resource policies it only delegates."""

    result: LayerResult
    denies: tuple[Hit, ...] = ()
    allows: tuple[Hit, ...] = ()
    grant: Grant = NO_GRANT


NOT_APPLICABLE: Final = Outcome(LayerResult.NOT_APPLICABLE)
_NOTHING: Final = Outcome(IMPLICIT_DENY)


class Layer:
    """Documents that count as one, ready to be asked.

    What speaks of an action is looked for when it is asked for, and from the second time on looked up, within bounds.
    """

    __slots__ = ("_by_action", "documents")

    def __init__(self, documents: tuple[NamedDocument, ...]) -> None:
        self.documents = documents
        self._by_action: dict[str, tuple[Near[Hit], Near[Hit]] | None] = {}

    def speaking_to(self, asked: Asked) -> tuple[Sequence[Hit], Sequence[Hit]]:
        """Give the Deny and the Allow statements that speak of the action and can concern the resource."""
        action, known = asked.action, self._by_action
        # Another thread may empty it between two looks.
        near = known.get(action)
        if near is None and action not in known:
            if len(known) >= _ACTIONS:
                known.clear()
            known[action] = None
            return _parted(
                (document.name, statement)
                for document in self.documents
                for statement in compiled(document.document).concerning(asked)
            )
        if near is None:
            denying, allowing = _parted(
                (document.name, statement)
                for document in self.documents
                for statement in compiled(document.document).speaking_of(action)
            )
            near = known[action] = (_near(denying), _near(allowing))
        return near[0].to(asked), near[1].to(asked)


def _parted(hits: Iterable[Hit]) -> tuple[list[Hit], list[Hit]]:
    """Part hits into those that deny and those that allow."""
    denying: list[Hit] = []
    allowing: list[Hit] = []
    for hit in hits:
        (denying if hit[1].effect == "Deny" else allowing).append(hit)
    return denying, allowing


def _near(hits: list[Hit]) -> Near[Hit]:
    return Near(tuple(hits), [statement.resource_patterns for _, statement in hits])


def ask(
    layer: Layer,
    asked: Asked,
    reading: Reading,
    *,
    briefly: bool,
    enough: Grant = DELEGATES,
    account: Truth = True,
) -> Outcome:
    """Ask the documents of a layer.

    `briefly` stops at the first Deny and at the first Allow whose grant is `enough`. `account` says whether an Allow that
    names the caller's account speaks of the caller.
    """
    denying, allowing = layer.speaking_to(asked)
    denies = _denying(denying, asked, reading, briefly=briefly) if denying else ()
    if denies and briefly:
        return Outcome(EXPLICIT_DENY, denies)
    if not allowing:
        return Outcome(EXPLICIT_DENY, denies) if denies else _NOTHING
    allows, grant = _allowing(allowing, asked, reading, enough=enough if briefly else None, account=account)
    if denies:
        return Outcome(EXPLICIT_DENY, denies, allows, grant)
    return Outcome(ALLOWS, (), allows, grant) if allows else _NOTHING


def each(outcomes: Iterable[Outcome]) -> Outcome:
    """Put outcomes together that must all allow: levels of an organization, several boundaries."""
    found = tuple(outcomes)
    denies = tuple(hit for outcome in found for hit in outcome.denies)
    allows = tuple(hit for outcome in found for hit in outcome.allows)
    if denies:
        return Outcome(EXPLICIT_DENY, denies, allows)
    if all(outcome.result is ALLOWS for outcome in found):
        return Outcome(ALLOWS, (), allows, DELEGATES)
    return Outcome(IMPLICIT_DENY, (), allows)


def _denying(hits: Sequence[Hit], asked: Asked, reading: Reading, *, briefly: bool) -> tuple[Hit, ...]:
    found: list[Hit] = []
    for hit in hits:
        if reading.settle(_matches(hit[1], asked, account=True)[0], "Deny"):
            found.append(hit)
            if briefly:
                break
    return tuple(found)


def _allowing(
    hits: Sequence[Hit], asked: Asked, reading: Reading, *, enough: Grant | None, account: Truth
) -> tuple[tuple[Hit, ...], Grant]:
    """Collect the Allows, up to one whose grant is `enough`."""
    found: list[Hit] = []
    grant = NO_GRANT
    for hit in hits:
        truth, strength = _matches(hit[1], asked, account=account)
        if reading.settle(truth, "Allow"):
            found.append(hit)
            grant = max(grant, strength)
            if enough is not None and grant >= enough:
                break
    return tuple(found), grant


def _matches(statement: CompiledStatement, asked: Asked, *, account: Truth) -> tuple[Truth, Grant]:
    """Say whether the statement matches, the action being known to, and how strong its grant is."""
    who, grant = statement.principal(asked)
    if account is not True and who is True and grant is DELEGATES:
        who = account
    if who is False:
        return False, NO_GRANT
    applies = statement.applies(asked)
    return (applies if who is True else all_of((who, applies))), grant
