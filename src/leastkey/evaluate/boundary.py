"""The boundary layer: what a user or role may have at most. It grants nothing itself.

Source: IAM User Guide, "Permissions boundaries for IAM entities".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.evaluate.identity import PRINCIPALS
from leastkey.evaluate.layer import NOT_APPLICABLE, Outcome, ask, each

if TYPE_CHECKING:
    from leastkey.evaluate.asked import Asked
    from leastkey.evaluate.layers import Layers
    from leastkey.evaluate.truth import Reading

__all__ = ["boundary"]


def boundary(asked: Asked, layers: Layers, reading: Reading, *, briefly: bool) -> Outcome:
    """Ask the boundary; were there several, each must allow."""
    if asked.principal.type not in PRINCIPALS:
        return NOT_APPLICABLE
    return each([ask(layer, asked, reading, briefly=briefly) for layer in layers.boundary])
