"""S3 Block Public Access: what a bucket's own policy cannot open.

New buckets have all four settings on. Source: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage".
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from leastkey.iam.document import PolicyDocument
    from leastkey.iam.statement import Condition, Statement
    from leastkey.sandbox.request import Caller
    from leastkey.sandbox.resolve.authorization import Authorization
    from leastkey.sandbox.state.world import World

__all__ = ["blocks", "close", "is_public"]

_NARROWING: Final = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
    }
)
"""Keys that make an Allow for everyone no longer public, when they are held to fixed values."""

_HOLDING: Final = frozenset(
    {"arnequals", "arnlike", "ipaddress", "stringequals", "stringequalsignorecase", "stringlike"}
)
"""Operators that hold a key to a value: none that is negated, and none that an absent key passes."""

_LEAST_BITS: Final = {4: 8, 6: 32}
"""A wider range of addresses than this is everyone."""


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
    return everyone and not any(_narrows(condition) for condition in statement.conditions)


def _narrows(condition: Condition) -> bool:
    """Say whether a condition holds one of the keys to fixed values."""
    operator = condition.operator.lower().removeprefix("foranyvalue:")
    if condition.key.lower() not in _NARROWING or operator not in _HOLDING:
        return False
    fixed = _is_narrow_range if condition.key.lower() == "aws:sourceip" else _is_fixed
    return bool(condition.values) and all(fixed(value) for value in condition.values)


def _is_fixed(value: str) -> bool:
    return not any(sign in value for sign in ("*", "?", "${"))


def _is_narrow_range(value: str) -> bool:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return network.is_private or network.prefixlen >= _LEAST_BITS[network.version]
