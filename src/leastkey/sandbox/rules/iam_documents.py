"""What IAM refuses in a policy document: syntax by kind, size, and principals that do not exist.

Source: IAM User Guide, "Grammar of the IAM JSON policy language", "IAM and AWS STS quotas", "Principal".
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from leastkey.iam import limits
from leastkey.iam.document import DocumentError
from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import text
from leastkey.sandbox.rules.iam_oidc import unasked_claim
from leastkey.sandbox.state.world import PARTITION, document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leastkey.iam.document import PolicyDocument
    from leastkey.iam.statement import Principals
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = [
    "document_fault",
    "forgotten",
    "identity_fault",
    "stored_trust",
    "trust_fault",
    "unknown_principal",
]

_RAW_LIMIT: Final = 131_072
_SID: Final = re.compile(r"[0-9A-Za-z]*", re.ASCII)
_SAID: Final = {
    "Action is missing": "Policy statement must contain actions.",
    "Resource is missing": "Policy statement must contain resources.",
    "Principal does not belong": "Policy document should not specify a principal.",
    "NotPrincipal does not belong": "Policy document should not specify a principal.",
    "Resource does not belong": "Has prohibited field Resource",
    "NotResource does not belong": "Has prohibited field NotResource",
    "Principal is missing": "Missing required field Principal",
    "Sid `": "Statement IDs (SID) in a single policy must be unique.",
}
_ROLE_INLINE: Final = 10_240
_GROUP_INLINE: Final = 5_120
_CHARACTERS: Final = re.compile(r"[\t\n\r\x20-\xff]*")
_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)
_UNIQUE_ID: Final = re.compile(r"A(IDA|ROA)[A-Z0-9]{12,28}", re.ASCII)
_SERVICE: Final = re.compile(r"[a-z0-9.-]+\.(amazonaws\.com|amazonaws\.com\.cn|aws\.internal)", re.ASCII)


def document_fault(operation: str, parameters: Parameters, account: str, world: World) -> Refusal | None:
    """Say what is wrong with the document an operation brings, or None."""
    check = _CHECKS.get(operation)
    return None if check is None else check(parameters, account, world)


def identity_fault(given: str) -> Refusal | None:
    """Say what is wrong with an identity policy, size aside."""
    try:
        parsed = _parsed(given, "identity")
    except _FaultError as fault:
        return fault.refusal
    for statement in parsed.statements:
        for action in (*statement.actions, *statement.not_actions):
            if action != "*" and ":" not in action:
                return _malformed(
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
                )
        for resource in (*statement.resources, *statement.not_resources):
            if resource != "*" and not resource.startswith("arn:"):
                return _malformed(f'Resource {resource} must be in ARN format or "*".')
    return None


def trust_fault(given: str, world: World) -> Refusal | None:
    """Say what is wrong with a trust policy: syntax, actions, size, principals."""
    try:
        parsed = _parsed(given, "trust")
    except _FaultError as fault:
        return fault.refusal
    for statement in parsed.statements:
        if any(not action.lower().startswith("sts:") for action in statement.actions):
            return _malformed("AssumeRole policy may only specify STS AssumeRole actions.")
        for principals in (statement.principal, statement.not_principal):
            unknown = None if principals is None else unknown_principal(principals, world)
            if unknown is not None:
                kind, value = unknown
                return _malformed(f'Invalid principal in policy: "{kind}":"{value}"')
    claim = "" if world.permits_shared_oidc else unasked_claim(parsed)
    if claim:
        return _malformed(
            f"The trust policy of a shared OIDC provider must evaluate the condition key {claim} with values that "
            "are not solely wildcards."
        )
    if _size(given) > limits.TRUST_POLICY_CHARACTERS:
        return _limit(f"Cannot exceed quota for ACLSizePerRole: {limits.TRUST_POLICY_CHARACTERS}")
    return None


def unknown_principal(principals: Principals, world: World) -> tuple[str, str] | None:
    """Give kind and name of a principal that does not exist, None when all do."""
    return next(_unknown(principals, world), None)


def stored_trust(given: str) -> str:
    """Give a trust policy as IAM keeps it: an account's number becomes the ARN of its root."""
    value = json.loads(given)
    changed = _replace(
        value, lambda each: f"arn:{PARTITION}:iam::{each}:root" if _ACCOUNT.fullmatch(each) else each
    )
    return json.dumps(value) if changed else given


def forgotten(given: str, arn: str, unique_id: str) -> str:
    """Give a trust policy after a principal was deleted: its id stands where its ARN stood, for ever."""
    value = json.loads(given)
    changed = _replace(value, lambda each: unique_id if each == arn else each)
    return json.dumps(value) if changed else given


