"""How often a loop of faults runs: a few rounds with the other tests, all of them under `make torture`."""

from __future__ import annotations

import os
from typing import Final

__all__ = ["TORTURE", "rounds"]

TORTURE: Final = os.environ.get("LEASTKEY_TORTURE") == "1"


def rounds(few: int, every: int) -> int:
    """Give the rounds of this run: `few` beside the other tests, `every` one under `make torture`."""
    return every if TORTURE else few
