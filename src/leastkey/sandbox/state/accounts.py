"""The sandbox's accounts, each made on first asking, with the access key of its root user."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

from leastkey.iam.arn import AccountId
from leastkey.iam.credentials import AccessKey, AccessKeyId
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEFAULT_ACCOUNT", "DEFAULT_REGION", "Accounts", "new_key", "random_text"]

DEFAULT_ACCOUNT: Final = AccountId("123456789012")
DEFAULT_REGION: Final = "us-east-1"

_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BASE64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def random_text(alphabet: str, length: int) -> str:
    """Give random characters of an alphabet whose size divides 256, so that none is likelier than another."""
    return "".join(alphabet[byte % len(alphabet)] for byte in os.urandom(length))


def new_key(prefix: str) -> AccessKey:
    """Mint a key as AWS shapes it: 20 characters of id, 40 of secret."""
    return AccessKey(
        AccessKeyId(prefix + random_text(_BASE32, 20 - len(prefix))), Secret(random_text(_BASE64, 40))
    )


class Accounts:
    """Accounts with their root keys; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[AccountId, AccessKey] = {}
        self._owners: dict[AccessKeyId, AccountId] = {}

    def all(self) -> tuple[AccountId, ...]:
        """Give every account, in the order they were made."""
        return tuple(self._keys)

    def has(self, account: str) -> bool:
        """Say whether an account exists."""
        return account in self._keys

    def ensure(self, account: AccountId) -> tuple[AccessKey, bool]:
        """Give an account's root key and whether the account was made just now."""
        with self._lock:
            known = self._keys.get(account)
            if known is not None:
                return known, False
            key = new_key("AKIA")
            self._keys[account] = key
            self._owners[key.id] = account
            return key, True

    def root_of(self, key_id: str) -> tuple[AccountId, AccessKey] | None:
        """Give account and root key for a root user's key id."""
        account = self._owners.get(AccessKeyId(key_id))
        return None if account is None else (account, self._keys[account])

    def drop(self, account: AccountId) -> None:
        """Forget an account."""
        with self._lock:
            key = self._keys.pop(account)
            del self._owners[key.id]

    def dump(self) -> dict[str, tuple[str, str]]:
        """Give the accounts for the snapshot, secrets in plain text."""
        return {account: (key.id, key.secret.reveal()) for account, key in self._keys.items()}

    def load(self, dumped: Mapping[str, tuple[str, str]]) -> None:
        """Take over the accounts of a snapshot, in place of what is here."""
        with self._lock:
            self._keys = {
                AccountId(account): AccessKey(AccessKeyId(key_id), Secret(secret))
                for account, (key_id, secret) in dumped.items()
            }
            self._owners = {key.id: account for account, key in self._keys.items()}
