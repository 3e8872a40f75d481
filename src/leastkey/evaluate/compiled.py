"""Documents compiled once: statements as matchers, indexed by service, the matching ones remembered by action.

The caches are bounded and hold nothing but what follows from the documents themselves.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from leastkey.evaluate.statement import CompiledStatement

if TYPE_CHECKING:
    from leastkey.iam.document import PolicyDocument

__all__ = ["CompiledDocument", "compiled"]

_DOCUMENTS: Final = 2_048
_ACTIONS: Final = 1_024

Speaking = tuple[tuple[CompiledStatement, ...], tuple[CompiledStatement, ...]]
"""The Deny and the Allow statements that speak of one action."""


class CompiledDocument:
    """A policy document, ready to be asked."""

    __slots__ = ("_by_action", "_by_service", "_everywhere", "statements")

    def __init__(self, document: PolicyDocument) -> None:
        self.statements = tuple(
            CompiledStatement(statement, index, document.version)
            for index, statement in enumerate(document.statements)
        )
        self._everywhere = tuple(statement for statement in self.statements if statement.services is None)
        services = {service for statement in self.statements for service in statement.services or ()}
        self._by_service = {
            service: tuple(
                statement
                for statement in self.statements
                if statement.services is None or service in statement.services
            )
            for service in services
        }
        self._by_action: dict[str, Speaking] = {}

    def speaking_of(self, action: str, service: str) -> Speaking:
        """Give the Deny and the Allow statements whose action element matches."""
        known = self._by_action.get(action)
        if known is not None:
            return known
        found = [
            statement
            for statement in self._by_service.get(service, self._everywhere)
            if statement.speaks_of(action)
        ]
        result: Speaking = (
            tuple(statement for statement in found if statement.effect == "Deny"),
            tuple(statement for statement in found if statement.effect == "Allow"),
        )
        if len(self._by_action) >= _ACTIONS:
            self._by_action.clear()
        self._by_action[action] = result
        return result


_by_identity: dict[int, tuple[PolicyDocument, CompiledDocument]] = {}


def compiled(document: PolicyDocument) -> CompiledDocument:
    """Give the compiled form of a document: at once for the same object, without compiling again for an equal one."""
    known = _by_identity.get(id(document))
    if known is not None and known[0] is document:
        return known[1]
    result = _by_value(document)
    if len(_by_identity) >= _DOCUMENTS:
        _by_identity.clear()
    # The document is held with its compiled form, so that its id stays its own.
    _by_identity[id(document)] = (document, result)
    return result


@lru_cache(maxsize=_DOCUMENTS)
def _by_value(document: PolicyDocument) -> CompiledDocument:
    return CompiledDocument(document)
