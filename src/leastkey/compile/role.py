"""Step 1, role: the role itself, with AWS's own policies and the boundary it carries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.compile.trust import trust_policy
from leastkey.compile.wanted import WantedInstanceProfile, WantedRole
from leastkey.errors import LeastkeyError
from leastkey.iam.arn import Arn, role_arn
from leastkey.iam.limits import DESCRIPTION_CHARACTERS, ROLE_SECONDS_MIN
from leastkey.spec.model import ManagedGrant, ServiceUse

if TYPE_CHECKING:
    from leastkey.compile.names import Home
    from leastkey.compile.wanted import WantedPolicy, WantedUser
    from leastkey.spec.model import Identity, Place

__all__ = ["compile_instance_profile", "compile_role", "managed_arn", "managed_arns"]

_DESCRIPTION: Final = re.compile(r"[\t\n\r -~\u00a1-\u00ff]*")
"""What AWS takes in a role's description (IAM API Reference, CreateRole)."""


def managed_arn(name: str, partition: str, place: Place) -> Arn:
    """Give the ARN of an AWS-managed policy by name, by path and name, or by its ARN, in the caller's partition."""
    if not name.startswith("arn:"):
        return Arn(partition, "iam", "", "aws", f"policy/{name.lstrip('/')}")
    try:
        arn = Arn.parse(name)
    except ValueError as fault:
        raise LeastkeyError("spec-invalid", str(fault), place=str(place)) from None
    if arn.service != "iam" or not arn.resource.startswith("policy/"):
        raise LeastkeyError("spec-invalid", f"`{name}` is no ARN of a managed policy", place=str(place))
    return Arn(partition, "iam", "", arn.account, arn.resource)


def managed_arns(identity: Identity, partition: str) -> tuple[Arn, ...]:
    """Give the managed policies the spec names, sorted, each once."""
    found = {
        managed_arn(grant.name, partition, grant.place)
        for grant in identity.allow
        if isinstance(grant, ManagedGrant)
    }
    return tuple(sorted(found, key=str))


def compile_role(
    identity: Identity,
    home: Home,
    name: str,
    *,
    policies: tuple[WantedPolicy, ...],
    boundary: Arn | None,
    user: WantedUser | None,
) -> WantedRole:
    """Give the role of an identity. Its longest session is never under one hour: AWS takes nothing shorter."""
    description = _described(identity, home)
    seconds = max(ROLE_SECONDS_MIN, identity.session_seconds)
    return WantedRole(
        arn=role_arn(home.partition, home.account, home.path, name),
        path=home.path,
        name=name,
        trust=trust_policy(identity, home.account, home.partition, user.arn if user else None),
        description=description,
        max_session_seconds=seconds,
        attached=(*(policy.arn for policy in policies), *managed_arns(identity, home.partition)),
        boundary=boundary,
        tags=home.role_tags(identity, description, seconds),
    )


def compile_instance_profile(identity: Identity, home: Home, role: str) -> WantedInstanceProfile | None:
    """Give the instance profile through which EC2 wears the role, or None where EC2 does not."""
    if not any(isinstance(use, ServiceUse) and use.service == "ec2" for use in identity.used_by):
        return None
    return WantedInstanceProfile(
        arn=Arn(home.partition, "iam", "", home.account, f"instance-profile{home.path}{role}"),
        path=home.path,
        name=role,
        role=role,
        tags=home.tags(identity),
    )


def _described(identity: Identity, home: Home) -> str:
    text = identity.description or f"Made by leastkey for {home.project}"
    if len(text) > DESCRIPTION_CHARACTERS:
        raise LeastkeyError(
            "spec-invalid",
            f"the description of `{identity.name}` has {len(text):,} characters, AWS takes {DESCRIPTION_CHARACTERS:,}",
            place=str(identity.place),
        )
    if not _DESCRIPTION.fullmatch(text):
        raise LeastkeyError(
            "spec-invalid",
            f"the description of `{identity.name}` holds a character that AWS does not take",
            why="a role's description is written in Latin-1 letters",
            place=str(identity.place),
        )
    return text
