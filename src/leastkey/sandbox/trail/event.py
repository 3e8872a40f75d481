"""A call as CloudTrail records: one for the caller's account, one more for another account that owns the resource.

Source: CloudTrail User Guide, "CloudTrail record contents"; S3 User Guide, "Amazon S3 CloudTrail events", which says
that failed authentication is not recorded and anonymous requests are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_OID, uuid5

from leastkey.sandbox.resolve.arns import shown
from leastkey.sandbox.resolve.parameters import parameters, text
from leastkey.sandbox.trail.elements import request_parameters, response_elements
from leastkey.sandbox.trail.identity import cross_account, iso, user_identity
from leastkey.sandbox.trail.names import (
    data_type,
    error_code,
    event_name,
    is_read,
    region_of,
    source_of,
)
from leastkey.sandbox.trail.wire_errors import refusal_in

if TYPE_CHECKING:
    from leastkey.sandbox.request import AwsRequest, Caller, Operation
    from leastkey.sandbox.trail.seen import Seen

__all__ = ["Event", "events"]

Event = dict[str, Any]
"""One record, in the order of AWS's own."""

_VERSION: Final = "1.11"
_TYPES: Final = {
    ("s3", "object"): "AWS::S3::Object",
    ("s3", "bucket"): "AWS::S3::Bucket",
    ("dynamodb", "table"): "AWS::DynamoDB::Table",
    ("kms", "key"): "AWS::KMS::Key",
    ("iam", "role"): "AWS::IAM::Role",
    ("iam", "user"): "AWS::IAM::User",
    ("iam", "group"): "AWS::IAM::Group",
    ("iam", "policy"): "AWS::IAM::Policy",
    ("secretsmanager", "secret"): "AWS::SecretsManager::Secret",
    ("sns", ""): "AWS::SNS::Topic",
    ("sqs", ""): "AWS::SQS::Queue",
    ("ssm", "parameter"): "AWS::SSM::Parameter",
    ("logs", "log-group"): "AWS::Logs::LogGroup",
}
_SHOWN: Final = 20


def events(seen: Seen) -> tuple[Event, ...]:
    """Give the records of a call: none when nobody was authenticated, or no operation was asked for."""
    caller, request, operation = seen.caller, seen.request, seen.operation
    if caller is None or request is None or operation is None:
        return ()
    owner = _owner(seen, request, operation)
    first = caller.account or owner
    if not first:
        return ()
    whole = _event(seen, caller, request, operation)
    if owner in ("", first):
        return (_for(whole, seen, first),)
    shared = {"sharedEventID": str(uuid5(NAMESPACE_OID, f"shared {seen.request_id}"))}
    theirs = {**whole, "userIdentity": cross_account(caller)}
    return _for(whole, seen, first, shared), _for(theirs, seen, owner, shared)


def _for(event: Event, seen: Seen, account: str, more: Event | None = None) -> Event:
    ours = {
        "eventID": str(uuid5(NAMESPACE_OID, f"{seen.request_id} {account}")),
        "recipientAccountId": account,
    }
    return {name: ours.get(name, value) for name, value in event.items()} | (more or {})


def _event(seen: Seen, caller: Caller, request: AwsRequest, operation: Operation) -> Event:
    name, service = event_name(request.service, operation.name), request.service
    kind = data_type(service, name)
    found: Event = {
        "eventVersion": _VERSION,
        "userIdentity": user_identity(seen, caller),
        "eventTime": iso(seen.now),
        "eventSource": source_of(service),
        "eventName": name,
        "awsRegion": region_of(service, request.region),
        "sourceIPAddress": request.source_ip,
        "userAgent": _agent(request),
    }
    code, words = _error(seen)
    if code:
        found["errorCode"] = code
        found["errorMessage"] = words
    found["requestParameters"] = request_parameters(request, operation)
    found["responseElements"] = None
    if not code and seen.response is not None:
        found["responseElements"] = response_elements(request, operation, seen.response)
    found["requestID"] = seen.request_id
    found["eventID"] = ""
    found["readOnly"] = is_read(service, operation.name)
    resources = _resources(seen)
    if resources:
        found["resources"] = resources
    found["eventType"] = "AwsApiCall"
    found["managementEvent"] = not kind
    found["recipientAccountId"] = ""
    found["eventCategory"] = "Data" if kind else "Management"
    return found


def _agent(request: AwsRequest) -> str:
    agent = request.headers.get("user-agent", "")
    return f"[{agent}]" if request.service == "s3" else agent


def _error(seen: Seen) -> tuple[str, str]:
    """Give code and message of what went wrong, by whomever it was refused."""
    if seen.refusal is not None:
        return error_code(seen.refusal, seen.service), seen.refusal.message
    if seen.response is None or seen.response.status < 400:
        return "", ""
    found = refusal_in(seen.response)
    return error_code(found, seen.service), found.message


def _owner(seen: Seen, request: AwsRequest, operation: Operation) -> str:
    """Give the account that owns what the call is about, "" where none is known."""
    if request.service == "sts":
        role = text(parameters(request, operation), "RoleArn").split(":")
        return role[4] if len(role) > 5 and role[4].isdigit() else ""
    return next((each.request.owner for each in seen.decided if each.request.owner), "")


def _resources(seen: Seen) -> list[dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for each in seen.decided:
        arn = shown(each.request.resource)
        parts = arn.split(":", 5)
        if len(parts) != 6 or len(found) >= _SHOWN:
            continue
        entry = {"accountId": each.request.owner} if each.request.owner else {}
        kind = _type(parts[2], parts[5])
        if kind:
            entry["type"] = kind
        found.setdefault(arn, {**entry, "ARN": arn})
    return list(found.values())


def _type(service: str, rest: str) -> str:
    if service == "s3":
        return _TYPES[(service, "object" if "/" in rest else "bucket")]
    head = rest.replace(":", "/").partition("/")[0]
    return _TYPES.get((service, head), _TYPES.get((service, ""), ""))
