"""Lambda's Invoke and AddPermission: nothing runs here, but whether somebody may invoke a function is answered as AWS does for a dry run.

Source: Lambda API Reference, Invoke: `InvocationType` `DryRun` validates parameters and the permission, and answers 204.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.sandbox.errors import not_built
from leastkey.sandbox.request import Refusal, Response
from leastkey.sandbox.resolve.arns import account_of
from leastkey.sandbox.resolve.parameters import parameters, text
from leastkey.sandbox.resolve.resources_formed import functions
from leastkey.sandbox.state.resource_policies import function_of

if TYPE_CHECKING:
    from leastkey.sandbox.request import AwsRequest, Operation
    from leastkey.sandbox.state.world import World

__all__ = ["dry_run", "function_fault"]


_PRINCIPAL: Final = re.compile(
    r"[0-9]{12}|\*|[a-z0-9.-]+\.amazonaws\.com|arn:aws:iam::[0-9]{12}:(?:root|(?:user|role)/[\w+=,.@/-]+)",
    re.ASCII,
)


def function_fault(request: AwsRequest, operation: Operation, world: World) -> Refusal | None:
    """Refuse what would run code, a function that is not there, and a permission for nobody."""
    if operation.name == "AddPermission":
        principal = text(parameters(request, operation), "Principal")
        words = "The provided principal was invalid. Please check the principal and try again."
        return (
            None if _PRINCIPAL.fullmatch(principal) else Refusal(400, "InvalidParameterValueException", words)
        )
    if operation.name != "Invoke":
        return None
    if request.headers.get("x-amz-invocation-type") != "DryRun":
        return not_built("Running the code of a function (only InvocationType DryRun is)")
    arn = functions(request, parameters(request, operation), world)[0]
    backend = world.backend("lambda", account_of(arn, request.account), request.region)
    if function_of(backend, arn.split(":")[6]) is None:
        return Refusal(404, "ResourceNotFoundException", f"Function not found: {arn}")
    return None


def dry_run(operation: Operation) -> Response | None:
    """Give the answer to a dry run of Invoke."""
    return Response(204, (("Content-Type", "application/json"),), b"") if operation.name == "Invoke" else None
