"""Names, paths and tags as IAM takes them, and names that are taken: unique per account, ignoring case.

Source: IAM API Reference, CreateUser, CreateRole, CreatePolicy, TagUser; IAM User Guide, "IAM and AWS STS quotas".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.iam import limits, names
from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import text
from leastkey.sandbox.resolve.tags import of_entity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["name_fault", "path_fault", "tags_fault", "taken_fault"]

_FIELDS: Final[dict[str, names.Kind]] = {
    "UserName": "user",
    "NewUserName": "user",
    "RoleName": "role",
    "GroupName": "policy",
    "NewGroupName": "policy",
    "PolicyName": "policy",
    "InstanceProfileName": "instance profile",
}
_PATH: Final = re.compile(r"/|/[\x21-\x7e]+/", re.ASCII)
_PATH_CHARACTERS: Final = 512
_TAG_KEY: Final = re.compile(r"[\w\s.:/=+@-]+")
_QUOTAS: Final = {
    "users": 5_000,
    "roles": 1_000,
    "groups": 300,
    "instance_profiles": 1_000,
    "policies": 1_500,
}


def name_fault(parameters: Parameters) -> Refusal | None:
    """Say which name in a request IAM's grammar does not take."""
    for field, kind in _FIELDS.items():
        value = text(parameters, field)
        if field in parameters and names.name_fault(kind, value) is not None:
            folded = field[0].lower() + field[1:]
            return _invalid(f"The specified value for {folded} is invalid. {names.name_fault(kind, value)}.")
    return None


def path_fault(parameters: Parameters) -> Refusal | None:
    """Say what is wrong with a path."""
    for field in ("Path", "NewPath"):
        path = text(parameters, field)
        if field in parameters and (not _PATH.fullmatch(path) or len(path) > _PATH_CHARACTERS):
            return _invalid(
                f"The specified value for {field[0].lower() + field[1:]} is invalid. It must begin and end with / "
                f"and contain at most {_PATH_CHARACTERS} printable characters."
            )
    return None


def taken_fault(operation: str, parameters: Parameters, account: str, world: World) -> Refusal | None:
    """Say that a name to be made is taken, or that the account has no room left."""
    kind = _MADE.get(operation)
    if kind is None:
        return None
    field, table, words = kind
    name = text(parameters, field)
    known = list(_TABLES[table](account, world))
    if name.lower() in {each.lower() for each in known}:
        return Refusal(409, "EntityAlreadyExists", words.format(name))
    quota = _QUOTAS[table]
    if operation.startswith("Create") and len(known) >= quota:
        return Refusal(409, "LimitExceeded", f"Cannot exceed quota for {table}: {quota}")
    return None


def tags_fault(operation: str, parameters: Parameters, account: str, world: World) -> Refusal | None:
    """Say what is wrong with the tags a request sets."""
    given = parameters.get("Tags")
    pairs = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    keys = [str(pair.get("Key", "")) for pair in pairs]
    if len({key.lower() for key in keys}) != len(keys):
        return Refusal(
            400, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    for pair, key in zip(pairs, keys, strict=True):
        if key.lower().startswith("aws:"):
            return Refusal(400, "InvalidInput", "System tags cannot be added/updated by requester.")
        if not (1 <= len(key) <= 128 and _TAG_KEY.fullmatch(key)) or len(str(pair.get("Value", ""))) > 256:
            return _invalid(f"1 validation error detected: the tag {key!r} is not one IAM takes")
    known = _tags_there(operation, parameters, account, world)
    if len({key.lower() for key in (*known, *keys)}) > limits.TAGS_PER_ENTITY and keys:
        return Refusal(
            409, "LimitExceeded", f"Cannot exceed quota for TagsPerResource: {limits.TAGS_PER_ENTITY}"
        )
    return None


def _tags_there(operation: str, parameters: Parameters, account: str, world: World) -> Iterable[str]:
    match operation:
        case "TagUser":
            return of_entity(world.user(account, text(parameters, "UserName")))
        case "TagRole":
            return of_entity(world.role(account, text(parameters, "RoleName")))
        case "TagPolicy":
            return of_entity(world.iam(account).managed_policies.get(text(parameters, "PolicyArn")))
        case "TagInstanceProfile":
            return of_entity(
                world.iam(account).instance_profiles.get(text(parameters, "InstanceProfileName"))
            )
        case _:
            return ()


def _customer_policies(account: str, world: World) -> Iterable[str]:
    policies = world.iam(account).managed_policies.values()
    return (policy.name for policy in policies if ":iam::aws:" not in policy.arn)


_TABLES: Final[dict[str, Callable[[str, World], Iterable[str]]]] = {
    "users": lambda account, world: world.iam(account).users,
    "roles": lambda account, world: (role.name for role in world.iam(account).roles.values()),
    "groups": lambda account, world: world.iam(account).groups,
    "instance_profiles": lambda account, world: world.iam(account).instance_profiles,
    "policies": _customer_policies,
}
_MADE: Final = {
    "CreateUser": ("UserName", "users", "User with name {} already exists."),
    "CreateRole": ("RoleName", "roles", "Role with name {} already exists."),
    "CreateGroup": ("GroupName", "groups", "Group with name {} already exists."),
    "CreatePolicy": (
        "PolicyName",
        "policies",
        "A policy called {} already exists. Duplicate names are not allowed.",
    ),
    "CreateInstanceProfile": (
        "InstanceProfileName",
        "instance_profiles",
        "Instance Profile {} already exists.",
    ),
    "UpdateUser": ("NewUserName", "users", "User with name {} already exists."),
    "UpdateGroup": ("NewGroupName", "groups", "Group with name {} already exists."),
}


def _invalid(words: str) -> Refusal:
    return Refusal(400, "ValidationError", words)
