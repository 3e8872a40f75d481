"""Access keys and temporary security credentials, each with its secret wrapped.

Source: IAM User Guide, "Manage access keys for IAM users"; "Temporary security credentials in IAM".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.iam.arn import AccountId
    from leastkey.secret import Secret

__all__ = ["AccessKey", "AccessKeyId", "SessionCredentials", "process_document", "shown"]

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


def process_document(session: SessionCredentials, account: AccountId) -> str:
    """Give the JSON that `credential_process` prints. It holds the session's secrets: it goes to a pipe or the cache only.

    Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
    """
    return json.dumps(
        {
            "Version": 1,
            "AccessKeyId": session.id,
            "SecretAccessKey": session.secret.reveal(),
            "SessionToken": session.token.reveal(),
            "Expiration": session.expiration.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "AccountId": account,
        }
    )
