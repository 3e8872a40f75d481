"""What one request needs permission for: an action on a resource, with the condition keys of that pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leastkey.evaluate.request import Context

__all__ = ["Authorization", "UnjudgedError"]


class UnjudgedError(Exception):
    """A name that could be read as another resource than the one that would be touched. Nobody gets through."""

    def __init__(self, name: str) -> None:
        super().__init__("a name that the sandbox does not judge")
        self.name = name


@dataclass(frozen=True, slots=True)
class Authorization:
    """One action on one resource.

    `account` owns the resource, "" where nobody does yet. `context` holds the keys that belong to this pair, beside
    the request's own. `unresolved` is set when the resource could not be told from the request: the action is then
    authorized against `*`, and an Allow that names resources does not match. `open_keys` are condition keys (lower case)
    that AWS would have and the request does not tell.
    """

    action: str
    resource: str
    account: str
    context: Context = field(default_factory=dict)
    unresolved: bool = False
    open_keys: frozenset[str] = frozenset()
