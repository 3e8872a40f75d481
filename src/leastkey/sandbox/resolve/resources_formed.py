"""Resources whose names come in several forms: of Lambda, EventBridge, Kinesis, load balancers and Route 53.

Source: Lambda API Reference, Invoke ("Name formats"); Lambda Developer Guide, "Fine-tuning the Resources and Conditions sections of
policies"; EventBridge User Guide, "Managing access permissions to your Amazon EventBridge resources".
"""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any, Final

from leastkey.sandbox.resolve.arns import NEW, account_of
from leastkey.sandbox.resolve.authorization import Authorization, UnjudgedError
from leastkey.sandbox.resolve.parameters import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.sandbox.request import AwsRequest
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = [
    "function_account",
    "functions",
    "load_balancer",
    "put_events",
    "records",
    "rules",
    "tagged_in_route53",
    "target_group",
]

_FUNCTION: Final = re.compile(
    r"(?:(?:arn:aws:lambda:(?P<region>[a-z0-9-]+):)?(?P<account>[0-9]{12}):function:)?"
    r"(?P<name>[A-Za-z0-9_-]+)(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]+))?",
    re.ASCII,
)
_LAYER: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_RULE: Final = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_BUS: Final = re.compile(
    r"(?:arn:aws:events:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):event-bus/)?(?P<name>[A-Za-z0-9_.-]+)",
    re.ASCII,
)
_RULE_ARN: Final = re.compile(
    r"arn:aws:events:[a-z0-9-]+:[0-9]{12}:(?:rule/(?:[\w.-]+/)?|event-bus/)[\w.-]+", re.ASCII
)


def functions(request: AwsRequest, parameters: Parameters, world: World) -> tuple[str, ...]:
    """Give the function or layer an operation is about. Raises UnjudgedError for a name of another form."""
    del world
    named = text(parameters, "FunctionName") or text(parameters, "Resource")
    if named:
        return (_function(named, request, parameters),)
    layer, version = text(parameters, "LayerName"), text(parameters, "VersionNumber")
    if not layer:
        return ()
    if not _LAYER.fullmatch(layer) or (version and not version.isdecimal()):
        raise UnjudgedError(layer)
    arn = f"arn:aws:lambda:{request.region}:{request.account}:layer:{layer}"
    return (f"{arn}:{version}" if version else arn,)


def _function(named: str, request: AwsRequest, parameters: Parameters) -> str:
    found = _FUNCTION.fullmatch(named)
    if found is None or found["region"] not in (None, request.region):
        raise UnjudgedError(named)
    arn = f"arn:aws:lambda:{request.region}:{found['account'] or request.account}:function:{found['name']}"
    given = text(parameters, "Qualifier")
    if found["qualifier"] and given and given != found["qualifier"]:
        raise UnjudgedError(named)
    qualifier = found["qualifier"] or given
    is_invoked = request.raw_path.rstrip("/").endswith(("/invocations", "/invoke-async"))
    return f"{arn}:{qualifier}" if qualifier and is_invoked else arn


def function_account(parameters: Parameters, otherwise: str) -> str:
    """Give the account of the function that a request names."""
    found = _FUNCTION.fullmatch(text(parameters, "FunctionName") or text(parameters, "Resource"))
    return otherwise if found is None else found["account"] or otherwise


def rules(request: AwsRequest, parameters: Parameters, world: World) -> tuple[str, ...]:
    """Give the rule, event bus or archive an operation is about. Raises UnjudgedError for a name of another form."""
    del world
    arn = text(parameters, "ResourceARN")
    if arn.startswith("arn:"):
        if not _RULE_ARN.fullmatch(arn):
            raise UnjudgedError(arn)
        return (arn,)
    head = f"arn:aws:events:{request.region}:{request.account}"
    archive = text(parameters, "ArchiveName")
    if archive:
        return (f"{head}:archive/{_word(archive)}",)
    name = text(parameters, "Rule") or text(parameters, "Name")
    if request.headers.get("x-amz-target", "").endswith("EventBus"):
        return (_bus(name or "default", request),)
    bus = _bus(text(parameters, "EventBusName") or "default", request)
    if not name:
        return ()
    if account_of(bus, "") != request.account:
        raise UnjudgedError(bus)
    own = bus.rpartition("/")[2]
    return (f"{head}:rule/{_word(name)}" if own == "default" else f"{head}:rule/{own}/{_word(name)}",)


