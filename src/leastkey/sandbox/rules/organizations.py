"""Organizations where moto is not as AWS is: who may manage one, well-formed control policies, reachable members.

Source: AWS Organizations API Reference, CreateAccount, CreatePolicy, DetachPolicy, "Common Errors".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from leastkey.iam.arn import AccountId
from leastkey.iam.document import DocumentError, load_document
from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import text
from leastkey.sandbox.state.organizations import organization

if TYPE_CHECKING:
    from leastkey.iam.document import DocumentKind
    from leastkey.sandbox.request import AwsRequest, Operation, Response
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["refusal", "settle"]

_FOR_MEMBERS: Final = frozenset({"DescribeOrganization"})
_ADMINISTRATOR: Final = "arn:aws:iam::aws:policy/AdministratorAccess"
_KINDS: Final[dict[str, DocumentKind]] = {
    "SERVICE_CONTROL_POLICY": "identity",
    "RESOURCE_CONTROL_POLICY": "resource",
}


def refusal(request: AwsRequest, operation: Operation, given: Parameters) -> Refusal | None:
    """Give what AWS would refuse and moto would take."""
    if operation.name == "CreateOrganization":
        return None
    found = organization(request.account)
    if found is None:
        words = "Your account is not a member of an organization."
        return Refusal(400, "AWSOrganizationsNotInUseException", words)
    if operation.name in _FOR_MEMBERS:
        return None
    if found.org.master_account_id != request.account:
        words = "You don't have permissions to access this resource."
        return Refusal(400, "AccessDeniedException", words)
    match operation.name:
        case "CreatePolicy":
            return _document_fault(text(given, "Type"), given)
        case "UpdatePolicy" | "DeletePolicy" | "DetachPolicy":
            return _policy_fault(operation.name, given, found)
        case "UpdateOrganizationalUnit" | "DeleteOrganizationalUnit":
            return _unit_fault(operation.name, given, found)
        case _:
            return None


def settle(operation: Operation, world: World, response: Response) -> None:
    """Make an account that was created one of the sandbox's, with the role by which its managers reach it."""
    if operation.name != "CreateAccount" or response.status != 200:
        return
    account = AccountId(json.loads(response.body)["CreateAccountStatus"]["AccountId"])
    world.accounts.ensure(account)
    iam = world.iam(account)
    for role in iam.roles.values():
        role.path = role.path or "/"
        iam.attach_role_policy(_ADMINISTRATOR, role.name)


def _policy_fault(operation: str, given: Parameters, found: Any) -> Refusal | None:
    """Refuse a broken document, a change of AWS's own policies, and the removal of the last one from a level."""
    policy = next((each for each in found.policies if each.id == text(given, "PolicyId")), None)
    if policy is None:  # moto says so
        return None
    if operation == "DetachPolicy":
        return _detach_fault(policy, text(given, "TargetId"))
    if policy.aws_managed:
        words = "You can't update or delete a policy that is managed by AWS."
        return Refusal(400, "ConstraintViolationException", words)
    return _document_fault(policy.type, given) if operation == "UpdatePolicy" else None


def _detach_fault(policy: Any, target: str) -> Refusal | None:
    level = next((each for each in policy.attachments if each.id == target), None)
    if level is None:
        words = "The policy isn't attached to the specified target in the specified root."
        return Refusal(400, "PolicyNotAttachedException", words)
    if sum(each.type == policy.type for each in level.attached_policies) > 1:
        return None
    words = "You cannot remove the last policy attached to the specified target. You must have at least one attached."
    return Refusal(400, "ConstraintViolationException", words)


def _unit_fault(operation: str, given: Parameters, found: Any) -> Refusal | None:
    unit = text(given, "OrganizationalUnitId")
    if operation == "UpdateOrganizationalUnit":
        named = bool(text(given, "Name"))
        return None if named else Refusal(400, "InvalidInputException", "You specified an invalid value.")
    if not any(each.parent_id == unit for each in (*found.accounts, *found.ou)):
        return None
    words = "You can't delete an organizational unit that still contains accounts or organizational units."
    return Refusal(400, "OrganizationalUnitNotEmptyException", words)


def _document_fault(kind: str, given: Parameters) -> Refusal | None:
    if kind not in _KINDS or "Content" not in given:
        return None
    try:
        load_document(text(given, "Content"), _KINDS[kind])
    except DocumentError:
        words = "The provided policy document does not meet the requirements of the specified policy type."
        return Refusal(400, "MalformedPolicyDocumentException", words)
    return None
