"""An operation's parameters as one plain value, whichever protocol brought them; what it has no parameter for is out.

Lists of the query protocols (`Tags.member.1.Key`, `InstanceId.1`) become lists; REST labels, headers and query
parameters stand under their member names beside the fields of the body.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote

from leastkey.sandbox.resolve.operation import operation_at
from leastkey.sandbox.resolve.query_form import read_form
from leastkey.sandbox.service_models import service_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leastkey.sandbox.request import AwsRequest, Operation
    from leastkey.sandbox.service_models import ServiceModel

__all__ = ["Parameters", "listed", "nested", "parameters", "tags_in", "text", "walk"]

Parameters = dict[str, Any]

_LISTS: Final = frozenset({"member", "entry"})


def parameters(request: AwsRequest, operation: Operation) -> Parameters:
    """Give an operation's parameters. A JSON body that is none gives no parameters; moto refuses it."""
    model = service_model(request.service)
    if model is None:
        return {}
    match operation.protocol:
        case "query" | "ec2" if model.protocol == operation.protocol:
            return read_form(model, operation.name, request.form)
        case "query" | "ec2":
            flat = nested({name: values[0] for name, values in request.form.items()})
        case "json":
            flat = _json_body(request.body)
        case _:
            return _rest(request, operation, model)
    members = model.members(operation.name)
    return {name: value for name, value in flat.items() if name in members}


def nested(flat: Mapping[str, str]) -> Parameters:
    """Turn dotted names into objects and lists."""
    tree: Parameters = {}
    for name, value in flat.items():
        at = tree
        parts = [part for part in name.split(".") if part not in _LISTS]
        for part in parts[:-1]:
            below = at.setdefault(part, {})
            if not isinstance(below, dict):
                below = at[part] = {}
            at = below
        at[parts[-1] if parts else name] = value
    return {name: _lists(value) for name, value in tree.items()}


def text(parameters: Parameters, name: str) -> str:
    """Give a parameter's text, "" when it is absent or no text."""
    value = parameters.get(name)
    return value if isinstance(value, str) else ""


def listed(parameters: Parameters, name: str) -> tuple[str, ...]:
    """Give a parameter's texts, one or many."""
    value = parameters.get(name)
    if isinstance(value, str):
        return (value,)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def tags_in(value: Any) -> dict[str, str]:
    """Give tags from a list of Key and Value, or from an object of them; anything else has none."""
    if isinstance(value, dict):
        return {str(key): str(each) for key, each in value.items() if isinstance(each, str)}
    if not isinstance(value, list):
        return {}
    pairs = (each for each in value if isinstance(each, dict))
    return {
        str(pair[key]): str(pair.get(text, ""))
        for pair in pairs
        for key, text in (("Key", "Value"), ("TagKey", "TagValue"), ("key", "value"))
        if key in pair
    }


def walk(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Give every text below a value with the name of the field that holds it."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from walk(each, str(key))
    elif isinstance(value, list):
        for each in value:
            yield from walk(each, name)


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _lists(each) for key, each in value.items()}


def _json_body(body: bytes) -> Parameters:
    try:
        value = json.loads(body) if body else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _rest(request: AwsRequest, operation: Operation, model: ServiceModel) -> Parameters:
    found = operation_at(model, request.method, request.raw_path, request.raw_query)
    labels = {} if found is None else found[1]
    query = parse_qs(request.raw_query, keep_blank_values=True)
    body = _json_body(request.body) if operation.protocol == "rest-json" else {}
    known = model.in_body(operation.name)
    result = {known[name]: value for name, value in body.items() if name in known}
    for name, member in model.members(operation.name).items():
        wire = str(member.get("locationName", name))
        match member.get("location"):
            case "uri" if wire.replace("-", "_") in labels:
                result[name] = unquote(labels[wire.replace("-", "_")])
            case "querystring" if wire in query:
                values = query[wire]
                result[name] = values[0] if len(values) == 1 else values
            case "header" if wire.lower() in request.headers:
                result[name] = request.headers[wire.lower()]
            case _:
                pass
    return result
