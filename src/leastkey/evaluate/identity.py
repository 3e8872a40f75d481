"""The identity layer: inline, attached and group policies of a user or role.

Source: IAM User Guide, "Policy evaluation logic"; "GetFederationToken - federation through a custom identity broker".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.evaluate.layer import NOT_APPLICABLE, Outcome, ask
from leastkey.evaluate.request import ALLOWS, IMPLICIT_DENY

if TYPE_CHECKING:
    from leastkey.evaluate.asked import Asked
    from leastkey.evaluate.layers import Layers
    from leastkey.evaluate.truth import Reading

__all__ = ["PRINCIPALS", "identity"]

PRINCIPALS: Final = frozenset({"user", "role", "session", "feduser"})
"""Callers that have identity policies; a boundary and session policies limit the same."""


def identity(asked: Asked, layers: Layers, reading: Reading, *, briefly: bool) -> Outcome:
    """Ask the identity policies."""
    if asked.principal.type not in PRINCIPALS:
        return NOT_APPLICABLE
    outcome = ask(layers.identity, asked, reading, briefly=briefly)
    if asked.principal.type == "feduser" and layers.session is None and outcome.result is ALLOWS:
        # Without a session policy a federated user has none of its user's permissions.
        return Outcome(IMPLICIT_DENY)
    return outcome
