"""The session layer: policies passed when a session was made. Several count as one; they grant nothing themselves.

Source: IAM User Guide, "Session policies".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.evaluate.identity import PRINCIPALS
from leastkey.evaluate.layer import NOT_APPLICABLE, Outcome, ask

if TYPE_CHECKING:
    from leastkey.evaluate.asked import Asked
    from leastkey.evaluate.layers import Layers
    from leastkey.evaluate.truth import Reading

__all__ = ["session"]


def session(asked: Asked, layers: Layers, reading: Reading, *, briefly: bool) -> Outcome:
    """Ask the session policies."""
    if layers.session is None or asked.principal.type not in PRINCIPALS:
        return NOT_APPLICABLE
    return ask(layers.session, asked, reading, briefly=briefly)
