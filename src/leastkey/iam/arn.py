"""Amazon Resource Names: parse, print and build.

Source: IAM User Guide, "IAM identifiers"; AWS General Reference, "Amazon Resource Names (ARNs)".
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, NewType

__all__ = [
    "ACCOUNT",
    "AccountId",
    "Arn",
    "policy_arn",
    "role_arn",
    "root_arn",
    "session_arn",
    "user_arn",
]

AccountId = NewType("AccountId", str)
"""Twelve digits, as text: leading zeros count."""

ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)


class Arn(NamedTuple):
    """`arn:partition:service:region:account:resource`; the resource keeps its colons and slashes."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Split at the first five colons. Raises ValueError when there are fewer or it does not begin with `arn`."""
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn":  # six parts by definition
            raise ValueError(f"`{text}` is no ARN: six parts, the first `arn`, are separated by colons")
        return cls(*parts[1:])

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"

    @property
    def name(self) -> str:
        """The part after the last slash: an IAM entity's name without its path."""
        return self.resource.rsplit("/", 1)[-1]


def root_arn(partition: str, account: AccountId) -> Arn:
    """Give the ARN that stands for a whole account in a Principal."""
    return Arn(partition, "iam", "", account, "root")


def user_arn(partition: str, account: AccountId, path: str, name: str) -> Arn:
    """Give a user's ARN; `path` begins and ends with a slash."""
    return Arn(partition, "iam", "", account, f"user{path}{name}")


def role_arn(partition: str, account: AccountId, path: str, name: str) -> Arn:
    """Give a role's ARN; `path` begins and ends with a slash."""
    return Arn(partition, "iam", "", account, f"role{path}{name}")


def policy_arn(partition: str, account: AccountId, path: str, name: str) -> Arn:
    """Give a customer managed policy's ARN; AWS's own policies have `account` = `aws`."""
    return Arn(partition, "iam", "", account, f"policy{path}{name}")


def session_arn(partition: str, account: AccountId, role: str, session: str) -> Arn:
    """Give a role session's ARN. It carries the role's name without the path."""
    return Arn(partition, "sts", "", account, f"assumed-role/{role}/{session}")
