"""What IAM's own operations act on: entities by their ARN with the real path, and roles that are handed over.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS IAM".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from leastkey.iam.catalog import service_catalog
from leastkey.sandbox.resolve.authorization import Authorization
from leastkey.sandbox.resolve.parameters import listed, tags_in, text
from leastkey.sandbox.resolve.tags import of_entity, request_tags, resource_tags
from leastkey.sandbox.state.world import PARTITION

if TYPE_CHECKING:
    from leastkey.evaluate.request import Context
    from leastkey.sandbox.request import Caller
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["OF_CALLER", "authorizations", "pass_role"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of entity is named in a request, and how its ARN begins."""

    parameter: str
    arn: str


_KINDS: Final = {
    "user": _Kind("UserName", "user"),
    "role": _Kind("RoleName", "role"),
    "group": _Kind("GroupName", "group"),
    "instance-profile": _Kind("InstanceProfileName", "instance-profile"),
    "policy": _Kind("PolicyName", "policy"),
    "server-certificate": _Kind("ServerCertificateName", "server-certificate"),
    "mfa": _Kind("VirtualMFADeviceName", "mfa"),
    "saml-provider": _Kind("Name", "saml-provider"),
}
_BY_ARN: Final = (
    "PolicyArn",
    "OpenIDConnectProviderArn",
    "SAMLProviderArn",
    "SerialNumber",
    "PolicySourceArn",
    "Arn",
)
_OF_KEY_OWNER: Final = frozenset({"GetAccessKeyLastUsed", "UpdateAccessKey", "DeleteAccessKey"})
OF_CALLER: Final = frozenset(
    {
        "ChangePassword",
        "CreateAccessKey",
        "EnableMFADevice",
        "GetLoginProfile",
        "GetUser",
        "ListAccessKeys",
        "ListMFADevices",
        "ListSSHPublicKeys",
        "ListServiceSpecificCredentials",
        "ListSigningCertificates",
        "UploadSigningCertificate",
    }
)
"""Operations that mean the caller when they name no user."""


def authorizations(
    operation: str, parameters: Parameters, caller: Caller, world: World
) -> tuple[Authorization, ...]:
    """Give what an IAM operation needs."""
    entry = service_catalog("iam").actions.get(operation.lower())
    if entry is None:
        return (Authorization(f"iam:{operation}", "*", caller.account, unresolved=True),)
    action = entry.full_name
    if not entry.resource_types:
        return (Authorization(action, "*", caller.account),)
    arn, entity = _resource(operation, entry.resource_types, parameters, caller, world)
    context = _context(entry.condition_keys, parameters, entity)
    if not arn:
        return (Authorization(action, "*", caller.account, context, unresolved=True),)
    needed = [Authorization(action, arn, caller.account, context)]
    if operation == "AddRoleToInstanceProfile":
        role = world.role(caller.account, text(parameters, "RoleName"))
        name = text(parameters, "RoleName")
        needed.append(
            pass_role(_arn(caller.account, "role", "/", name) if role is None else role.arn, "ec2", world)
        )
    moved = _moved(operation, parameters, arn)
    if moved != arn:
        needed.append(Authorization(action, moved, caller.account, context))
    return tuple(needed)


def _moved(operation: str, parameters: Parameters, arn: str) -> str:
    """Give the ARN that a user or group has after it was renamed or moved: its mover needs permission on both."""
    if operation not in ("UpdateUser", "UpdateGroup"):
        return arn
    kind = operation.removeprefix("Update").lower()
    head, _, rest = arn.partition(f":{kind}/")
    path, _, name = f"/{rest}".rpartition("/")
    new_path = text(parameters, "NewPath") or f"{path}/"
    return f"{head}:{kind}{new_path}{text(parameters, f'New{kind.capitalize()}Name') or name}"


