"""Every operation of every service: nobody is let in without a policy, nobody kept out who may do all, none breaks.

Source: IAM User Guide, "Policy evaluation logic": without an Allow the answer is a denial.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.serialize import create_serializer
from tests.sandbox.wires import Call, Key
from tests.support.sandbox_client import LocalSandbox, allow
from tests.support.torture import TORTURE

from leastkey.sandbox.gate.wire import RawRequest
from leastkey.sandbox.services import ALL_SERVICES, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
OPEN = {
    "sts": {
        "AssumeRole": "ValidationError",  # the ARN names no role
        "AssumeRoleWithWebIdentity": "ValidationError",  # the token is none
        "GetCallerIdentity": "",
        "GetSessionToken": "",
    },
}
"""What no policy of the caller's decides, with the answer. Source: STS API Reference, the page of each."""
HIDDEN = {"GetAccessKeyLastUsed": "AccessDenied"}  # the key is none of the account's
SLOW = {"acm", "athena", "ecr", "ecs", "eks", "elbv2", "events", "kinesis", "rds", "route53", "stepfunctions"}
"""Services that are asked for everything under `make torture` alone: to load them takes a second or more each."""
GIVEN = {"CopySource": "/nobody-makes-this-bucket/name"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    yield made
    made.wipe()


MANY = [each for each in ALL_SERVICES if TORTURE or each.name not in SLOW]


@pytest.mark.torture
@pytest.mark.parametrize("service", MANY, ids=[each.name for each in MANY])
def test_nobody_is_let_in_and_who_may_do_all_is_not_kept_out(sandbox: LocalSandbox, service: Service) -> None:
    nobody = _answers(sandbox, service, sandbox.user(f"nobody-{service.name}"))
    let_in = {name: found for name, found in nobody.items() if found[1] not in DENIED | {"NotImplemented"}}
    assert {name: code for name, (_, code) in let_in.items()} == OPEN.get(service.name, {})
    admin = _answers(sandbox, service, sandbox.user(f"admin-{service.name}", allow("*")))
    kept_out = {name: found for name, found in admin.items() if found[1] in DENIED and name not in HIDDEN}
    assert kept_out == {}
    assert {name: found for name, found in admin.items() if found[0] == 500} == {}
    assert any(status == 200 for status, _ in admin.values())


def _answers(sandbox: LocalSandbox, service: Service, made: Any) -> dict[str, tuple[int, str]]:
    """Ask for every operation with its required parameters, each with some value of its kind."""
    model = ServiceModel(Loader().load_service_model(service.name, "service-2"), service.name)
    serializer = create_serializer(model.resolved_protocol, include_validation=False)
    key = Key(made["AccessKeyId"], made["SecretAccessKey"])
    found = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        if operation.endpoint:  # an address of its own, which is none of this service's
            continue
        asked = serializer.serialize_to_request(_example(operation.input_shape), operation)
        found[name] = _answer(sandbox, service, key, asked)
    return found


def _answer(sandbox: LocalSandbox, service: Service, key: Key, asked: dict[str, Any]) -> tuple[int, str]:
    body = asked["body"]
    if isinstance(body, dict):
        body = urlencode(body)
    payload = body.encode() if isinstance(body, str) else bytes(body)
    parts = [part for part in (asked["query_string"],) if part]
    query = "&".join(part if isinstance(part, str) else urlencode(part) for part in parts)
    path, _, fixed = str(asked["url_path"]).partition("?")
    query = "&".join(part for part in (fixed, query) if part)
    headers = {name: str(value) for name, value in asked["headers"].items()}
    if service.is_s3:
        headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
    call = Call(service.signing_name, asked["method"], f"{path}?{query}" if query else path, headers, payload)
    signed = {name.lower(): value for name, value in call.signed(key)}
    raw = RawRequest(call.method, path, query, signed, payload, "127.0.0.1", {name: name for name in signed})
    answer = sandbox.gate.handle(raw)
    return answer.status, _code(answer.status, answer.body)


def _code(status: int, body: bytes) -> str:
    """Give the error code; an answer to HEAD has a status alone."""
    if status < 300:
        return ""
    if body.startswith(b"{"):
        found = json.loads(body)
        return str(found.get("__type", found.get("code", ""))).rpartition("#")[2]
    tag = re.search(rb"<Code>(.*?)</Code>", body)
    return tag[1].decode() if tag else {403: "AccessDenied", 501: "NotImplemented"}.get(status, "")


def _example(shape: Any) -> dict[str, Any]:
    return (
        {} if shape is None else {each: _value(shape.members[each], each) for each in shape.required_members}
    )


def _value(shape: Any, name: str) -> Any:
    match shape.type_name:
        case "list":
            return [_value(shape.member, name)]
        case "map":
            return {"name": _value(shape.value, name)}
        case "structure":
            return _example(shape)
        case "integer" | "long" | "float" | "double":
            return max(1, int(shape.metadata.get("min", 1)))
        case "boolean":
            return False
        case "blob":
            return b"AAAA"
        case "timestamp":
            return "2030-01-01T00:00:00Z"
        case _:
            text = shape.enum[0] if shape.enum else GIVEN.get(name, "name")
            return str(text).ljust(int(shape.metadata.get("min", 0)), "x")
