"""S3 Block Public Access: what a bucket's own policy cannot open.

New buckets have all four settings on. Source: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leastkey.iam.document import PolicyDocument
    from leastkey.iam.statement import Statement
    from leastkey.sandbox.authorization import Authorization
    from leastkey.sandbox.request import Caller
    from leastkey.sandbox.world import World

__all__ = ["blocks", "close", "is_public"]

_NARROWING: tuple[str, ...] = (
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
)
"""Keys that make an Allow for everyone no longer public."""


def blocks(needed: Authorization, caller: Caller, world: World) -> bool:
    """Say whether RestrictPublicBuckets keeps a caller out that only a public policy lets in."""
    if not needed.action.startswith("s3:") or needed.resource == "*":
        return False
    name = needed.resource.split(":", 5)[-1].partition("/")[0]
    found = world.bucket(name)
    policy = world.bucket_policy(name)
    if found is None or policy is None or caller.account == found[0] or not is_public(policy.document):
        return False
    return bool(getattr(found[1].public_access_block, "restrict_public_buckets", False))


def is_public(document: PolicyDocument) -> bool:
    """Say whether a bucket policy lets everyone in."""
    return any(_opens(statement) for statement in document.statements)


def close(bucket: Any) -> None:
    """Turn all four settings on, as AWS does for a new bucket."""
    from moto.s3.models import PublicAccessBlock

    bucket.public_access_block = PublicAccessBlock("true", "true", "true", "true")


def _opens(statement: Statement) -> bool:
    if statement.effect != "Allow":
        return False
    principal = statement.principal
    everyone = statement.not_principal is not None or (
        principal is not None and (principal.anyone or "*" in principal.aws)
    )
    narrowed = any(
        condition.key.lower() in _NARROWING and not any(value == "*" for value in condition.values)
        for condition in statement.conditions
    )
    return everyone and not narrowed