def pass_role(role_arn: str, service: str, world: World) -> Authorization:
    """Give the permission to hand a role to a service. A role of another account cannot be passed on."""
    role = world.role_by_arn(role_arn)
    tags = {} if role is None else of_entity(role)
    context = {"iam:PassedToService": f"{service}.amazonaws.com", **resource_tags(tags, "iam")}
    parts = role_arn.split(":")
    account = parts[4] if len(parts) > 5 else ""
    return Authorization("iam:PassRole", role_arn, account, context)


def _resource(
    operation: str, types: tuple[str, ...], parameters: Parameters, caller: Caller, world: World
) -> tuple[str, Any | None]:
    """Give the ARN an operation acts on and moto's entity behind it, where there is one."""
    account = caller.account
    if operation == "CreateServiceLinkedRole":
        service = text(parameters, "AWSServiceName")
        return f"arn:{PARTITION}:iam::{account}:role/aws-service-role/{service}/AWSServiceRole", None
    if operation == "CreateOpenIDConnectProvider":
        url = text(parameters, "Url").partition("://")[2]
        return f"arn:{PARTITION}:iam::{account}:oidc-provider/{url}" if url else "", None
    for kind in types:
        found = _named(operation, kind, parameters, caller, world)
        if found is not None:
            return found
    arn = next((text(parameters, name) for name in _BY_ARN if text(parameters, name).startswith("arn:")), "")
    iam = world.iam(account)
    return arn, iam.managed_policies.get(arn) or iam.open_id_providers.get(arn)


def _named(
    operation: str, kind: str, parameters: Parameters, caller: Caller, world: World
) -> tuple[str, Any | None] | None:
    known = _KINDS.get(kind)
    if known is None:
        return None
    name = text(parameters, known.parameter)
    if kind == "user":
        name = name or _implied_user(operation, parameters, caller, world)
    if not name or (kind == "policy" and operation != "CreatePolicy"):
        return None
    entity = None if kind == "policy" else _entity(kind, name, caller.account, world)
    if entity is not None:
        return str(entity.arn), entity
    return _arn(caller.account, known.arn, text(parameters, "Path") or "/", name), None


def _implied_user(operation: str, parameters: Parameters, caller: Caller, world: World) -> str:
    if operation in _OF_KEY_OWNER:
        owner = world.user_of_key(text(parameters, "AccessKeyId"))
        if owner is not None and owner[0] == caller.account:
            return str(owner[1].name)
        return caller.user_name
    return caller.user_name if operation in OF_CALLER else ""


def _entity(kind: str, name: str, account: str, world: World) -> Any | None:
    match kind:
        case "user":
            return world.user(account, name)
        case "role":
            return world.role(account, name)
        case "group":
            return world.iam(account).groups.get(name)
        case "instance-profile":
            return world.iam(account).instance_profiles.get(name)
        case _:
            return None


def _arn(account: str, kind: str, path: str, name: str) -> str:
    return f"arn:{PARTITION}:iam::{account}:{kind}{path}{name}"


def _context(keys: tuple[str, ...], parameters: Parameters, entity: Any | None) -> Context:
    """Give the condition keys of an IAM operation: boundary, policy, tags asked for and tags there."""
    context: dict[str, str | tuple[str, ...]] = {}
    tags = {} if entity is None else of_entity(entity)
    context.update(resource_tags(tags, "iam"))
    context.update(request_tags(tags_in(parameters.get("Tags")), listed(parameters, "TagKeys")))
    if "iam:PermissionsBoundary" in keys:
        boundary = text(parameters, "PermissionsBoundary") or getattr(
            entity, "permissions_boundary_arn", None
        )
        if boundary:
            context["iam:PermissionsBoundary"] = boundary
    if "iam:PolicyARN" in keys and text(parameters, "PolicyArn"):
        context["iam:PolicyARN"] = text(parameters, "PolicyArn")
    if "iam:AWSServiceName" in keys and text(parameters, "AWSServiceName"):
        context["iam:AWSServiceName"] = text(parameters, "AWSServiceName")
    return context
