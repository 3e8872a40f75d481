"""A plan's id: a fingerprint over what the spec means, the account, what was seen of ours, and the changes.

It is recomputed when a plan is applied and never stored. Places in the file do not count, so a comment may move;
key reports do not count either, since AWS serves them hours old: what they led to is among the changes.

Whoever writes the spec can look for a harmless plan and a harmful one of the same id: that takes the square root of
all ids, so 8 digits fall in seconds and 16 in hours. 32 do not.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Final

from leastkey.iam.arn import Arn
from leastkey.iam.canonical import digest, meaning
from leastkey.iam.document import PolicyDocument
from leastkey.iam.marks import OPERATION_TAG
from leastkey.plan.ownership import own_instance_profiles, own_policies, own_roles, own_users

if TYPE_CHECKING:
    from leastkey.compile.wanted import Wanted
    from leastkey.iam.statement import Json
    from leastkey.plan.plan import Change
    from leastkey.plan.seen import Seen, SeenInstanceProfile, SeenPolicy, SeenProvider, SeenRole, SeenUser

__all__ = ["fingerprint"]

_DIGITS: Final = 32
_SILENT: Final = frozenset({"spec", "origins", "cautions", "place"})
"""Fields that hold places in the file or talk, and no meaning of their own."""


def fingerprint(wanted: Wanted, seen: Seen, changes: tuple[Change, ...]) -> str:
    """Give a plan's id."""
    project = wanted.project
    content: Json = {
        "wanted": _json(wanted),
        "account": seen.caller.account,
        "users": [_user(user) for user in own_users(project, seen)],
        "roles": [_role(role) for role in own_roles(project, seen)],
        "policies": [_policy(policy) for policy in own_policies(project, seen)],
        "instance profiles": [_profile(profile) for profile in own_instance_profiles(project, seen)],
        "providers": [_provider(each) for _, each in sorted(seen.providers.items())],
        "managed": {arn: meaning(document) for arn, document in seen.managed.items()},
        "changes": [_change(change) for change in changes],
    }
    return digest(content)[:_DIGITS]


def _json(value: object) -> Json:
    """Give any value of the wanted state as JSON, documents by meaning."""
    match value:
        case None | bool() | int() | str():
            return value
        case PolicyDocument():
            return meaning(value)
        case Arn():
            return str(value)
        case tuple() | list():
            return [_json(part) for part in value]
        case _ if is_dataclass(value):
            return {
                part.name: _json(getattr(value, part.name))
                for part in fields(value)
                if part.name not in _SILENT
            }
        case _:
            raise TypeError(f"a plan holds no {type(value).__name__}")


def _change(change: Change) -> Json:
    return {
        "sign": change.sign,
        "noun": change.noun,
        "name": change.name,
        "identity": change.identity,
        "kind": type(change.operation).__name__,
        "operation": _json(change.operation),
    }


def _user(user: SeenUser) -> Json:
    return {
        "arn": str(user.arn),
        "id": user.user_id,
        "inline": {
            policy.name: None if policy.document is None else meaning(policy.document)
            for policy in user.inline
        },
        "attached": [*sorted(str(arn) for arn in user.attached)],
        "groups": [*sorted(user.groups)],
        "boundary": None if user.boundary is None else str(user.boundary),
        "tags": {key: value for key, value in user.tags.items() if key != OPERATION_TAG},
    }


def _role(role: SeenRole) -> Json:
    return {
        "arn": str(role.arn),
        "id": role.role_id,
        "trust": None if role.trust is None else meaning(role.trust),
        "inline": {
            policy.name: None if policy.document is None else meaning(policy.document)
            for policy in role.inline
        },
        "attached": [*sorted(str(arn) for arn in role.attached)],
        "boundary": None if role.boundary is None else str(role.boundary),
        "tags": {key: value for key, value in role.tags.items() if key != OPERATION_TAG},
    }


def _policy(policy: SeenPolicy) -> Json:
    return {
        "arn": str(policy.arn),
        "versions": [*sorted(version.id for version in policy.versions)],
        "document": None if policy.document is None else meaning(policy.document),
    }


def _profile(profile: SeenInstanceProfile) -> Json:
    return {"arn": str(profile.arn), "role": profile.role}


def _provider(provider: SeenProvider) -> Json:
    return {"arn": str(provider.arn), "audiences": [*sorted(provider.audiences)], "tags": {**provider.tags}}
