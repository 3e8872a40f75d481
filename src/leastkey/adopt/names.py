"""Names that are free: from the old one, never equal to it, and apart from every name of the account ignoring case."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError
from leastkey.iam.names import fitted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.adopt.existing import Existing, Taken
    from leastkey.compile.wanted import WantedIdentity

__all__ = ["free_project", "identity_names", "taken_name"]

_PARTS: Final = re.compile(r"(.*[A-Za-z0-9])[-_.+=,@]*(?:user|role|bot)", re.ASCII | re.IGNORECASE)
"""A name that ends in what it is: the new identity is neither a user nor a role but both."""
_LONGEST: Final = 40
_TRIES: Final = 1_000


def free_project(wished: str, taken: Taken, *, is_given: bool) -> str:
    """Give a project that the account does not have yet: its plan would remove what another spec made."""
    if wished.lower() not in taken.projects:
        return wished
    free = next(
        name
        for number in range(2, _TRIES)
        if (name := f"{wished[:60]}-{number}").lower() not in taken.projects
    )
    if is_given:
        raise LeastkeyError(
            "entity-exists",
            f"the account has a project `{wished}` already",
            why="a second spec of this project would plan to remove what the first one made",
            remedy=f"a free name: `--project {free}`",
        )
    return free


def identity_names(existing: Existing) -> Iterator[str]:
    """Give names for the new identity, the best first: `automation_user` becomes `automation`."""
    base = re.sub(r"[^A-Za-z0-9_.-]+", "-", existing.name).strip("-.") or "script"
    shorter = _PARTS.fullmatch(base)
    if shorter is not None:
        base = shorter[1]
    if len(base) > _LONGEST:
        base = fitted("user", base)[:_LONGEST].rstrip("-_.")
    if base.lower() not in {existing.name.lower(), "default"}:
        yield base
    yield from (f"{base}-{number}" for number in range(2, _TRIES))


def taken_name(identity: WantedIdentity, taken: Taken) -> tuple[str, str] | None:
    """Give the kind and name of something the identity would make that the account has already."""
    wanted = [("role", identity.role.name, taken.roles)]
    wanted += [("policy", policy.name, taken.policies) for policy in identity.policies]
    if identity.boundary is not None:
        wanted.append(("policy", identity.boundary.name, taken.policies))
    if identity.user is not None:
        wanted.append(("user", identity.user.name, taken.users))
    if identity.instance_profile is not None:
        wanted.append(("instance profile", identity.instance_profile.name, taken.instance_profiles))
    return next(((kind, name) for kind, name, names in wanted if name.lower() in names), None)
