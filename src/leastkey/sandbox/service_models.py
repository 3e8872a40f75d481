"""What botocore's service models say: a service's protocol, its operations, and where their parameters travel.

Read straight from the data files, so that nothing else of botocore is imported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qsl

from leastkey.iam import catalog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.sandbox.request import Protocol

__all__ = ["Route", "ServiceModel", "service_model"]

PROTOCOLS: Final = ("query", "ec2", "json", "rest-json", "rest-xml")

_PREFIXES: Final = {
    "cloudwatch": "cloudwatch",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "efs": "elasticfilesystem",
    "sesv2": "ses",
    "opensearch": "es",
    "apigateway": "apigateway",
    "resourcegroupstaggingapi": "tag",
}
"""IAM prefixes of services whose signing name is not their prefix."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of a REST service: method, path pattern, the query it must have, and how exact the pattern is."""

    name: str
    method: str
    path: re.Pattern[str]
    query: frozenset[tuple[str, str]]
    weight: tuple[int, int]


@dataclass(frozen=True, slots=True)
class ServiceModel:
    """One service as botocore knows it. `prefix` is the service prefix of its IAM actions."""

    name: str
    protocol: Protocol
    prefix: str
    version: str
    target_prefix: str
    operations: Mapping[str, Any]
    shapes: Mapping[str, Any]
    routes: tuple[Route, ...]

    def members(self, operation: str) -> Mapping[str, Any]:
        """Give the members of an operation's input by name."""
        shape = self.operations[operation].get("input")
        if shape is None:
            return {}
        return cast("Mapping[str, Any]", self.shapes[shape["shape"]].get("members", {}))

    def has_blob(self, operation: str) -> bool:
        """Say whether the body of an operation is bytes of the caller's own."""
        shape = self.operations[operation].get("input")
        found = {} if shape is None else self.shapes[shape["shape"]]
        payload = found.get("members", {}).get(found.get("payload"))
        return payload is not None and self.shapes[payload["shape"]]["type"] == "blob"

    def in_body(self, operation: str) -> Mapping[str, str]:
        """Give the members of an operation's input that travel in a JSON body, by their name there."""
        members = self.members(operation).items()
        return {str(each.get("locationName", name)): name for name, each in members if "location" not in each}


@cache
def service_model(service: str) -> ServiceModel | None:
    """Load one service by botocore's name, or None when botocore does not know it or its protocol is not ours."""
    from botocore.exceptions import UnknownServiceError

    try:
        data = _loader().load_service_model(service, "service-2")
    except UnknownServiceError:
        return None
    metadata = data["metadata"]
    protocol = next((known for known in _protocols(metadata) if known in PROTOCOLS), None)
    if protocol is None:
        return None
    rest = protocol.startswith("rest-")
    return ServiceModel(
        name=service,
        protocol=cast("Protocol", protocol),
        prefix=_prefix(service, metadata),
        version=str(metadata.get("apiVersion", "")),
        target_prefix=str(metadata.get("targetPrefix", "")),
        operations=data["operations"],
        shapes=data["shapes"],
        routes=tuple(_route(name, op["http"]) for name, op in data["operations"].items()) if rest else (),
    )


@cache
def _loader() -> Any:
    from botocore.loaders import Loader

    return Loader()


def _protocols(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    return (str(metadata["protocol"]), *metadata.get("protocols", ()))


def _prefix(service: str, metadata: Mapping[str, Any]) -> str:
    candidates = (
        _PREFIXES.get(service, ""),
        str(metadata.get("signingName", "")),
        str(metadata.get("endpointPrefix", "")),
        service,
    )
    return next((name for name in candidates if name and catalog.service_exists(name)), service)


def _route(name: str, http: Mapping[str, str]) -> Route:
    path, _, query = http["requestUri"].partition("?")
    parts: list[str] = []
    literal = 0
    for piece in re.split(r"(\{[^}]+\})", path.rstrip("/")):
        if piece.startswith("{"):
            label = piece[1:-1]
            parts.append(f"(?P<{_group(label)}>{'.+' if label.endswith('+') else '[^/]+'})")
        else:
            literal += len(piece)
            parts.append(re.escape(piece))
    fixed = frozenset(parse_qsl(query, keep_blank_values=True))
    return Route(name, http["method"], re.compile("".join(parts) + "/?"), fixed, (literal, len(fixed)))


def _group(label: str) -> str:
    """Give a label of a path template as a group name: `x-amz` labels carry dashes, which groups may not."""
    return re.sub(r"\W", "_", label.rstrip("+"))
