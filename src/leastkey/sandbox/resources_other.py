"""What operations of other services need: an action by equal name, resources by the catalogue's templates.

Where the request does not tell which resource it means, the action is authorized against `*` and marked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.iam import catalog
from leastkey.sandbox.arns import NEW, account_of, resources, texts_by_name
from leastkey.sandbox.authorization import Authorization
from leastkey.sandbox.parameters import listed, tags_in, walk
from leastkey.sandbox.resources_iam import pass_role
from leastkey.sandbox.service_models import service_model
from leastkey.sandbox.tags import request_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leastkey.iam.catalog import CatalogAction, ResourceType
    from leastkey.sandbox.parameters import Parameters
    from leastkey.sandbox.request import AwsRequest, Operation
    from leastkey.sandbox.world import World

__all__ = ["action_of", "authorizations"]

_ALIASES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "events": {"rule-on-default-event-bus": ("name", "rule")},
    "sns": {"topic": ("name",)},
    "ssm": {"parameter": ("name", "path")},
    "states": {"statemachine": ("name",)},
}
"""Folded parameters that carry the name of a resource type under another name than the template's."""

_PASSED_TO: Final = {"ecs": "ecs-tasks", "stepfunctions": "states"}
"""Services whose roles are used by a principal of another name."""


def authorizations(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> tuple[Authorization, ...]:
    """Give what an operation needs."""
    entry = action_of(request.service, operation.name)
    if entry is None:
        prefix = _prefix(request.service)
        return (
            Authorization(f"{prefix}:{operation.name}", "*", request.account, unresolved=True),
            *_passed_roles(request, parameters, world),
        )
    context = request_tags(
        tags_in(parameters.get("Tags", parameters.get("tags"))), listed(parameters, "TagKeys")
    )
    arns, resolved = _arns(entry, request, parameters, world)
    needed = [Authorization(entry.full_name, arn, account_of(arn, request.account), context) for arn in arns]
    if not needed:
        needed.append(Authorization(entry.full_name, "*", request.account, context, unresolved=not resolved))
    return (*needed, *_passed_roles(request, parameters, world))


def action_of(service: str, operation: str) -> CatalogAction | None:
    """Give the action of the same name as an operation."""
    prefix = _prefix(service)
    if not catalog.service_exists(prefix):
        return None
    return catalog.service_catalog(prefix).actions.get(operation.lower())


def _prefix(service: str) -> str:
    model = service_model(service)
    return service if model is None else model.prefix


def _arns(
    entry: CatalogAction, request: AwsRequest, parameters: Parameters, world: World
) -> tuple[tuple[str, ...], bool]:
    """Give the ARNs a request names, none when one that is required is missing, and whether they are all of them."""
    if not entry.resource_types:
        return (), True
    special = _SPECIAL.get(entry.full_name) or _SPECIAL.get(entry.service)
    if special is not None:
        arns = special(request, parameters, world)
        return arns, bool(arns)
    named = texts_by_name(parameters)
    kinds = catalog.service_catalog(entry.service).resource_types
    found = {
        name: resources(
            kinds[name.lower()],
            named,
            region=request.region,
            account=request.account,
            aliases=_ALIASES.get(entry.service, {}).get(name.lower(), ()),
        )
        for name in entry.resource_types
    }
    is_complete = any(found.values()) and all(found[name] for name in entry.required_types)
    if not is_complete:
        return (), False
    outer = {
        name
        for name, arns in found.items()
        if len(arns) == 1 and _is_outer(kinds[name.lower()].arn, found, kinds)
    }
    inner = (arn for name, each in found.items() if name not in outer for arn in each)
    return tuple(dict.fromkeys(inner)), True


def _is_outer(template: str, found: Mapping[str, tuple[str, ...]], kinds: Mapping[str, ResourceType]) -> bool:
    """Say whether a type merely holds another that is named: a query on an index is asked for on the index alone."""
    return any(arns and kinds[name.lower()].arn.startswith(f"{template}/") for name, arns in found.items())


def _queues(request: AwsRequest, parameters: Parameters, world: World) -> tuple[str, ...]:  # noqa: ARG001  # shape of the table below
    url = next(iter(listed(parameters, "QueueUrl")), "") or request.raw_path
    name = next(iter(listed(parameters, "QueueName")), "") or url.rsplit("/", 1)[-1]
    return (f"arn:aws:sqs:{request.region}:{request.account}:{name}",) if name else ()


def _secrets(request: AwsRequest, parameters: Parameters, world: World) -> tuple[str, ...]:
    head = f"arn:aws:secretsmanager:{request.region}:{request.account}:secret:"
    new = listed(parameters, "Name")
    if new:
        return (f"{head}{new[0]}-{NEW * 6}",)
    wanted = next(iter(listed(parameters, "SecretId")), "")
    backend = world.backend("secretsmanager", request.account, request.region)
    known = [str(secret.arn) for secret in backend.secrets.values() if wanted in (secret.arn, secret.name)]
    return tuple(known) or (
        (wanted if wanted.startswith("arn:") else f"{head}{wanted}-{NEW * 6}",) if wanted else ()
    )


def _keys(request: AwsRequest, parameters: Parameters, world: World) -> tuple[str, ...]:
    """Give the key, by its id, ARN or alias, and the alias an operation is about."""
    keys = world.backend("kms", request.account, request.region).keys
    head = f"arn:aws:kms:{request.region}:{request.account}:"
    named = [
        value
        for name in ("KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId")
        for value in listed(parameters, name)
    ]
    found = [f"{head}{each}" for each in listed(parameters, "AliasName")]
    for value in named:
        name = value.removeprefix(head)
        owner = next((key for key in keys.values() if name in key.aliases), None)
        if owner is not None:
            found.append(str(owner.arn))
        elif value.startswith("arn:"):
            found.append(value)
        elif not name.startswith("alias/"):
            found.append(f"{head}key/{name}")
        else:
            return ()
    return tuple(found)


def _tables(request: AwsRequest, parameters: Parameters, world: World) -> tuple[str, ...]:
    """Give the tables of a batch: they are the names of its fields."""
    del world
    items = parameters.get("RequestItems")
    names = tuple(items) if isinstance(items, dict) else ()
    head = f"arn:aws:dynamodb:{request.region}:{request.account}:table/"
    return tuple(name if name.startswith("arn:") else f"{head}{name}" for name in names)


_SPECIAL: Final[dict[str, Callable[[AwsRequest, Parameters, World], tuple[str, ...]]]] = {
    "dynamodb:BatchGetItem": _tables,
    "dynamodb:BatchWriteItem": _tables,
    "kms": _keys,
    "secretsmanager": _secrets,
    "sqs": _queues,
}


def _passed_roles(request: AwsRequest, parameters: Parameters, world: World) -> tuple[Authorization, ...]:
    """Give `iam:PassRole` for each role a request hands over, wherever in it the role's ARN stands."""
    if request.service == "sts":  # a role is worn there, not handed over
        return ()
    passed = {
        value
        for name, value in walk(parameters)
        if name.lower().endswith(("rolearn", "role")) and value.startswith("arn:") and ":role/" in value
    }
    service = _PASSED_TO.get(request.service, _prefix(request.service))
    return tuple(pass_role(arn, service, world) for arn in sorted(passed))
