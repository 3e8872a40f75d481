"""IAM operations the sandbox answers in moto's place, because moto lacks them or gets them wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import text
from leastkey.sandbox.resolve.resources_iam import OF_CALLER
from leastkey.sandbox.rules import credential_report
from leastkey.sandbox.rules.iam_context_keys import context_keys
from leastkey.sandbox.rules.iam_details import account_details
from leastkey.sandbox.rules.iam_gaps import client_id, profile_tags
from leastkey.sandbox.rules.iam_last_accessed import generate, last_accessed, policies_granting, with_entities
from leastkey.sandbox.rules.iam_simulate import simulate
from leastkey.sandbox.rules.iam_xml import answer
from leastkey.sandbox.rules.principals import renamed
from leastkey.sandbox.state.last_used import forget_uses

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.sandbox.request import AwsRequest, Caller, Operation, Response
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["about_caller", "answered", "set_boundary"]

_ATTACH: Final = {
    "AttachUserPolicy": "UserName",
    "AttachRolePolicy": "RoleName",
    "AttachGroupPolicy": "GroupName",
}


def answered(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal | None:
    """Answer an operation, or leave it to moto with None."""
    found = _ANSWERS.get(operation.name)
    return None if found is None else found(request, operation, parameters, world)


def about_caller(
    request: AwsRequest, operation: Operation, parameters: Parameters, caller: Caller
) -> Response | Refusal | None:
    """Answer a call that names no user and comes from somebody who is none."""
    if operation.name not in OF_CALLER or text(parameters, "UserName") or caller.user_name:
        return None
    if operation.name == "GetUser" and caller.principal.type == "root":
        user = {"UserId": caller.account, "Arn": caller.principal.arn, "CreateDate": request.now}
        return answer(request, operation, {"User": user})
    return Refusal(400, "ValidationError", "Must specify userName when calling with non-User credentials")


def set_boundary(user: Any, arn: str) -> None:
    """Set or remove a user's permissions boundary; moto has none on users and prints this field when it is there."""
    user.permissions_boundary_arn = arn or None
    user.permissions_boundary = (
        {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn} if arn else None
    )


def _user_boundary(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    name = text(parameters, "UserName")
    user = world.user(request.account, name)
    if user is None:
        return _nobody("user", name)
    set_boundary(user, text(parameters, "PermissionsBoundary"))
    return answer(request, operation)


def _key_last_used(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    """Answer GetAccessKeyLastUsed. The key of another account is not there."""
    key_id = text(parameters, "AccessKeyId")
    owner = world.user_of_key(key_id)
    if owner is None or owner[0] != request.account:
        return Refusal(403, "AccessDenied", f"The access key {key_id} is not one of this account.")
    used = owner[2].last_used
    last = (
        {"ServiceName": "N/A", "Region": "N/A"}
        if used is None
        else {"LastUsedDate": used.timestamp, "ServiceName": used.service, "Region": used.region}
    )
    return answer(request, operation, {"UserName": owner[1].name, "AccessKeyLastUsed": last})


def _update_role(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    """Change what the request names and leave the rest; moto would empty it."""
    name = text(parameters, "RoleName")
    role = world.role(request.account, name)
    if role is None:
        return _nobody("role", name)
    if "Description" in parameters:
        role.description = text(parameters, "Description")
    if "MaxSessionDuration" in parameters:
        role.max_session_duration = int(text(parameters, "MaxSessionDuration"))
    return answer(request, operation, {})


def _update_user(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    """Rename or move a user: its keys stay its own, and policies that name it go on naming it."""
    name = text(parameters, "UserName")
    user = world.user(request.account, name)
    if user is None:
        return _nobody("user", name)
    old = user.arn
    new_name = text(parameters, "NewUserName") or None
    world.iam(request.account).update_user(user.name, text(parameters, "NewPath") or None, new_name)
    for key in user.access_keys:
        key.user_name = user.name
    renamed(world, old, user.arn)
    return answer(request, operation)


def _delete_principal(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    """Delete a user or role that nothing holds on to; policies that name it as principal keep its id instead.

    A principal made again under the same name is another one. Source: IAM User Guide, "AWS JSON policy elements:
    Principal".
    """
    kind = "user" if operation.name == "DeleteUser" else "role"
    name = text(parameters, f"{kind.capitalize()}Name")
    entity = world.user(request.account, name) if kind == "user" else world.role(request.account, name)
    if entity is None:
        return _nobody(kind, name)
    iam = world.iam(request.account)
    delete = iam.delete_user if kind == "user" else iam.delete_role
    delete(entity.name)
    forget_uses(entity.id, request.account, world)
    renamed(world, entity.arn, entity.id)
    return answer(request, operation)


def _attach_again(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | None:
    """Answer an attachment that is there already: it is no second one."""
    name = text(parameters, _ATTACH[operation.name])
    match operation.name:
        case "AttachUserPolicy":
            entity = world.user(request.account, name)
        case "AttachRolePolicy":
            entity = world.role(request.account, name)
        case _:
            entity = world.iam(request.account).groups.get(name)
    is_there = entity is not None and text(parameters, "PolicyArn") in entity.managed_policies
    return answer(request, operation) if is_there else None


def _generate(request: AwsRequest, operation: Operation, parameters: Parameters, world: World) -> Response:
    del parameters
    return credential_report.generate(request, operation, world)


def _report(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    del parameters
    return credential_report.report(request, operation, world)


def _nobody(kind: str, name: str) -> Refusal:
    return Refusal(404, "NoSuchEntity", f"The {kind} with name {name} cannot be found.")


_ANSWERS: Final[
    dict[str, Callable[[AwsRequest, Operation, Parameters, World], Response | Refusal | None]]
] = {
    "AddClientIDToOpenIDConnectProvider": client_id,
    "DeleteRole": _delete_principal,
    "DeleteUser": _delete_principal,
    "DeleteUserPermissionsBoundary": _user_boundary,
    "GenerateCredentialReport": _generate,
    "GenerateServiceLastAccessedDetails": generate,
    "GetAccessKeyLastUsed": _key_last_used,
    "GetAccountAuthorizationDetails": account_details,
    "GetContextKeysForCustomPolicy": context_keys,
    "GetContextKeysForPrincipalPolicy": context_keys,
    "GetCredentialReport": _report,
    "GetServiceLastAccessedDetails": last_accessed,
    "GetServiceLastAccessedDetailsWithEntities": with_entities,
    "ListInstanceProfileTags": profile_tags,
    "ListPoliciesGrantingServiceAccess": policies_granting,
    "PutUserPermissionsBoundary": _user_boundary,
    "RemoveClientIDFromOpenIDConnectProvider": client_id,
    "SimulateCustomPolicy": simulate,
    "SimulatePrincipalPolicy": simulate,
    "UpdateRole": _update_role,
    "UpdateUser": _update_user,
    **dict.fromkeys(_ATTACH, _attach_again),
}
