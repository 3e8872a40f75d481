"""What IAM refuses and moto would carry out: bad names and documents, quotas, and deletes that leave something behind.

Source: IAM API Reference, "Errors" of each operation; IAM User Guide, "IAM and AWS STS quotas".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leastkey.iam import limits
from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import text
from leastkey.sandbox.rules.iam_documents import document_fault
from leastkey.sandbox.rules.iam_names import name_fault, path_fault, tags_fault, taken_fault
from leastkey.sandbox.rules.iam_passwords import password_fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["refusal"]

_DESCRIPTION: Final = limits.DESCRIPTION_CHARACTERS
_GROUPS_PER_USER: Final = 10
_CHANGES_ROLE: Final = frozenset(
    {
        "AddRoleToInstanceProfile",
        "AttachRolePolicy",
        "DeleteRole",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "PutRolePermissionsBoundary",
        "PutRolePolicy",
        "TagRole",
        "UntagRole",
        "UpdateAssumeRolePolicy",
        "UpdateRole",
    }
)
"""What nobody may do to a service-linked role; its description may be changed by UpdateRoleDescription."""


def refusal(operation: str, parameters: Parameters, account: str, world: World) -> Refusal | None:
    """Give IAM's refusal of a request, or None."""
    found = name_fault(parameters) or path_fault(parameters) or _plain_fault(parameters)
    if found is not None:
        return found
    for check in (tags_fault, taken_fault, document_fault, password_fault):
        found = check(operation, parameters, account, world)
        if found is not None:
            return found
    if operation in _CHANGES_ROLE:
        found = _protected(parameters, account, world)
        if found is not None:
            return found
    rule = _RULES.get(operation)
    return None if rule is None else rule(parameters, account, world)


def _protected(parameters: Parameters, account: str, world: World) -> Refusal | None:
    """Refuse to change a service-linked role. Source: IAM User Guide, "Create a service-linked role"."""
    role = world.role(account, text(parameters, "RoleName"))
    if role is None or not role.path.startswith("/aws-service-role/"):
        return None
    return Refusal(
        400,
        "UnmodifiableEntity",
        f"Cannot perform the operation on the protected role '{role.name}' - this role is only modifiable by AWS",
    )


def _eleventh_group(parameters: Parameters, account: str, world: World) -> Refusal | None:
    user = world.user(account, text(parameters, "UserName"))
    groups = world.iam(account).groups
    group = groups.get(text(parameters, "GroupName"))
    if user is None or group is None or user in group.users:
        return None
    if sum(user in each.users for each in groups.values()) < _GROUPS_PER_USER:
        return None
    return Refusal(409, "LimitExceeded", f"Cannot exceed quota for GroupsPerUser: {_GROUPS_PER_USER}")


def _plain_fault(parameters: Parameters) -> Refusal | None:
    if len(text(parameters, "Description")) > _DESCRIPTION:
        return _invalid(f"description: at most {_DESCRIPTION} characters")
    seconds = text(parameters, "MaxSessionDuration")
    if "MaxSessionDuration" in parameters and not (
        seconds.isascii()
        and seconds.isdigit()
        and limits.ROLE_SECONDS_MIN <= int(seconds) <= limits.SESSION_SECONDS_MAX
    ):
        return _invalid(
            f"maxSessionDuration: between {limits.ROLE_SECONDS_MIN} and {limits.SESSION_SECONDS_MAX} seconds"
        )
    status = text(parameters, "Status")
    if "Status" in parameters and status not in ("Active", "Inactive", "Expired"):
        return _invalid(f"status: {status!r} is neither Active nor Inactive")
    return None


def _attach(kind: str, most: int) -> Callable[[Parameters, str, World], Refusal | None]:
    def check(parameters: Parameters, account: str, world: World) -> Refusal | None:
        entity = _entity(kind, parameters, account, world)
        arn = text(parameters, "PolicyArn")
        if entity is None or arn in entity.managed_policies or len(entity.managed_policies) < most:
            return None
        return Refusal(
            409, "LimitExceeded", f"Cannot exceed quota for PoliciesPer{kind.capitalize()}: {most}"
        )

    return check


