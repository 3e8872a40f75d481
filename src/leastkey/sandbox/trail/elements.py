"""What a call was given and what it answered, as a record shows it: AWS's spelling, and nothing secret.

What botocore's models mark as sensitive is hidden, and what carries a secret under any model.
Source: CloudTrail User Guide, "CloudTrail record contents" (`requestParameters`, `responseElements`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote

from leastkey.sandbox.resolve.parameters import parameters
from leastkey.sandbox.resolve.s3_operation import target
from leastkey.sandbox.service_models import service_model
from leastkey.sandbox.trail.names import is_read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.sandbox.request import AwsRequest, Operation, Response

__all__ = ["HIDDEN", "request_parameters", "response_elements"]

HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"

_SECRET: Final = frozenset(
    {
        "accesstoken",
        "attributes",
        "authenticationcode1",
        "authenticationcode2",
        "authorizationtoken",
        "base32stringseed",
        "certificatebody",
        "ciphertextblob",
        "cleartext",
        "encodedmessage",
        "expressionattributevalues",
        "item",
        "keymaterial",
        "logevents",
        "masteruserpassword",
        "messageattributes",
        "messagebody",
        "newpassword",
        "oldpassword",
        "parameters",
        "password",
        "plaintext",
        "privatekey",
        "qrcodepng",
        "requestitems",
        "samlassertion",
        "secretaccesskey",
        "secretbinary",
        "secretstring",
        "servicepassword",
        "sessiontoken",
        "statements",
        "tokencode",
        "transactitems",
        "userdata",
        "webidentitytoken",
    }
)
"""Members that carry secrets or a customer's own data, by their names without case."""
_DATA_OF: Final = {
    "dynamodb": frozenset({"key", "keys", "attributeupdates", "expected", "statement"}),
    "events": frozenset({"entries"}),
    "kinesis": frozenset({"data", "records"}),
    "lambda": frozenset({"environment", "payload", "zipfile"}),
    "sns": frozenset({"message", "subject"}),
    "ssm": frozenset({"value"}),
}
_S3_SIGNATURE: Final = frozenset({"awsaccesskeyid", "expires", "signature"})
"""Parameters of presigned URLs of Signature Version 2."""
_CHARACTERS: Final = 100_000
_SETS: Final = {
    "ImageId": "imagesSet",
    "InstanceId": "instancesSet",
    "ResourceId": "resourcesSet",
    "SecurityGroupId": "securityGroupIdSet",
    "SubnetId": "subnetSet",
    "VolumeId": "volumeSet",
    "VpcId": "vpcSet",
}
"""EC2's names for lists of ids."""


def request_parameters(request: AwsRequest, operation: Operation) -> dict[str, Any] | None:
    """Give what the call was given; None where it had no parameters."""
    if request.service == "s3":
        return _of_s3(request)
    given = parameters(request, operation)
    model = service_model(request.service)
    shape = {} if model is None else model.operations[operation.name].get("input", {})
    found = _Writer(request.service).value(given, shape.get("shape", ""), "")
    if request.service == "sts" and operation.name.startswith("AssumeRole"):
        found.pop("webIdentityToken", None)
    return found or None


def response_elements(request: AwsRequest, operation: Operation, response: Response) -> dict[str, Any] | None:
    """Give what a write answered; None for reads, and for an answer without content."""
    if request.service == "s3":
        if is_read("s3", operation.name):
            return None
        return {"x-amz-request-id": request.request_id, "x-amz-id-2": request.request_id}
    if is_read(request.service, operation.name) and request.service != "sts":
        return None
    shape = _output(request.service, operation.name)
    if shape is None:
        return None
    parsed = _parser(operation.protocol).parse(
        {
            "status_code": response.status,
            "headers": {name.lower(): value for name, value in response.headers},
            "body": response.body,
        },
        shape,
    )
    parsed.pop("ResponseMetadata", None)
    found = _Writer(request.service).value(parsed, shape.name, "")
    return found or None


class _Writer:
    """Writes plain values in the spelling of records."""

    def __init__(self, service: str) -> None:
        model = service_model(service)
        self._shapes: Mapping[str, Any] = {} if model is None else model.shapes
        self._is_ec2 = service == "ec2"
        self._hidden = _SECRET | _DATA_OF.get(service, frozenset())

    def value(self, value: Any, shape_name: str, name: str) -> Any:
        """Give a value; the model's shape of that name says what is sensitive."""
        shape = self._shapes.get(shape_name, {})
        if shape.get("sensitive") or name.lower() in self._hidden:
            return HIDDEN
        match value:
            case dict():
                return self._object(value, shape)
            case list() if self._is_ec2:
                return {"items": [self._item(each, shape, name) for each in value]}
            case list():
                inner = shape.get("member", {}).get("shape", "")
                return [self.value(each, inner, "") for each in value]
            case datetime():
                moment = value.astimezone(UTC)
                return f"{moment:%b} {moment.day}, {moment.year} {moment:%I:%M:%S %p}"
            case bytes():
                return HIDDEN
            case str() if len(value) > _CHARACTERS:
                return value[:_CHARACTERS]
            case _:
                return value

    def _item(self, value: Any, shape: Mapping[str, Any], name: str) -> Any:
        inner = self.value(value, shape.get("member", {}).get("shape", ""), "")
        return inner if isinstance(inner, dict) else {_lower(name): inner}

    def _object(self, value: Mapping[str, Any], shape: Mapping[str, Any]) -> dict[str, Any]:
        members = shape.get("members", {})
        by_wire = {str(member.get("locationName", name)).lower(): member for name, member in members.items()}
        by_wire |= {str(member.get("queryName", name)).lower(): member for name, member in members.items()}
        of_map = shape.get("value", {}).get("shape", "")
        found: dict[str, Any] = {}
        for name, each in value.items():
            member = members.get(name) or by_wire.get(name.lower(), {})
            inner = self.value(each, member.get("shape", of_map), name)
            found[self._name(name, each) if members else name] = inner
        return found

    def _name(self, name: str, value: Any) -> str:
        if not (self._is_ec2 and isinstance(value, list)):
            return _lower(name)
        return _SETS.get(name, name if name.endswith("Set") else f"{_lower(name)}Set")


def _lower(name: str) -> str:
    """Spell a member as records do: `UserName` is `userName`, `ACL` is `aCL`."""
    return name[:1].lower() + name[1:]


def _signs(name: str) -> bool:
    return name.startswith("x-amz-") or name in _S3_SIGNATURE


def _of_s3(request: AwsRequest) -> dict[str, Any]:
    where = target(request)
    found: dict[str, Any] = {}
    if where.bucket:
        found["bucketName"] = where.bucket
    found["Host"] = request.headers.get("host", "")
    if where.key:
        found["key"] = where.key
    query = parse_qsl(request.raw_query, keep_blank_values=True)
    found |= {name: value for name, value in query if not _signs(name.lower())}
    for name, value in request.headers.items():
        if name.startswith("x-amz-") and not name.startswith(("x-amz-security", "x-amz-content-sha256")):
            secret = "customer-key" in name or name.startswith(("x-amz-meta-", "x-amz-mfa"))
            found[name] = HIDDEN if secret else unquote(value)
    return found


@cache
def _model(service: str) -> Any:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def _output(service: str, operation: str) -> Any:
    return _model(service).operation_model(operation).output_shape


@cache
def _parser(protocol: str) -> Any:
    from botocore.parsers import create_parser

    return create_parser(protocol)
