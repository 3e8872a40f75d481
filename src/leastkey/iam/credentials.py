"""Access keys and temporary security credentials, each with its secret wrapped.

Source: IAM User Guide, "Manage access keys for IAM users"; "Temporary security credentials in IAM".
"""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Final, NamedTuple, NewType

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.iam.arn import AccountId
    from leastkey.secret import Secret

__all__ = [
    "ENVIRONMENT",
    "AccessKey",
    "AccessKeyId",
    "Names",
    "SessionCredentials",
    "handed_over",
    "process_document",
    "shown",
]

AccessKeyId = NewType("AccessKeyId", str)


class AccessKey(NamedTuple):
    """A long-lived key: its id and its secret."""

    id: AccessKeyId
    secret: Secret


class SessionCredentials(NamedTuple):
    """What AssumeRole gives: key id, secret, session token, and when they end (UTC)."""

    id: AccessKeyId
    secret: Secret
    token: Secret
    expiration: datetime


def shown(key_id: str) -> str:
    """Give a key id as people see it: its last four characters."""
    return f"...{key_id[-4:]}"


class Names(NamedTuple):
    """What a reader of credentials calls their parts. Without a name the end of the session is not told."""

    id: str
    secret: str
    token: str
    expiration: str | None = None


PROCESS: Final = Names("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
"""AWS SDKs and Tools Reference Guide, "Process credential provider"."""
ENVIRONMENT: Final = Names(
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION"
)
"""AWS CLI User Guide, "Environment variables"; botocore alone reads the last."""


def handed_over(credentials: AccessKey | SessionCredentials, names: Names) -> dict[str, str]:
    """Give credentials as their reader takes them: the one door through which they leave their wrappers whole.

    The answer holds secrets. It goes straight into a pipe, a child's environment, the cache or a signer.
    """
    secrets = {names.secret: credentials.secret}
    told = {names.id: str(credentials.id)}
    if isinstance(credentials, SessionCredentials):
        secrets[names.token] = credentials.token
        if names.expiration is not None:
            told[names.expiration] = credentials.expiration.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return told | {name: secret.reveal() for name, secret in secrets.items()}


def process_document(session: SessionCredentials, account: AccountId) -> str:
    """Give the JSON that `credential_process` prints. It holds the session's secrets: it goes to a pipe or the cache only.

    Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
    """
    return json.dumps({"Version": 1, **handed_over(session, PROCESS), "AccountId": account})
