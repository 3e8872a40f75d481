"""DynamoDB's condition keys: partition keys and attributes that a request touches, and what it wants back.

Source: DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from leastkey.sandbox.resolve.parameters import listed, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leastkey.evaluate.request import Context
    from leastkey.sandbox.resolve.parameters import Parameters

__all__ = ["attribute_keys", "leading_keys"]

_EXPRESSIONS: Final = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
)
_BY_NAME: Final = (
    "AttributeUpdates",
    "Expected",
    "Item",
    "Key",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
)
"""Parameters whose fields are attributes."""
_WORD: Final = re.compile(
    r"(?<![\w.#:])(?P<name>#?[A-Za-z_][\w-]*|#\w+)(?:\[\d+\])*(?:\.[#\w-]+(?:\[\d+\])*)*\s*(?P<call>\()?",
    re.ASCII,
)
_WORDS: Final = frozenset({"add", "and", "between", "delete", "in", "not", "or", "remove", "set"})
_EQUAL: Final = re.compile(
    r"(?P<name>#?\w[\w.-]*)\s*=\s*(?P<value>:\w+)|(?P<swapped>:\w+)\s*=\s*(?P<other>#?\w[\w.-]*)", re.ASCII
)


def leading_keys(asked: Parameters, table: Any) -> tuple[str, ...] | None:
    """Give the partition keys a request names, () for one that reads them all, None where they cannot be told.

    `table` is moto's, None where there is none.
    """
    if table is None:
        return ()
    if "KeyConditionExpression" in asked or "KeyConditions" in asked:
        name = _partition_of(table, text(asked, "IndexName"))
        value = _of_conditions(asked, name) or _of_expression(asked, name)
        return None if value is None else (value,)
    found = [_plain(item.get(_partition_of(table, ""))) for item in _items(asked)]
    return None if None in found else tuple(dict.fromkeys(each for each in found if each is not None))


def attribute_keys(asked: Parameters) -> Context:
    """Give the names of the attributes a request speaks of."""
    names = dict.fromkeys(listed(asked, "AttributesToGet"))
    for field in _BY_NAME:
        value = asked.get(field)
        names.update(dict.fromkeys(value if isinstance(value, dict) else ()))
    for item in _items(asked):
        names.update(dict.fromkeys(item))
    given = asked.get("ExpressionAttributeNames")
    spelled: Mapping[str, Any] = given if isinstance(given, dict) else {}
    for field in _EXPRESSIONS:
        names.update(dict.fromkeys(_named_in(text(asked, field), spelled)))
    return {"dynamodb:Attributes": tuple(names)} if names else {}


def _named_in(expression: str, spelled: Mapping[str, Any]) -> Iterator[str]:
    for found in _WORD.finditer(expression):
        name = found["name"]
        if found["call"] and name.lower() not in _WORDS:  # a function
            continue
        if name.startswith("#"):
            yield str(spelled.get(name, name))
        elif name.lower() not in _WORDS:
            yield name


def _items(asked: Parameters) -> Iterator[Mapping[str, Any]]:
    """Give the keys and items of a request: its own, those of a batch for one table."""
    for field in ("Key", "Item"):
        value = asked.get(field)
        if isinstance(value, dict):
            yield value
    keys = asked.get("Keys")
    for each in keys if isinstance(keys, list) else ():
        if isinstance(each, dict):
            yield each
    for each in _writes(asked):
        for kind, field in (("PutRequest", "Item"), ("DeleteRequest", "Key")):
            inner = each.get(kind)
            value = inner.get(field) if isinstance(inner, dict) else None
            if isinstance(value, dict):
                yield value


def _writes(asked: Parameters) -> Iterator[Mapping[str, Any]]:
    writes = asked.get("Writes")
    return (each for each in (writes if isinstance(writes, list) else ()) if isinstance(each, dict))


def _partition_of(table: Any, index: str) -> str:
    """Give the name of the partition key of a table or of one of its indexes."""
    schemas = [each.schema for each in table.all_indexes() if each.name == index] if index else [table.schema]
    found = [str(each["AttributeName"]) for schema in schemas for each in schema if each["KeyType"] == "HASH"]
    return found[0] if found else ""


def _plain(value: Any) -> str | None:
    """Give the text of an attribute value such as `{"S": "a"}`."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    (found,) = value.values()
    return found if isinstance(found, str) else None


def _of_conditions(asked: Parameters, name: str) -> str | None:
    conditions = asked.get("KeyConditions")
    condition = conditions.get(name) if isinstance(conditions, dict) else None
    values = condition.get("AttributeValueList") if isinstance(condition, dict) else None
    return _plain(values[0]) if isinstance(values, list) and len(values) == 1 else None


def _of_expression(asked: Parameters, name: str) -> str | None:
    names, values = asked.get("ExpressionAttributeNames"), asked.get("ExpressionAttributeValues")
    spelled = names if isinstance(names, dict) else {}
    given = values if isinstance(values, dict) else {}
    found = {
        str(each["value"] or each["swapped"])
        for each in _EQUAL.finditer(text(asked, "KeyConditionExpression"))
        if spelled.get(each["name"] or each["other"], each["name"] or each["other"]) == name
    }
    return _plain(given.get(found.pop())) if len(found) == 1 else None