def _boundary(parameters: Parameters, account: str, world: World) -> Refusal | None:
    arn = text(parameters, "PermissionsBoundary")
    if not arn or arn in world.iam(account).managed_policies:
        return None
    if not arn.startswith("arn:") or ":policy/" not in arn:
        return _invalid(f"ARN {arn} is not valid.")
    return Refusal(404, "NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.")


def _delete_policy(parameters: Parameters, account: str, world: World) -> Refusal | None:
    arn = text(parameters, "PolicyArn")
    iam = world.iam(account)
    policy = iam.managed_policies.get(arn)
    if policy is None:
        return None
    entities = (*iam.users.values(), *iam.roles.values(), *iam.groups.values())
    if any(arn in each.managed_policies for each in entities):
        return _conflict("Cannot delete a policy attached to entities.")
    if any(getattr(each, "permissions_boundary_arn", None) == arn for each in entities):
        return _conflict("Cannot delete a policy that is used as a permissions boundary.")
    if len(policy.versions) > 1:
        return _conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's "
            "versions. The default version is deleted with the policy."
        )
    return None


def _delete_user(parameters: Parameters, account: str, world: World) -> Refusal | None:
    user = world.user(account, text(parameters, "UserName"))
    if user is None:
        return None
    groups = world.iam(account).groups.values()
    left = (
        (user.access_keys, "must delete access keys first"),
        (user.policies, "must delete policies first"),
        (user.managed_policies, "must detach all policies first"),
        (user.password, "must delete login profile first"),
        (user.mfa_devices, "must delete MFA device first"),
        (user.signing_certificates, "must delete signing certificate first"),
        (user.ssh_public_keys, "must delete SSH public keys first"),
        (any(user in group.users for group in groups), "must remove users from group first"),
    )
    words = next((words for there, words in left if there), None)
    return None if words is None else _conflict(f"Cannot delete entity, {words}.")


def _delete_group(parameters: Parameters, account: str, world: World) -> Refusal | None:
    group = world.iam(account).groups.get(text(parameters, "GroupName"))
    if group is None:
        return None
    left = (
        (group.users, "must remove users from group first"),
        (group.policies, "must delete policies first"),
        (group.managed_policies, "must detach all policies first"),
    )
    words = next((words for there, words in left if there), None)
    return None if words is None else _conflict(f"Cannot delete entity, {words}.")


def _delete_role(parameters: Parameters, account: str, world: World) -> Refusal | None:
    role = world.role(account, text(parameters, "RoleName"))
    if role is None:
        return None
    profiles = world.iam(account).instance_profiles.values()
    left = (
        (any(role in profile.roles for profile in profiles), "must remove roles from instance profile first"),
        (role.managed_policies, "must detach all policies first"),
        (role.policies, "must delete policies first"),
    )
    words = next((words for there, words in left if there), None)
    return None if words is None else _conflict(f"Cannot delete entity, {words}.")


def _device_in_use(parameters: Parameters, account: str, world: World) -> Refusal | None:
    serial = text(parameters, "SerialNumber")
    if any(serial in user.mfa_devices for user in world.iam(account).users.values()):
        return _conflict("MFA VirtualDevice in use. Must deactivate first.")
    return None


def _not_in_profile(parameters: Parameters, account: str, world: World) -> Refusal | None:
    profile = world.iam(account).instance_profiles.get(text(parameters, "InstanceProfileName"))
    role = world.role(account, text(parameters, "RoleName"))
    if profile is None or role is None or role in profile.roles:
        return None
    return Refusal(
        404, "NoSuchEntity", f"The role {role.name} is not in the instance profile {profile.name}."
    )


def _service_of_role(parameters: Parameters, account: str, world: World) -> Refusal | None:
    del account, world
    name = text(parameters, "AWSServiceName")
    if name.endswith(".amazonaws.com") and len(name.split(".")) > 2 and all(name.split(".")):
        return None
    return Refusal(400, "InvalidInput", f"Service name {name} is not valid.")


