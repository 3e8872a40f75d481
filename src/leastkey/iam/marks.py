"""How an entity in IAM shows that it is ours: the path it lies under, and its tags.

Path and project tag together say whose it is (`plan/ownership.py`).
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "IDENTITY_TAG",
    "OLDER_SESSIONS_POLICY",
    "OPERATION_TAG",
    "OUR_PATH",
    "PROJECT_TAG",
    "REVOKED_POLICY",
    "SETTINGS_TAG",
    "path_of",
]

OUR_PATH: Final = "/leastkey/"
"""What the path of every project's entities begins with."""

PROJECT_TAG: Final = "leastkey:project"
IDENTITY_TAG: Final = "leastkey:identity"
"""The identity of the spec that an entity was made for."""
SETTINGS_TAG: Final = "leastkey:settings"
"""On a role: a digest that stands for what the account's dump leaves out."""
OPERATION_TAG: Final = "leastkey:op"
"""On a user or role: the run that made it, or that last made a key for it."""
REVOKED_POLICY: Final = "leastkey-revoked"
"""The inline policy that denies everything to a user or role whose identity is revoked, and says so to every computer."""
OLDER_SESSIONS_POLICY: Final = "AWSRevokeOlderSessions"
"""The inline policy that cuts a role's or user's sessions given out before a moment; AWS's console gives it this name too."""


def path_of(project: str) -> str:
    """Give the IAM path of a project's entities."""
    return f"{OUR_PATH}{project}/"
