"""Steps 3 and 4, user and tie: a user whose one permission is to assume its role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.compile.names import usable
from leastkey.compile.wanted import WantedProfile, WantedUser
from leastkey.iam.arn import role_arn, user_arn
from leastkey.iam.document import PolicyDocument
from leastkey.iam.statement import Statement

if TYPE_CHECKING:
    from leastkey.compile.names import Home
    from leastkey.spec.model import Identity, Spec

__all__ = ["INLINE_NAME", "compile_profile", "compile_user"]

INLINE_NAME: Final = "assume-role"


def compile_user(identity: Identity, home: Home, role: str) -> WantedUser | None:
    """Give the user of an identity, or None where no workload needs a key."""
    use = identity.user
    if use is None:
        return None
    name = usable("user", use.name or home.default_name("user", identity), use.place)
    arn = role_arn(home.partition, home.account, home.path, role)
    return WantedUser(
        arn=user_arn(home.partition, home.account, home.path, name),
        path=home.path,
        name=name,
        inline_name=INLINE_NAME,
        inline=PolicyDocument(
            (Statement(effect="Allow", actions=("sts:AssumeRole",), resources=(str(arn),)),)
        ),
        tags=home.tags(identity),
    )


def compile_profile(identity: Identity, spec: Spec, name: str | None) -> WantedProfile | None:
    """Give the AWS config profile of an identity, or None where no key is needed."""
    if identity.user is None:
        return None
    suffix = "-sandbox" if spec.target == "sandbox" else ""
    return WantedProfile(name=name or f"{identity.name}{suffix}", region=spec.region, output=spec.output)