class _FaultError(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def _parsed(given: str, kind: Any) -> PolicyDocument:
    if len(given) > _RAW_LIMIT or not given:
        raise _FaultError(
            Refusal(
                400,
                "ValidationError",
                "1 validation error detected: Value at 'policyDocument' failed to satisfy constraint: "
                f"Member must have length between 1 and {_RAW_LIMIT}",
            )
        )
    if not _CHARACTERS.fullmatch(given):
        raise _FaultError(
            Refusal(
                400,
                "ValidationError",
                "The specified value for policyDocument is invalid. It must contain only printable characters.",
            )
        )
    try:
        parsed = document(given, kind)
    except DocumentError as error:
        raise _FaultError(_malformed(_words(error))) from None
    if not all(_SID.fullmatch(each.sid or "") for each in parsed.statements):
        raise _FaultError(
            _malformed(
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
                "[0-9A-Za-z]*"
            )
        )
    return parsed


def _words(error: DocumentError) -> str:
    """Give AWS's words for a fault, with ours after them where AWS says no more than that there is one."""
    known = next((words for said, words in _SAID.items() if error.what.startswith(said)), None)
    return known or f"Syntax errors in policy. {error.what} ({error.path})"


def _size(given: str) -> int:
    """Count what AWS counts: all but white space."""
    return sum(not character.isspace() for character in given)


def _managed(parameters: Parameters, account: str, world: World) -> Refusal | None:
    del account, world
    given = text(parameters, "PolicyDocument")
    fault = identity_fault(given)
    if fault is None and _size(given) > limits.MANAGED_POLICY_CHARACTERS:
        return _limit(f"Cannot exceed quota for PolicySize: {limits.MANAGED_POLICY_CHARACTERS}")
    return fault


def _inline(kind: str, quota: int) -> Callable[[Parameters, str, World], Refusal | None]:
    def check(parameters: Parameters, account: str, world: World) -> Refusal | None:
        given = text(parameters, "PolicyDocument")
        fault = identity_fault(given)
        name = text(parameters, f"{kind.capitalize()}Name")
        if fault is not None:
            return fault
        match kind:
            case "user":
                entity = world.user(account, name)
            case "role":
                entity = world.role(account, name)
            case _:
                entity = world.iam(account).groups.get(name)
        others = {} if entity is None else dict(entity.policies)
        others[text(parameters, "PolicyName")] = given
        if sum(_size(each) for each in others.values()) > quota:
            return _limit(f"Maximum policy size of {quota} bytes exceeded for {kind} {name}")
        return None

    return check


def _trust(parameter: str) -> Callable[[Parameters, str, World], Refusal | None]:
    def check(parameters: Parameters, account: str, world: World) -> Refusal | None:
        del account
        return trust_fault(text(parameters, parameter), world)

    return check


_CHECKS: Final = {
    "CreatePolicy": _managed,
    "CreatePolicyVersion": _managed,
    "PutUserPolicy": _inline("user", limits.USER_INLINE_CHARACTERS),
    "PutRolePolicy": _inline("role", _ROLE_INLINE),
    "PutGroupPolicy": _inline("group", _GROUP_INLINE),
    "CreateRole": _trust("AssumeRolePolicyDocument"),
    "UpdateAssumeRolePolicy": _trust("PolicyDocument"),
}


def _unknown(principals: Principals, world: World) -> Iterator[tuple[str, str]]:
    for each in principals.aws:
        if not _exists(each, world):
            yield "AWS", each
    for each in principals.service:
        if not _SERVICE.fullmatch(each):
            yield "SERVICE", each


def _exists(principal: str, world: World) -> bool:
    """Say whether an AWS principal exists. An account does by its number; users and roles must be there."""
    if principal == "*" or _ACCOUNT.fullmatch(principal) or _UNIQUE_ID.fullmatch(principal):
        return True
    parts = principal.split(":", 5)
    if len(parts) != 6 or parts[:2] != ["arn", PARTITION] or not _ACCOUNT.fullmatch(parts[4]):
        return False
    if parts[2] == "iam" and parts[5] == "root":
        return True
    return world.accounts.has(parts[4]) and _is_there(parts[2], parts[4], parts[5], world)


def _is_there(service: str, account: str, resource: str, world: World) -> bool:
    kind, _, rest = resource.partition("/")
    name = rest.rsplit("/", 1)[-1]
    match service, kind:
        case "iam", "user":
            user = world.user(account, name)
            return (
                user is not None
                and user.arn.endswith(f":{resource}")
                and not world.propagation.is_new(user.create_date)
            )
        case "iam", "role":
            role = world.role_by_arn(f"arn:{PARTITION}:iam::{account}:{resource}")
            return role is not None and not world.propagation.is_new(role.create_date)
        case "sts", "assumed-role":
            return world.role(account, rest.partition("/")[0]) is not None
        case "sts", "federated-user":
            return bool(name)
        case _:
            return False


def _replace(value: Any, change: Callable[[str], str]) -> bool:
    """Change the AWS principals of a document in place, and say whether any did."""
    statements = value.get("Statement", [])
    changed = False
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            principals = statement.get(element)
            if not isinstance(principals, dict) or "AWS" not in principals:
                continue
            old = principals["AWS"]
            new = change(old) if isinstance(old, str) else [change(each) for each in old]
            changed = changed or new != old
            principals["AWS"] = new
    return changed


def _malformed(words: str) -> Refusal:
    return Refusal(400, "MalformedPolicyDocument", words)


def _limit(words: str) -> Refusal:
    return Refusal(409, "LimitExceeded", words)
