"""GetAccountAuthorizationDetails: everything about users, groups, roles and policies, a page at a time.

Source: IAM API Reference, GetAccountAuthorizationDetails. AWS-managed policies are listed where something uses them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import listed, text
from leastkey.sandbox.resolve.tags import of_entity
from leastkey.sandbox.rules.iam_pages import page_of
from leastkey.sandbox.rules.iam_xml import answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leastkey.sandbox.request import AwsRequest, Operation, Response
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["account_details", "all_details", "profile_details"]

_FILTERS: Final = frozenset({"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"})


def account_details(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    """Give one page."""
    wanted = frozenset(listed(parameters, "Filter")) or _FILTERS
    if not wanted <= _FILTERS:
        return Refusal(400, "ValidationError", f"filter: takes {', '.join(sorted(_FILTERS))}")
    iam = world.iam(request.account)
    entries = _entries(iam, wanted)
    page = page_of(entries, text(parameters, "Marker"), text(parameters, "MaxItems"))
    if isinstance(page, Refusal):
        return page
    shown, marker = page
    result = {**_listed(shown, iam), "IsTruncated": bool(marker), "Marker": marker or None}
    return answer(request, operation, result)


def all_details(iam: Any) -> dict[str, list[Any]]:
    """Give the details of everything in an account, documents URL-encoded as in the answer."""
    return _listed(_entries(iam, _FILTERS), iam)


def _listed(entries: Sequence[tuple[str, Any]], iam: Any) -> dict[str, list[Any]]:
    lists: dict[str, list[Any]] = {name: [] for name in _DETAILS}
    known = _Known(iam)
    for name, entity in entries:
        lists[name].append(_DETAILS[name](entity, known))
    return lists


class _Known:
    """Who is in which group, who has which policy and which profile a role has: looked up once for all entries."""

    def __init__(self, iam: Any) -> None:
        entities = (*iam.users.values(), *iam.groups.values(), *iam.roles.values())
        self.attached = Counter(arn for each in entities for arn in each.managed_policies)
        self.boundaries = Counter(_boundaries(entities))
        self.groups: defaultdict[str, list[str]] = defaultdict(list)
        for group in iam.groups.values():
            for user in group.users:
                self.groups[user.id].append(group.name)
        self.profiles: defaultdict[str, list[Any]] = defaultdict(list)
        for profile in iam.instance_profiles.values():
            for role in profile.roles:
                self.profiles[role.id].append(profile)


def _entries(iam: Any, wanted: frozenset[str]) -> list[tuple[str, Any]]:
    """Give all entities in the order in which pages follow."""
    entries: list[tuple[str, Any]] = []
    if "User" in wanted:
        entries += [("UserDetailList", user) for user in iam.users.values()]
    if "Group" in wanted:
        entries += [("GroupDetailList", group) for group in iam.groups.values()]
    if "Role" in wanted:
        entries += [("RoleDetailList", role) for role in iam.roles.values()]
    used = _in_use(iam) if "AWSManagedPolicy" in wanted else frozenset()
    for arn, policy in iam.managed_policies.items():
        if arn in used if ":iam::aws:" in arn else "LocalManagedPolicy" in wanted:
            entries.append(("Policies", policy))
    return entries


def _in_use(iam: Any) -> frozenset[str]:
    entities = (*iam.users.values(), *iam.groups.values(), *iam.roles.values())
    attached = {arn for each in entities for arn in each.managed_policies}
    return frozenset(attached.union(_boundaries(entities)))


def _boundaries(entities: Any) -> list[str]:
    found = (getattr(each, "permissions_boundary_arn", None) for each in entities)
    return [arn for arn in found if arn]


def _user(user: Any, known: _Known) -> dict[str, Any]:
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.create_date,
        "UserPolicyList": _inline(user),
        "GroupList": known.groups[user.id],
        "AttachedManagedPolicies": _attached(user),
        "PermissionsBoundary": _boundary(user),
        "Tags": _tags(user),
    }


def _group(group: Any, known: _Known) -> dict[str, Any]:
    del known
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.create_date,
        "GroupPolicyList": _inline(group),
        "AttachedManagedPolicies": _attached(group),
    }


def _role(role: Any, known: _Known) -> dict[str, Any]:
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.create_date,
        "AssumeRolePolicyDocument": quote(role.assume_role_policy_document or ""),
        "InstanceProfileList": [profile_details(each) for each in known.profiles[role.id]],
        "RolePolicyList": _inline(role),
        "AttachedManagedPolicies": _attached(role),
        "PermissionsBoundary": _boundary(role),
        "Tags": _tags(role),
        "RoleLastUsed": {"LastUsedDate": role.last_used, "Region": role.last_used_region},
    }


def profile_details(profile: Any) -> dict[str, Any]:
    """Give an instance profile with its role."""
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.create_date,
        "Roles": [
            {
                "Path": role.path,
                "RoleName": role.name,
                "RoleId": role.id,
                "Arn": role.arn,
                "CreateDate": role.create_date,
                "AssumeRolePolicyDocument": quote(role.assume_role_policy_document or ""),
            }
            for role in profile.roles
        ],
        "Tags": _tags(profile) or None,
    }


def _policy(policy: Any, known: _Known) -> dict[str, Any]:
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": known.attached[policy.arn],
        "PermissionsBoundaryUsageCount": known.boundaries[policy.arn],
        "IsAttachable": True,
        "Description": policy.description or None,
        "CreateDate": policy.create_date,
        "UpdateDate": policy.update_date,
        "PolicyVersionList": [
            {
                "Document": quote(version.document),
                "VersionId": version.version_id,
                "IsDefaultVersion": bool(version.is_default),
                "CreateDate": version.create_date,
            }
            for version in policy.versions
        ],
    }


def _inline(entity: Any) -> list[dict[str, str]]:
    return [
        {"PolicyName": name, "PolicyDocument": quote(document)} for name, document in entity.policies.items()
    ]


def _attached(entity: Any) -> list[dict[str, str]]:
    return [
        {"PolicyName": policy.name, "PolicyArn": policy.arn} for policy in entity.managed_policies.values()
    ]


def _boundary(entity: Any) -> dict[str, str] | None:
    arn = getattr(entity, "permissions_boundary_arn", None)
    if not arn:
        return None
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}


def _tags(entity: Any) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in of_entity(entity).items()]


_DETAILS: Final[dict[str, Callable[[Any, _Known], dict[str, Any]]]] = {
    "UserDetailList": _user,
    "GroupDetailList": _group,
    "RoleDetailList": _role,
    "Policies": _policy,
}
