"""In which account an operation acts: the caller's, save where a queue, a table, a secret or a key of another one is named.

Source: SQS Developer Guide, "Queue URL"; Secrets Manager User Guide, "Access Secrets Manager secrets from a different
account"; KMS Developer Guide, "Allowing users in other accounts to use a KMS key"; DynamoDB Developer Guide, "Cross-account access
with resource-based policies".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.sandbox.resolve.arns import account_of
from leastkey.sandbox.resolve.parameters import parameters, text
from leastkey.sandbox.resolve.resources_formed import function_account

if TYPE_CHECKING:
    from leastkey.sandbox.request import AwsRequest, Operation
    from leastkey.sandbox.resolve.parameters import Parameters

__all__ = ["acted_in", "queue_account"]

_QUEUE_URL: Final = re.compile(r"https?://[^/]+/(?P<account>[0-9]{12})/[^/]+", re.ASCII)
_BY_ARN: Final = {
    "dynamodb": ("TableName", "ResourceArn"),
    "kms": ("KeyId",),
    "secretsmanager": ("SecretId",),
}


def acted_in(request: AwsRequest, operation: Operation) -> str:
    """Give the account whose state an operation reads or changes, as `authorizations` names it."""
    if request.service == "sqs":
        return queue_account(parameters(request, operation), request.account)
    if request.service == "lambda":
        return function_account(parameters(request, operation), request.account)
    if request.service not in _BY_ARN:
        return request.account
    given = parameters(request, operation)
    named = (text(given, name) for name in _BY_ARN[request.service])
    return account_of(next((value for value in named if value), ""), request.account)


def queue_account(given: Parameters, otherwise: str) -> str:
    """Give the account in a queue's address, or the one whose queue's address is asked for."""
    found = _QUEUE_URL.fullmatch(text(given, "QueueUrl"))
    return found["account"] if found is not None else text(given, "QueueOwnerAWSAccountId") or otherwise
