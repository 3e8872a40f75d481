"""What DynamoDB's requests on many items need: each table, each action of a transaction, with the keys they touch.

Source: DynamoDB Developer Guide, "Using IAM with DynamoDB transactions" and "Using IAM policy conditions for fine-grained access
control".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from leastkey.sandbox.resolve.arns import account_of
from leastkey.sandbox.resolve.authorization import Authorization, UnjudgedError
from leastkey.sandbox.resolve.condition_keys_dynamodb import attribute_keys, leading_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.sandbox.request import AwsRequest
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["batch", "transaction", "with_items"]

_LEADING: Final = "dynamodb:LeadingKeys"
_IN_TRANSACTION: Final = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}


def with_items(needed: Authorization, asked: Parameters, world: World) -> Authorization:
    """Give an authorization with the partition keys and attributes that are asked of its table."""
    parts = needed.resource.split(":", 5)
    if len(parts) != 6 or not parts[3] or not world.accounts.has(parts[4]):  # a global table is of no region
        return needed
    name = parts[5].removeprefix("table/").partition("/")[0]
    leading = leading_keys(asked, world.backend("dynamodb", parts[4], parts[3]).tables.get(name))
    context = {**needed.context, **attribute_keys(asked)}
    if leading:
        context[_LEADING] = leading
    opened = frozenset({_LEADING.lower()}) if leading is None else frozenset()
    return replace(needed, context=context, open_keys=opened)


def batch(request: AwsRequest, parameters: Parameters, world: World) -> Iterator[Authorization]:
    """Give the tables of a batch: they are the names of its fields."""
    action = (
        "BatchWriteItem"
        if request.headers.get("x-amz-target", "").endswith("BatchWriteItem")
        else "BatchGetItem"
    )
    given = parameters.get("RequestItems")
    tables: dict[str, Any] = given if isinstance(given, dict) else {}
    if not tables:
        yield Authorization(f"dynamodb:{action}", "*", request.account, unresolved=True)
    for name, asked in tables.items():
        arn = _table(name, request)
        items = asked if isinstance(asked, dict) else {"Writes": asked}
        yield with_items(
            Authorization(f"dynamodb:{action}", arn, account_of(arn, request.account)), items, world
        )


def transaction(request: AwsRequest, parameters: Parameters, world: World) -> Iterator[Authorization]:
    """Give the action of each item of a transaction."""
    enclosing = request.headers.get("x-amz-target", "").rpartition(".")[2]
    given = parameters.get("TransactItems")
    items = [item for item in given if isinstance(item, dict) and item] if isinstance(given, list) else []
    if not items:  # it would touch nothing, and nobody may find that out who may not read
        yield Authorization("dynamodb:GetItem", "*", request.account, unresolved=True)
    for item in items:
        for kind, asked in item.items():
            name = asked.get("TableName") if isinstance(asked, dict) else None
            action = _IN_TRANSACTION.get(kind)
            if action is None or not isinstance(name, str):
                raise UnjudgedError(str(kind))
            arn = _table(name, request)
            needed = Authorization(
                f"dynamodb:{action}",
                arn,
                account_of(arn, request.account),
                {"dynamodb:EnclosingOperation": enclosing},
            )
            yield with_items(needed, asked, world)


def _table(name: str, request: AwsRequest) -> str:
    """Give the ARN of one table among several. Raises UnjudgedError for one of another account."""
    if not name.startswith("arn:"):
        return f"arn:aws:dynamodb:{request.region}:{request.account}:table/{name}"
    if account_of(name, "") != request.account:
        raise UnjudgedError(name)
    return name
