"""Where the sandbox is truer to AWS than moto: what is refused before, answered instead, and put right after.

IAM's own rules, S3's few, and EC2's dry run. The gate holds its lock from `before` to `after`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.sandbox.errors import refused
from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import parameters
from leastkey.sandbox.rules import iam_refusals, organizations, resource_policies, s3_rules, trails
from leastkey.sandbox.rules.functions import dry_run, function_fault
from leastkey.sandbox.rules.iam_after import settled
from leastkey.sandbox.rules.iam_answers import about_caller, answered
from leastkey.sandbox.rules.iam_mfa import mfa_refusal
from leastkey.sandbox.rules.iam_pages import page_fault
from leastkey.sandbox.rules.shapes import shape_fault
from leastkey.sandbox.rules.sns_names import name_fault
from leastkey.sandbox.services import BY_SIGNING_NAME
from leastkey.sandbox.state.moto_silence import silence

if TYPE_CHECKING:
    from leastkey.sandbox.request import AwsRequest, Caller, Operation, Response
    from leastkey.sandbox.state.world import World

__all__ = ["after", "answer", "before"]

_POLICIES: Final = re.compile(r"(?:Put|Attach|Delete|Detach)(User|Role|Group)Policy", re.ASCII)


def before(request: AwsRequest, operation: Operation, world: World) -> Refusal | None:
    """Give what AWS would refuse and moto would take. A dry run ends here, once it is authorized."""
    silence()
    fault = shape_fault(request, operation)
    if fault is not None:
        return fault
    match request.service:
        case "iam":
            given = parameters(request, operation)
            return (
                page_fault(operation.name, given)
                or iam_refusals.refusal(operation.name, given, request.account, world)
                or mfa_refusal(operation.name, given, request.account, request.now, world)
            )
        case "s3":
            return s3_rules.refusal(request, operation, world)
        case "ec2" if request.form.get("DryRun", ["false"])[0].lower() == "true":
            return Refusal(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
        case "lambda":
            return function_fault(request, operation, world)
        case "organizations":
            return organizations.refusal(request, operation, parameters(request, operation))
        case "cloudtrail":
            return trails.refusal(request, operation.name, parameters(request, operation), world)
        case _:
            return _of_policy(request, operation)


def _of_policy(request: AwsRequest, operation: Operation) -> Refusal | None:
    """Refuse names of topics, and policies of resources, that AWS would not take."""
    if request.service not in ("dynamodb", "secretsmanager", "sns", "sqs"):
        return None
    given = parameters(request, operation)
    wrong = name_fault(given) if request.service == "sns" else None
    return wrong or resource_policies.refusal(operation.name, given)


def answer(request: AwsRequest, operation: Operation, caller: Caller, world: World) -> Response | None:
    """Answer in moto's place, or leave it to moto with None."""
    if request.service == "lambda":
        return dry_run(operation)
    if request.service != "iam":
        return None
    given = parameters(request, operation)
    if changed := _POLICIES.fullmatch(operation.name):
        kind = changed[1]
        world.policies_change(request.account, kind, str(given.get(f"{kind}Name", "")))
    found = about_caller(request, operation, given, caller) or answered(request, operation, given, world)
    if isinstance(found, Refusal):
        return refused(found, BY_SIGNING_NAME[request.signing_name], request.request_id)
    return found


def after(
    request: AwsRequest, operation: Operation, caller: Caller, world: World, response: Response
) -> Response:
    """Put moto's state and answer right."""
    del caller
    if request.service == "s3":
        s3_rules.settle(request, operation, world, response)
        return response
    if request.service == "organizations":
        organizations.settle(operation, world, response)
    if request.service == "cloudtrail":
        return trails.settle(request, operation, parameters(request, operation), world, response)
    if request.service != "iam":
        return response
    return settled(request, operation, parameters(request, operation), world, response)
