"""Which operation a request asks for, decided from the request itself and never from what it claims.

The answer is the operation moto will dispatch. Whatever could make moto dispatch another one (an `Action` in a
second place, a target header on a REST service, a path that reads differently decoded) is refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote

from leastkey.sandbox.request import Operation, Refusal, is_form
from leastkey.sandbox.resolve import s3_operation
from leastkey.sandbox.service_models import service_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.sandbox.request import AwsRequest
    from leastkey.sandbox.service_models import Route, ServiceModel

__all__ = ["operation", "operation_at"]

_PRESIGN: Final = "x-amz-"
_PLAIN_HEADERS: Final = frozenset({"accept", "connection", "date", "host", "range"})
"""Headers of HTTP itself that share their name with a parameter somewhere."""


def operation(request: AwsRequest) -> Operation | Refusal:
    """Give the operation a request asks for, or AWS's refusal."""
    if request.service == "s3":
        return s3_operation.operation(request)
    model = service_model(request.service)
    if model is None:
        return Refusal(501, "NotImplemented", f"The service {request.service} is not known here.")
    match model.protocol:
        case "query" | "ec2":
            return _query(request, model)
        case "json":
            return _json(request, model)
        case _:
            return _rest(request, model)


def operation_at(
    model: ServiceModel, method: str, path: str, query: str
) -> tuple[Route, Mapping[str, str]] | None:
    """Find the REST operation at a method, path and query, with the path's labels; the most exact pattern wins."""
    given = set(parse_qsl(query, keep_blank_values=True))
    found = [
        (route, match.groupdict())
        for route in model.routes
        if route.method == method
        and (match := route.path.fullmatch(path)) is not None
        and all(_has(given, name, value) for name, value in route.query)
    ]
    return max(found, key=lambda entry: entry[0].weight, default=None)


def _has(given: set[tuple[str, str]], name: str, value: str) -> bool:
    return (name, value) in given if value else any(name == key for key, _ in given)


def _query(request: AwsRequest, model: ServiceModel) -> Operation | Refusal:
    if request.method not in ("GET", "POST"):
        return Refusal(405, "MethodNotAllowed", "The query protocol takes GET and POST.")
    fault = _path_fault(request) or _form_fault(request)
    if fault is not None:
        return Refusal(400, "InvalidParameterCombination", fault)
    if "x-amz-target" in request.headers:
        return Refusal(
            400, "InvalidParameterCombination", "X-Amz-Target does not go with the query protocol."
        )
    version = request.form.get("Version", [model.version])[0]
    if (
        model.name == "elbv2" and version != model.version
    ):  # the older API of the same name has other operations
        return Refusal(400, "NoSuchVersion", f"The requested version ({version}) is not valid.")
    action = request.form.get("Action", [""])[0]
    if not action:
        return Refusal(400, "MissingAction", "The request must contain the parameter Action")
    if action in model.operations:
        return Operation(action, model.protocol)
    if model.protocol == "ec2":
        return Refusal(400, "InvalidAction", f"The action {action} is not valid for this web service.")
    return Refusal(400, "InvalidAction", f"Could not find operation {action} for version {model.version}")


def _path_fault(request: AwsRequest) -> str | None:
    """Say that a path is not `/`; only SQS, whose queues are addresses, has others."""
    if request.raw_path in ("", "/") or request.service == "sqs":
        return None
    return "This service answers at the path / only."


def _form_fault(request: AwsRequest) -> str | None:
    """Say what makes the parameters ambiguous: two places, a value given twice, or a body that is no form."""
    if request.body and not is_form(request.headers):
        return "The body of this request must be application/x-www-form-urlencoded."
    if request.body and _query_names(request):
        return "Parameters must stand in the query string or in the body, not in both."
    twice = next((name for name, values in request.form.items() if len(values) > 1), None)
    return None if twice is None else f"The parameter {twice} must not be given twice."


def _is_object(body: bytes) -> bool:
    """Say whether a body is a JSON object as everyone reads it; an absent one counts as empty."""
    try:
        return not body or isinstance(json.loads(body.decode("utf-8")), dict)
    except (ValueError, RecursionError):
        return False


