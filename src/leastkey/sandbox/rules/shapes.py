"""Parameters that are not of the kind a service's model gives them: refused before anything is changed.

Source: IAM, STS, EC2 and DynamoDB API References, "Common Errors" (ValidationError, MissingParameter, InvalidParameterValue,
ValidationException); botocore's service models say what is required and of which type.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import parameters
from leastkey.sandbox.resolve.query_form import wire_name
from leastkey.sandbox.service_models import service_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.sandbox.request import AwsRequest, Operation
    from leastkey.sandbox.service_models import ServiceModel

__all__ = ["shape_fault"]

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,19}(?:\.[0-9]{0,19})?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_TRUTH: Final = re.compile(r"true|false|1|0", re.ASCII | re.IGNORECASE)
_IN_FORM: Final = {
    "integer": _NUMBER,
    "long": _NUMBER,
    "float": _DECIMAL,
    "double": _DECIMAL,
    "boolean": _TRUTH,
}
_IN_JSON: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "blob": (str,),
    "character": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}
_SHOWN: Final = 64


class _Fault(Exception):  # noqa: N818  # it becomes the answer
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def shape_fault(request: AwsRequest, operation: Operation) -> Refusal | None:
    """Say which parameter lacks or is not of its type; REST services are left to themselves."""
    model = service_model(request.service)
    if model is None or model.protocol != operation.protocol or operation.protocol.startswith("rest-"):
        return None
    if operation.protocol == "json" and not _is_json(request.body):
        return Refusal(400, "SerializationException", "The body is no JSON object.")
    shape = model.operations[operation.name].get("input")
    if shape is None:
        return None
    try:
        _Checker(model).structure(model.shapes[shape["shape"]], parameters(request, operation), "")
    except _Fault as fault:
        return fault.refusal
    return None


def _is_json(body: bytes) -> bool:
    try:
        return not body or isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


class _Checker:
    def __init__(self, model: ServiceModel) -> None:
        self._model = model

    def structure(self, shape: Mapping[str, Any], value: Mapping[str, Any], path: str) -> None:
        """Check what must be there, then everything that is."""
        required, lacking = set(shape.get("required", ())), []
        for name, member in shape.get("members", {}).items():
            wire = wire_name(self._model, name, member)
            below = value.get(wire)
            if below is not None:
                self._value(member, below, f"{path}{wire}")
            elif name in required:
                lacking.append(f"{path}{wire}")
        if lacking:
            raise _Fault(self._lacks(lacking))

    def _value(self, reference: Mapping[str, Any], value: Any, path: str) -> None:
        shape = self._model.shapes[reference["shape"]]
        kind = str(shape["type"])
        if shape.get("document") or reference.get("jsonvalue"):
            return
        if not self._is_of(kind, value):
            raise _Fault(self._wrong(kind, value, path))
        if kind == "structure":
            self.structure(shape, value, f"{path}.")
        elif kind == "list":
            for number, each in enumerate(value, start=1):
                self._value(shape["member"], each, f"{path}.{number}")
        elif kind == "map":
            for key, each in value.items():
                self._value(shape["value"], each, f"{path}.{key}")

    def _is_of(self, kind: str, value: Any) -> bool:
        if self._model.protocol == "json":
            allowed = _IN_JSON.get(kind, (object,))
            return isinstance(value, allowed) and (kind == "boolean" or type(value) is not bool)
        pattern = _IN_FORM.get(kind)
        return pattern is None or (isinstance(value, str) and pattern.fullmatch(value) is not None)

    def _lacks(self, paths: list[str]) -> Refusal:
        if self._model.protocol == "ec2":
            return Refusal(400, "MissingParameter", f"The request must contain the parameter {paths[0]}")
        code = "ValidationException" if self._model.protocol == "json" else "ValidationError"
        faults = "; ".join(
            f"Value null at '{path[:1].lower()}{path[1:]}' failed to satisfy constraint: Member must not be null"
            for path in paths
        )
        many = "s" if len(paths) > 1 else ""
        return Refusal(400, code, f"{len(paths)} validation error{many} detected: {faults}")

    def _wrong(self, kind: str, value: Any, path: str) -> Refusal:
        if self._model.protocol == "json":
            return Refusal(400, "SerializationException", f"The parameter {path} is not of the type {kind}.")
        shown = str(value)[:_SHOWN]
        if self._model.protocol == "ec2":
            return Refusal(400, "InvalidParameterValue", f"Value ({shown}) for parameter {path} is invalid.")
        words = f"1 validation error detected: Value '{shown}' at '{path[:1].lower()}{path[1:]}' is no {kind}"
        return Refusal(400, "ValidationError", words)
