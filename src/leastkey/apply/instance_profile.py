"""Step 4 for EC2, carried out: the instance profile that holds the role.

Source: IAM User Guide, "Use instance profiles" (an instance profile holds one role).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from leastkey.apply.create import create_or_read
from leastkey.errors import AwsError
from leastkey.plan.ownership import entity_exists

if TYPE_CHECKING:
    from leastkey.apply.work import Work
    from leastkey.compile.wanted import WantedInstanceProfile
    from leastkey.iam.arn import Arn
    from leastkey.plan.operation import AddRoleToInstanceProfile, DeleteInstanceProfile
    from leastkey.plan.seen import SeenInstanceProfile
    from leastkey.spec.model import Place

__all__ = ["create_instance_profile", "delete_instance_profile", "put_role_in"]


def create_instance_profile(work: Work, profile: WantedInstanceProfile, place: Place) -> None:
    """Create the instance profile and put the role into it."""
    try:
        _, found = create_or_read(
            work,
            "iam:CreateInstanceProfile",
            profile.name,
            lambda: _create(work, profile),
            lambda: _find(work, profile),
        )
    except AwsError as error:
        if error.code != "EntityAlreadyExists":
            raise
        raise entity_exists("instance profile", profile.arn, f"{profile.role}-2", place) from None
    if found is None:
        work.made(_entity(profile.name))
    there = "" if found is None else found.role
    if there != profile.role:
        _add(work, profile.name, profile.role, there or None)


def _create(work: Work, profile: WantedInstanceProfile) -> Arn:
    work.iam.create_instance_profile(profile.name, profile.path, dict(profile.tags))
    return profile.arn


def _find(work: Work, profile: WantedInstanceProfile) -> SeenInstanceProfile | None:
    listed = work.iam.list_instance_profiles(profile.path)
    return next((each for each in listed if each.name == profile.name and each.path == profile.path), None)


def put_role_in(work: Work, operation: AddRoleToInstanceProfile) -> None:
    """Put the role into an instance profile of ours that holds none, or another."""
    _add(work, operation.profile, operation.role, operation.instead_of)


def _add(work: Work, profile: str, role: str, instead_of: str | None) -> None:
    if instead_of is not None:
        send = partial(work.iam.remove_role_from_instance_profile, profile, instead_of)
        work.remove("iam:RemoveRoleFromInstanceProfile", f"{profile} {instead_of}", send)
    work.write(
        "iam:AddRoleToInstanceProfile",
        f"{profile} {role}",
        partial(_add_once, work, profile, role),
        names=(_entity(profile), f"role {role.lower()}"),
    )


def _add_once(work: Work, profile: str, role: str) -> None:
    """Put the role in. Repeated after a lost answer, AWS says LimitExceeded: then it is looked whether ours is in."""
    try:
        work.iam.add_role_to_instance_profile(profile, role)
    except AwsError as error:
        if error.code != "LimitExceeded":
            raise
        listed = work.iam.list_instance_profiles(work.wanted.path)
        if not any(each.name == profile and each.role == role for each in listed):
            raise


def delete_instance_profile(work: Work, operation: DeleteInstanceProfile) -> None:
    """Take the role out, then delete the instance profile."""
    name = operation.profile
    if operation.role:
        send = partial(work.iam.remove_role_from_instance_profile, name, operation.role)
        work.remove("iam:RemoveRoleFromInstanceProfile", f"{name} {operation.role}", send)
    work.remove("iam:DeleteInstanceProfile", name, partial(work.iam.delete_instance_profile, name))


def _entity(profile: str) -> str:
    return f"profile {profile.lower()}"