def _json(request: AwsRequest, model: ServiceModel) -> Operation | Refusal:
    target = request.headers.get("x-amz-target", "")
    if not target and is_form(request.headers):
        # Services that moved from query to JSON still take the query protocol from older clients.
        found = _query(request, model)
        return Operation(found.name, "query") if isinstance(found, Operation) else found
    if not target:
        return Refusal(400, "MissingAction", "The request must contain the header X-Amz-Target")
    prefix, _, name = target.rpartition(".")
    if prefix != model.target_prefix or name not in model.operations:
        return Refusal(400, "UnknownOperationException", f"The operation {target} is not known.")
    fault = _path_fault(request)
    if fault is not None:
        return Refusal(400, "InvalidRequest", fault)
    if not is_form(request.headers) and not _is_object(request.body):
        return Refusal(400, "SerializationException", "The body of this request must be a JSON object.")
    return _stray(request, model, name) or Operation(name, "json")


def _rest(request: AwsRequest, model: ServiceModel) -> Operation | Refusal:
    if "x-amz-target" in request.headers:
        return Refusal(400, "InvalidRequest", "X-Amz-Target does not go with this service.")
    found = operation_at(model, request.method, request.raw_path, request.raw_query)
    decoded = operation_at(model, request.method, unquote(request.raw_path), request.raw_query)
    if found is None:
        return Refusal(404, "UnknownOperationException", "No operation stands at this method and path.")
    if not _is_told(found, decoded):
        return Refusal(400, "InvalidRequest", "The path reads differently once it is decoded.")
    name = found[0].name
    stray = _query_names(request) if _extra(request, model, found[0]) else ()
    if stray:
        return Refusal(
            400, "InvalidRequest", f"The operation {name} has no parameter {min(stray)} in the query."
        )
    if model.protocol == "rest-json" and not model.has_blob(name) and not _is_object(request.body):
        return Refusal(400, "SerializationException", "The body of this request must be a JSON object.")
    return _stray(request, model, name) or Operation(name, model.protocol)


def _is_told(found: tuple[Route, Mapping[str, str]], decoded: tuple[Route, Mapping[str, str]] | None) -> bool:
    """Say whether a path means the same decoded. An ARN in it may have slashes, where no other operation stands there."""
    if decoded is None:
        with_slash = [unquote(value) for value in found[1].values() if "/" in unquote(value)]
        return bool(with_slash) and all(value.startswith("arn:") for value in with_slash)
    return decoded[0].name == found[0].name


def _extra(request: AwsRequest, model: ServiceModel, route: Route) -> bool:
    """Say whether the query holds names that are no parameters: moto would read some before the path and the body."""
    members = model.members(route.name).values()
    known = {str(each.get("locationName", "")) for each in members if each.get("location") == "querystring"}
    return not {*_query_names(request)} <= known | {name for name, _ in route.query}


def _stray(request: AwsRequest, model: ServiceModel, name: str) -> Refusal | None:
    """Refuse what moto would read before the target, the path or the JSON body.

    It takes an action, and for many services a parameter, from form fields, a body that reads as a form, or headers.
    A JSON object is no form: the backend writes it without the one character that would make it one.
    """
    known = {"action", *(member.lower() for member in model.members(name))} - _PLAIN_HEADERS
    reads_as_form = model.protocol != "json" and b"=" in request.body
    body = parse_qsl(request.body.decode("latin-1"), keep_blank_values=True) if reads_as_form else ()
    query = _query_names(request)
    places = (
        is_form(request.headers),
        request.headers.get("content-type", "").lower().startswith("multipart/"),
        any(header in known for header in request.headers),
        any(field.lower() in known for field, _ in body),
        bool(query) if model.protocol == "json" else "Action" in query,
    )
    if any(places):
        return Refusal(400, "InvalidRequest", "A parameter stands in a place where this service has none.")
    return None


def _query_names(request: AwsRequest) -> tuple[str, ...]:
    """Give the names of the query parameters that do not belong to a presigned URL."""
    names = (name for name, _ in parse_qsl(request.raw_query, keep_blank_values=True))
    return tuple(name for name in names if not name.lower().startswith(_PRESIGN))
