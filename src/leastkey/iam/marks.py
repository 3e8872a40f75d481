"""How an entity in IAM shows that it is ours: the path it lies under, and its tags.

Path and project tag together say whose it is (`plan/ownership.py`).
"""

from __future__ import annotations

from typing import Final

__all__ = ["IDENTITY_TAG", "OPERATION_TAG", "OUR_PATH", "PROJECT_TAG", "SETTINGS_TAG", "path_of"]

OUR_PATH: Final = "/leastkey/"
"""What the path of every project's entities begins with."""

PROJECT_TAG: Final = "leastkey:project"
IDENTITY_TAG: Final = "leastkey:identity"
"""The identity of the spec that an entity was made for."""
SETTINGS_TAG: Final = "leastkey:settings"
"""On a role: a digest that stands for what the account's dump leaves out."""
OPERATION_TAG: Final = "leastkey:op"
"""On a user or role: the run that made it, or that last made a key for it."""


def path_of(project: str) -> str:
    """Give the IAM path of a project's entities."""
    return f"{OUR_PATH}{project}/"