def _third_key(parameters: Parameters, account: str, world: World) -> Refusal | None:
    user = world.user(account, text(parameters, "UserName"))
    if user is None or len(user.access_keys) < limits.ACCESS_KEYS_PER_USER:
        return None
    return Refusal(
        409, "LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {limits.ACCESS_KEYS_PER_USER}"
    )


def _sixth_version(parameters: Parameters, account: str, world: World) -> Refusal | None:
    policy = world.iam(account).managed_policies.get(text(parameters, "PolicyArn"))
    if policy is None or len(policy.versions) < limits.POLICY_VERSIONS:
        return None
    return Refusal(
        409,
        "LimitExceeded",
        f"A managed policy can have up to {limits.POLICY_VERSIONS} versions. Before you create a new version, you "
        "must delete an existing version.",
    )


def _foreign_policy(parameters: Parameters, account: str, world: World) -> Refusal | None:
    """Refuse to change what is AWS's own."""
    del account, world
    arn = text(parameters, "PolicyArn")
    if ":iam::aws:" not in arn:
        return None
    return Refusal(403, "AccessDenied", f"The policy {arn} belongs to AWS and cannot be changed.")


def _policy_is_there(parameters: Parameters, account: str, world: World) -> Refusal | None:
    arn = text(parameters, "PolicyArn")
    if arn in world.iam(account).managed_policies:
        return None
    return Refusal(404, "NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")


def _role_is_there(parameters: Parameters, account: str, world: World) -> Refusal | None:
    name = text(parameters, "RoleName")
    if world.role(account, name) is not None:
        return None
    return Refusal(404, "NoSuchEntity", f"The role with name {name} cannot be found.")


def _entity(kind: str, parameters: Parameters, account: str, world: World) -> Any | None:
    match kind:
        case "user":
            return world.user(account, text(parameters, "UserName"))
        case "role":
            return world.role(account, text(parameters, "RoleName"))
        case _:
            return world.iam(account).groups.get(text(parameters, "GroupName"))


def _all(*rules: Callable[[Parameters, str, World], Refusal | None]) -> Callable[..., Refusal | None]:
    def check(parameters: Parameters, account: str, world: World) -> Refusal | None:
        return next(
            (found for rule in rules if (found := rule(parameters, account, world)) is not None), None
        )

    return check


_RULES: Final[dict[str, Callable[[Parameters, str, World], Refusal | None]]] = {
    "AddUserToGroup": _eleventh_group,
    "AttachGroupPolicy": _attach("group", 10),
    "AttachRolePolicy": _attach("role", limits.ATTACHED_POLICIES_PER_ROLE),
    "AttachUserPolicy": _attach("user", 10),
    "CreateAccessKey": _third_key,
    "CreatePolicyVersion": _all(_foreign_policy, _sixth_version),
    "CreateRole": _boundary,
    "CreateUser": _boundary,
    "CreateServiceLinkedRole": _service_of_role,
    "DeleteGroup": _delete_group,
    "DeletePolicy": _all(_foreign_policy, _delete_policy),
    "DeletePolicyVersion": _foreign_policy,
    "DeleteRole": _delete_role,
    "DeleteUser": _delete_user,
    "DeleteVirtualMFADevice": _device_in_use,
    "ListEntitiesForPolicy": _policy_is_there,
    "ListInstanceProfilesForRole": _role_is_there,
    "PutRolePermissionsBoundary": _boundary,
    "PutUserPermissionsBoundary": _boundary,
    "RemoveRoleFromInstanceProfile": _not_in_profile,
    "SetDefaultPolicyVersion": _foreign_policy,
    "TagPolicy": _foreign_policy,
    "UntagPolicy": _foreign_policy,
}


def _conflict(words: str) -> Refusal:
    return Refusal(409, "DeleteConflict", words)


def _invalid(words: str) -> Refusal:
    return Refusal(400, "ValidationError", f"1 validation error detected: {words}")