def _word(name: str) -> str:
    if not _RULE.fullmatch(name):
        raise UnjudgedError(name)
    return name


def _bus(named: str, request: AwsRequest) -> str:
    found = _BUS.fullmatch(named)
    if found is None or found["region"] not in (None, request.region):
        raise UnjudgedError(named)
    return f"arn:aws:events:{request.region}:{found['account'] or request.account}:event-bus/{found['name']}"


def put_events(request: AwsRequest, parameters: Parameters, world: World) -> Iterator[Authorization]:
    """Give the event bus of each event, with what the event says of itself."""
    del world
    entries = parameters.get("Entries")
    for each in entries if isinstance(entries, list) else ():
        entry: dict[str, Any] = each if isinstance(each, dict) else {}
        bus = _bus(text(entry, "EventBusName") or "default", request)
        keys = {"events:detail-type": text(entry, "DetailType"), "events:source": text(entry, "Source")}
        context = {name: value for name, value in keys.items() if value}
        yield Authorization("events:PutEvents", bus, account_of(bus, request.account), context)


def _stream_of(request: AwsRequest, parameters: Parameters) -> tuple[str, ...]:
    """Give the stream that a shard iterator reads: moto keeps its name in the iterator."""
    try:
        name = b64decode(text(parameters, "ShardIterator")).decode("ascii").partition(":")[0]
    except ValueError:
        return ()
    return (
        (f"arn:aws:kinesis:{request.region}:{request.account}:stream/{name}",)
        if _RULE.fullmatch(name)
        else ()
    )


def records(request: AwsRequest, parameters: Parameters, world: World) -> tuple[str, ...]:
    """Give the stream of an iterator, and the one that the request names besides."""
    del world
    named = text(parameters, "StreamARN")
    found = _stream_of(request, parameters)
    return tuple(dict.fromkeys((*found, named))) if found and named else found


def load_balancer(request: AwsRequest, parameters: Parameters, world: World) -> tuple[str, ...]:
    """Give a load balancer that is not there yet.

    Source: Elastic Load Balancing User Guide, "Resource ARNs": `loadbalancer/app/NAME/ID`, `net`, `gwy`.
    """
    del world
    kind = _BALANCERS.get(text(parameters, "Type") or "application")
    name = text(parameters, "Name")
    if kind is None or not _BALANCED.fullmatch(name):
        raise UnjudgedError(name)
    return (
        f"arn:aws:elasticloadbalancing:{request.region}:{request.account}:loadbalancer/{kind}/{name}/{NEW}",
    )


def target_group(request: AwsRequest, parameters: Parameters, world: World) -> tuple[str, ...]:
    """Give a target group that is not there yet."""
    del world
    name = text(parameters, "Name")
    if not _BALANCED.fullmatch(name):
        raise UnjudgedError(name)
    return (f"arn:aws:elasticloadbalancing:{request.region}:{request.account}:targetgroup/{name}/{NEW}",)


def tagged_in_route53(request: AwsRequest, parameters: Parameters, world: World) -> tuple[str, ...]:
    """Give the hosted zone or health check whose tags are asked for."""
    del request, world
    kind, name = text(parameters, "ResourceType"), text(parameters, "ResourceId")
    if kind not in ("healthcheck", "hostedzone") or not _ROUTED.fullmatch(name):
        raise UnjudgedError(name)
    return (f"arn:aws:route53:::{kind}/{name}",)


_BALANCERS: Final = {"application": "app", "gateway": "gwy", "network": "net"}
_BALANCED: Final = re.compile(r"[A-Za-z0-9-]{1,32}", re.ASCII)
_ROUTED: Final = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
