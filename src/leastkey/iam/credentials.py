"""Access keys and temporary security credentials, each with its secret wrapped.

Source: IAM User Guide, "Manage access keys for IAM users"; "Temporary security credentials in IAM".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.secret import Secret

__all__ = ["AccessKey", "AccessKeyId", "SessionCredentials", "shown"]

AccessKeyId = NewType("AccessKeyId", str)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A long-lived key: its id and its secret."""

    id: AccessKeyId
    secret: Secret


@dataclass(frozen=True, slots=True)
class SessionCredentials:
    """What AssumeRole gives: key id, secret, session token, and when they end (UTC)."""

    id: AccessKeyId
    secret: Secret
    token: Secret
    expiration: datetime


def shown(key_id: str) -> str:
    """Give a key id as people see it: its last four characters."""
    return f"...{key_id[-4:]}"
