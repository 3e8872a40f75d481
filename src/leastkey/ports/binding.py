"""A binding: which identity this computer serves, which key it uses, and the names that its state goes by.

The credential helper loads this before every session it mints, so it stands apart from the rest of `local`.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.iam.arn import AccountId, Arn
    from leastkey.iam.credentials import AccessKeyId

__all__ = ["Binding", "BindingKey", "account_at", "binding_id", "vault_entry"]


def account_at(account: str, endpoint: str | None) -> str:
    """Give an account at an endpoint as the names of locks and vault entries hold it."""
    return f"{account}/{endpoint or 'aws'}"


def vault_entry(account: str, endpoint: str | None, user: str, key: str) -> str:
    """Give the name under which a key's secret lies in the vault."""
    return f"{account_at(account, endpoint)}/{user}/{key}"


class BindingKey(NamedTuple):
    """What local state is keyed by. `endpoint` is None for AWS's own, `sandbox` for target sandbox, else the URL."""

    account: AccountId
    endpoint: str | None
    project: str
    identity: str


def binding_id(key: BindingKey) -> str:
    """Give the short stable name of a binding: file names, the session cache and the profile's command use it."""
    parts = json.dumps([key.account, key.endpoint, key.project, key.identity])
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


class Binding(NamedTuple):
    """One identity on this computer: the pointer to its key in use, and what the broker needs. No secret.

    `access_key` is the pointer: None until a key is stored and proved. `profile` is the section written for it,
    in `config_file`. `vault` names the vault that holds the secret. `endpoint_url` is where STS is asked, None for
    AWS's own.
    """

    key: BindingKey
    partition: str
    region: str
    target: Literal["aws", "sandbox"]
    endpoint_url: str | None
    role: Arn
    user: str
    access_key: AccessKeyId | None
    vault: str
    session_seconds: int
    profile: str | None
    config_file: str | None
    updated: datetime
