"""Principals in the policies of roles, buckets and keys: AWS keeps who is meant, not how it is called.

A deleted user or role leaves its unique id there, for ever; one that is renamed or moved is found under its new ARN.
Source: IAM User Guide, "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.sandbox.rules.iam_documents import forgotten

if TYPE_CHECKING:
    from leastkey.sandbox.state.world import World

__all__ = ["renamed"]


def renamed(world: World, old: str, new: str) -> None:
    """Put a principal's new name in place of its old one, wherever a policy names it."""
    for account in world.accounts.all():
        for role in world.iam(account).roles.values():
            trust = role.assume_role_policy_document or ""
            if old in trust:
                role.assume_role_policy_document = forgotten(trust, old, new)
        for bucket in world.backend("s3", account).buckets.values():
            if bucket.policy and old.encode() in bucket.policy:
                bucket.policy = forgotten(bucket.policy.decode(), old, new).encode()
        for key in world.keys(account):
            if old in key.policy:
                key.policy = forgotten(key.policy, old, new)
