"""What is put right after moto made or removed an IAM entity: ids, boundaries, stored principals, pages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from leastkey.sandbox.resolve.parameters import text
from leastkey.sandbox.rules.iam_answers import set_boundary
from leastkey.sandbox.rules.iam_documents import stored_trust
from leastkey.sandbox.rules.iam_pages import paged
from leastkey.sandbox.rules.iam_passwords import note_password
from leastkey.sandbox.rules.iam_xml import element
from leastkey.sandbox.state.accounts import random_text

if TYPE_CHECKING:
    from leastkey.sandbox.request import AwsRequest, Operation, Response
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["settled"]

_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ID_HEADS: Final = {
    "CreateUser": "AIDA",
    "CreateGroup": "AGPA",
    "CreateInstanceProfile": "AIPA",
    "CreatePolicy": "ANPA",
}


def settled(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World, response: Response
) -> Response:
    """Put state and answer right after an operation that went through."""
    if response.status != 200:
        return response
    note_password(operation.name, parameters, request.account, request.now, world)
    match operation.name:
        case name if name in _ID_HEADS:
            return _made(name, parameters, request.account, world, response)
        case "CreateRole":
            _store_trust(text(parameters, "RoleName"), request.account, world)
        case "UpdateAssumeRolePolicy":
            _store_trust(text(parameters, "RoleName"), request.account, world)
        case "GetAccountSummary":
            return _with_root_key(response)
        case _:
            pass
    return paged(operation.name, parameters, response)


def _made(name: str, parameters: Parameters, account: str, world: World, response: Response) -> Response:
    """Give a new entity an id of AWS's shape, and a new user its boundary."""
    entity = _entity(name, parameters, account, world)
    if entity is None:
        return response
    old, entity.id = entity.id, _ID_HEADS[name] + random_text(_BASE32, 17)
    body = response.body.replace(old.encode(), entity.id.encode())
    boundary = text(parameters, "PermissionsBoundary")
    if name == "CreateUser" and boundary:
        set_boundary(entity, boundary)
        body = body.replace(
            b"</User>", element("PermissionsBoundary", entity.permissions_boundary).encode() + b"</User>"
        )
    return replace(response, body=body)


def _entity(name: str, parameters: Parameters, account: str, world: World) -> Any | None:
    iam = world.iam(account)
    match name:
        case "CreateUser":
            return iam.users.get(text(parameters, "UserName"))
        case "CreateGroup":
            return iam.groups.get(text(parameters, "GroupName"))
        case "CreateInstanceProfile":
            return iam.instance_profiles.get(text(parameters, "InstanceProfileName"))
        case _:
            wanted = text(parameters, "PolicyName")
            policies = iam.managed_policies.values()
            return next(
                (each for each in policies if each.name == wanted and ":iam::aws:" not in each.arn), None
            )


def _store_trust(name: str, account: str, world: World) -> None:
    role = world.role(account, name)
    if role is not None:
        role.assume_role_policy_document = stored_trust(role.assume_role_policy_document)


def _with_root_key(response: Response) -> Response:
    """Say in the summary that root has a key: every account of the sandbox does."""
    absent = b"<key>AccountAccessKeysPresent</key><value>0</value>"
    return replace(response, body=response.body.replace(absent, absent.replace(b">0<", b">1<")))
