"""Fixed AWS limits that the pure ring needs. Live quotas come from GetAccountSummary.

Source: IAM User Guide, "IAM and AWS STS quotas".
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ACCESS_KEYS_PER_USER",
    "ATTACHED_POLICIES_PER_ROLE",
    "DESCRIPTION_CHARACTERS",
    "MANAGED_POLICY_CHARACTERS",
    "POLICY_VERSIONS",
    "PROPAGATION_SECONDS",
    "ROLE_SECONDS_MIN",
    "SESSION_POLICY_CHARACTERS",
    "SESSION_SECONDS_MAX",
    "SESSION_SECONDS_MIN",
    "TAGS_PER_ENTITY",
    "TRUST_POLICY_CHARACTERS",
    "USER_INLINE_CHARACTERS",
]

MANAGED_POLICY_CHARACTERS: Final = 6_144
"""Characters of a customer managed policy, white space not counted."""
USER_INLINE_CHARACTERS: Final = 2_048
"""Characters of all inline policies of one user together."""
TRUST_POLICY_CHARACTERS: Final = 2_048
SESSION_POLICY_CHARACTERS: Final = 2_048
"""Characters of the policy that a session is narrowed by; a packed form of it has a limit of its own, which AWS tells."""
ATTACHED_POLICIES_PER_ROLE: Final = 10
"""The default; GetAccountSummary gives the account's own figure."""
POLICY_VERSIONS: Final = 5
ACCESS_KEYS_PER_USER: Final = 2
TAGS_PER_ENTITY: Final = 50
DESCRIPTION_CHARACTERS: Final = 1_000
SESSION_SECONDS_MIN: Final = 900
SESSION_SECONDS_MAX: Final = 43_200
ROLE_SECONDS_MIN: Final = 3_600
"""A role's MaxSessionDuration is never under one hour."""
PROPAGATION_SECONDS: Final = 60.0
"""How long a change is waited for until every server of AWS should know of it. AWS names no figure.

Source: IAM User Guide, "Troubleshoot IAM" ("Changes that I make are not always immediately visible").
"""
