"""What was decided on the way of one request, kept so that it can be explained later.

What is kept are the inputs: the question and the policies as they were. They are values, so that keeping them costs a
reference. A request that asks about very many resources keeps the first of them, and its denials.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from leastkey.evaluate.request import NamedDocument, Policies, Request

__all__ = ["Decided", "begin", "note"]

_KEPT: Final = 32
_KEPT_DENIED: Final = 64


@dataclass(frozen=True, slots=True)
class Decided:
    """One question, the policies it was put to, and whether it was allowed."""

    request: Request
    policies: Policies
    is_allowed: bool
    trust: NamedDocument | None = None
    """The trust policy of the role, where the question is whether it may be assumed."""


_OF_REQUEST: Final[ContextVar[list[Decided] | None]] = ContextVar("decided", default=None)


def begin() -> list[Decided]:
    """Begin to keep what is decided in this thread, until the next request begins; gives the list it goes to."""
    found: list[Decided] = []
    _OF_REQUEST.set(found)
    return found


def note(
    request: Request, policies: Policies, *, is_allowed: bool, trust: NamedDocument | None = None
) -> None:
    """Keep one decision of the request that is on its way."""
    kept = _OF_REQUEST.get()
    if kept is not None and len(kept) < (_KEPT if is_allowed else _KEPT_DENIED):
        kept.append(Decided(request, policies, is_allowed, trust))
