"""IAM operations the sandbox answers in moto's place, because moto lacks them or gets them wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leastkey.sandbox import credential_report, last_used
from leastkey.sandbox.iam_details import account_details
from leastkey.sandbox.iam_documents import forgotten
from leastkey.sandbox.iam_xml import answer
from leastkey.sandbox.parameters import text
from leastkey.sandbox.request import Refusal

if TYPE_CHECKING:
    from leastkey.sandbox.parameters import Parameters
    from leastkey.sandbox.request import AwsRequest, Operation, Response
    from leastkey.sandbox.world import World

__all__ = ["answered", "set_boundary"]

_ATTACH: Final = {
    "AttachUserPolicy": "UserName",
    "AttachRolePolicy": "RoleName",
    "AttachGroupPolicy": "GroupName",
}


def answered(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal | None:
    """Answer an operation, or leave it to moto with None."""
    match operation.name:
        case "GetAccountAuthorizationDetails":
            return account_details(request, operation, parameters, world)
        case "GenerateCredentialReport":
            return credential_report.generate(request, operation, world)
        case "GetCredentialReport":
            return credential_report.report(request, operation, world)
        case "GetAccessKeyLastUsed":
            return last_used.of_key(request, operation, parameters, world)
        case "PutUserPermissionsBoundary" | "DeleteUserPermissionsBoundary":
            return _user_boundary(request, operation, parameters, world)
        case "UpdateRole":
            return _update_role(request, operation, parameters, world)
        case "DeleteUser" | "DeleteRole":
            return _delete_principal(request, operation, parameters, world)
        case name if name in _ATTACH:
            return _attach_again(request, operation, parameters, world)
        case _:
            return None


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


def _delete_principal(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    """Delete a user or role that nothing holds on to; trust policies that name it keep its id instead.

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
    for account in world.accounts.all():
        for role in world.iam(account).roles.values():
            trust = role.assume_role_policy_document or ""
            if entity.arn in trust:
                role.assume_role_policy_document = forgotten(trust, entity.arn, entity.id)
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


def _nobody(kind: str, name: str) -> Refusal:
    return Refusal(404, "NoSuchEntity", f"The {kind} with name {name} cannot be found.")
