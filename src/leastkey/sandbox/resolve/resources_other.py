"""What operations of other services need: an action by equal name, resources by the catalogue's templates.

Where the request does not tell which resource it means, the action is authorized against `*` and marked.
"""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from leastkey.iam import catalog
from leastkey.sandbox.resolve.acted_in import queue_account
from leastkey.sandbox.resolve.arns import NEW, account_of, resources, texts_by_name
from leastkey.sandbox.resolve.authorization import Authorization, UnjudgedError
from leastkey.sandbox.resolve.condition_keys_other import key_keys, service_keys
from leastkey.sandbox.resolve.named_resources import NAMED, named_arns
from leastkey.sandbox.resolve.parameters import listed, tags_in, text, walk
from leastkey.sandbox.resolve.resources_dynamodb import batch, transaction, with_items
from leastkey.sandbox.resolve.resources_formed import (
    functions,
    load_balancer,
    put_events,
    records,
    rules,
    tagged_in_route53,
    target_group,
)
from leastkey.sandbox.resolve.resources_iam import pass_role
from leastkey.sandbox.resolve.tags import request_tags
from leastkey.sandbox.service_models import service_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from leastkey.evaluate.request import Context
    from leastkey.iam.catalog import CatalogAction, ResourceType
    from leastkey.sandbox.request import AwsRequest, Operation
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["action_of", "authorizations", "is_split"]

_ALIASES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "cloudtrail": {"trail": ("name",)},
    "events": {"rule-on-default-event-bus": ("name", "rule")},
    "sns": {"topic": ("name",)},
    "states": {"statemachine": ("name",)},
}
"""Folded parameters that carry the name of a resource type under another name than the template's."""

_PASSED_TO: Final = {"ecs": "ecs-tasks", "stepfunctions": "states"}
"""Services whose roles are used by a principal of another name."""

_MAKES: Final = ("Create", "Import", "Put", "Register", "Request", "Run", "Start")
_TAGGING: Final = {
    "acm": "AddTagsToCertificate",
    "athena": "TagResource",
    "ecr": "TagResource",
    "ecs": "TagResource",
    "efs": "TagResource",
    "eks": "TagResource",
    "elbv2": "AddTags",
    "events": "TagResource",
    "kinesis": "AddTagsToStream",
    "lambda": "TagResource",
    "rds": "AddTagsToResource",
    "scheduler": "TagResource",
    "stepfunctions": "TagResource",
}
"""The action that is needed besides where something is made with tags.

Source: each service's user guide, "Grant permission to tag resources on creation".
"""


def authorizations(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> tuple[Authorization, ...]:
    """Give what an operation needs. Raises UnjudgedError for a name that readers would take for different resources."""
    passed = _passed_roles(request, parameters, world)
    own = service_keys(request.service, operation.name, request, parameters)
    split = _SPLIT.get((request.service, operation.name))
    if split is not None:
        parts = split(request, parameters, world)
        return (*(_with(each, {**own, **each.context}, world) for each in parts), *passed)
    entry = action_of(request.service, operation.name)
    if entry is None:
        name = f"{_prefix(request.service)}:{operation.name}"
        return (Authorization(name, "*", request.account, unresolved=True), *passed)
    given = tags_in(parameters.get("Tags", parameters.get("tags")))
    tags = request_tags(given, (*listed(parameters, "TagKeys"), *listed(parameters, "tagKeys")))
    arns, resolved = _arns(entry, request, operation.name, parameters, world)
    needed = [Authorization(entry.full_name, arn, account_of(arn, request.account)) for arn in arns]
    if not needed:
        needed.append(Authorization(entry.full_name, "*", request.account, unresolved=not resolved))
    if given and request.service in _TAGGING and operation.name.startswith(_MAKES):
        tagging = f"{entry.service}:{_TAGGING[request.service]}"
        needed += [replace(each, action=tagging) for each in needed]
    if request.service == "dynamodb":
        needed = [with_items(each, parameters, world) for each in needed]
    return (*(_with(each, {**tags, **own, **each.context}, world) for each in needed), *passed)


def _with(needed: Authorization, context: Context, world: World) -> Authorization:
    """Give an authorization with the condition keys of the request and of a KMS key."""
    of_key = key_keys(needed.resource, world) if needed.action.startswith("kms:") else {}
    return replace(needed, context={**context, **of_key})


def action_of(service: str, operation: str) -> CatalogAction | None:
    """Give the action of the same name as an operation, or of the one it repeats for many."""
    prefix = _prefix(service)
    if not catalog.service_exists(prefix):
        return None
    name = _SAME_AS.get((service, operation), operation)
    return catalog.service_catalog(prefix).actions.get(name.lower())


def is_split(service: str, operation: str) -> bool:
    """Say whether an operation needs the actions of its parts."""
    return (service, operation) in _SPLIT


def _prefix(service: str) -> str:
    model = service_model(service)
    return service if model is None else model.prefix


def _arns(
    entry: CatalogAction, request: AwsRequest, operation: str, parameters: Parameters, world: World
) -> tuple[tuple[str, ...], bool]:
    """Give the ARNs a request names, none when one that is required is missing, and whether they are all of them."""
    if not entry.resource_types:
        return (), True
    special = _SPECIAL.get(entry.full_name) or _SPECIAL.get(entry.service)
    if special is not None:
        arns = special(request, parameters, world)
        return arns, bool(arns)
    if request.service in NAMED:
        return named_arns(entry, request, operation, parameters, world)
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
    inner = (
        _log_group(arn, entry) if name == "log-group" else arn
        for name, each in found.items()
        if name not in outer
        for arn in each
    )
    return tuple(dict.fromkeys(inner)), True


def _log_group(arn: str, entry: CatalogAction) -> str:
    """Give a log group's ARN as policies are asked for it: with a stream that has no name, save for its tags.

    Source: CloudWatch Logs User Guide, "Overview of managing access permissions", on the two forms of the ARN.
    """
    return arn if "Tag" in entry.name and "LogGroup" not in entry.name else f"{arn}:log-stream:"


def _is_outer(template: str, found: Mapping[str, tuple[str, ...]], kinds: Mapping[str, ResourceType]) -> bool:
    """Say whether a type merely holds another that is named: a query on an index is asked for on the index alone."""
    return any(arns and kinds[name.lower()].arn.startswith(f"{template}/") for name, arns in found.items())


def _queues(request: AwsRequest, parameters: Parameters, world: World) -> tuple[str, ...]:  # noqa: ARG001  # shape of the table below
    url = text(parameters, "QueueUrl")
    name = url.rsplit("/", 1)[-1] if url else text(parameters, "QueueName")
    arns = tuple(
        text(parameters, field) for field in ("SourceArn", "DestinationArn") if text(parameters, field)
    )
    account = queue_account(parameters, request.account)
    return (f"arn:aws:sqs:{request.region}:{account}:{name}", *arns) if name else arns


def _secrets(request: AwsRequest, parameters: Parameters, world: World) -> tuple[str, ...]:
    new = text(parameters, "Name")
    wanted = text(parameters, "SecretId")
    if not new:
        return _secret(wanted, request, world) if wanted else ()
    return (f"{_secret_head(request)}{new}-{NEW * 6}",)


def _secret_head(request: AwsRequest) -> str:
    return f"arn:aws:secretsmanager:{request.region}:{request.account}:secret:"


def _secret(wanted: str, request: AwsRequest, world: World) -> tuple[str, ...]:
    """Give the ARN of a secret named by its name, its ARN, or its ARN without the six characters at the end."""
    secrets = world.backend("secretsmanager", request.account, request.region).secrets.values()
    known = tuple(str(each.arn) for each in secrets if wanted in (each.arn, each.name))
    if known:
        return known
    name = wanted.removeprefix(_secret_head(request))
    if ":" in name:
        if account_of(wanted, request.account) != request.account:
            return (wanted,)
        raise UnjudgedError(wanted)
    partial = tuple(str(each.arn) for each in secrets if each.name == name)
    return partial or ((wanted,) if name != wanted else (f"{_secret_head(request)}{name}-{NEW * 6}",))


def _many_secrets(request: AwsRequest, parameters: Parameters, world: World) -> Iterator[Authorization]:
    yield Authorization("secretsmanager:BatchGetSecretValue", "*", request.account)
    for wanted in listed(parameters, "SecretIdList"):
        for arn in _secret(wanted, request, world):
            yield Authorization("secretsmanager:GetSecretValue", arn, account_of(arn, request.account))


def _parameters(request: AwsRequest, parameters: Parameters, world: World) -> tuple[str, ...]:
    """Give parameters of the Parameter Store by name, path or ARN, without the version or label behind a colon.

    Source: Systems Manager User Guide, "Restricting access to Parameter Store parameters using IAM policies".
    """
    del world
    names = (*listed(parameters, "Name"), *listed(parameters, "Names"), *listed(parameters, "Path"))
    if text(parameters, "ResourceType") == "Parameter":
        names += listed(parameters, "ResourceId")
    head = f"arn:aws:ssm:{request.region}:{request.account}:parameter/"
    found: list[str] = []
    for name in names:
        if name.lower().lstrip("/").startswith(_REFERENCE):
            raise UnjudgedError(name)
        is_arn = name.startswith("arn:")
        if is_arn and not _PARAMETER_ARN.fullmatch(name):
            return ()
        own = name.split(":parameter/", 1)[-1] if is_arn else name
        bare = own.partition(":")[0].strip("/")
        found.append(f"{name.split(':parameter/', 1)[0]}:parameter/{bare}" if is_arn else f"{head}{bare}")
    return tuple(dict.fromkeys(found))


def _keys(request: AwsRequest, parameters: Parameters, world: World) -> tuple[str, ...]:
    """Give the key, by its id, ARN, alias or what it encrypted, and the alias an operation is about."""
    alias = text(parameters, "AliasName")
    found = [f"{_key_head(request)}{alias}", *_key(alias, request, world)] if alias else []
    for value in (text(parameters, "KeyId"), text(parameters, "TargetKeyId")):
        arns = _key(value, request, world) if value else ()
        if value and not arns:
            return ()
        found += arns
    return tuple(dict.fromkeys((*found, *_key_of_ciphertext(request, parameters, world))))


def _key_head(request: AwsRequest) -> str:
    return f"arn:aws:kms:{request.region}:{request.account}:"


def _key(value: str, request: AwsRequest, world: World) -> tuple[str, ...]:
    """Give the ARN of a key, none for an alias that is not there."""
    if value.startswith("arn:"):
        if not _KEY_ARN.fullmatch(value) or value.split(":")[3] != request.region:
            raise UnjudgedError(value)
        if ":alias/" in value and not value.startswith(_key_head(request)):
            raise UnjudgedError(value)
    name = value.removeprefix(_key_head(request))
    keys = world.backend("kms", request.account, request.region).keys
    owner = next((key for key in keys.values() if name in key.aliases), None)
    if owner is not None:
        return (str(owner.arn),)
    if value.startswith("arn:") and ":key/" in value:
        return (value,)
    return () if name.startswith("alias/") else (f"{_key_head(request)}key/{name}",)


def _key_of_ciphertext(request: AwsRequest, parameters: Parameters, world: World) -> tuple[str, ...]:
    """Give the key that made a ciphertext: it is the one that opens it, whether the request names it or not."""
    try:
        made_by = b64decode(text(parameters, "CiphertextBlob"))[:_KEY_ID].decode("ascii")
    except ValueError:
        return ()
    key = world.backend("kms", request.account, request.region).keys.get(made_by)
    return () if key is None else (str(key.arn),)


def _re_encrypted(request: AwsRequest, parameters: Parameters, world: World) -> Iterator[Authorization]:
    """Give both sides of ReEncrypt."""
    source, target = text(parameters, "SourceKeyId"), text(parameters, "DestinationKeyId")
    sides = (
        (
            "ReEncryptFrom",
            (_key(source, request, world) if source else ()) + _key_of_ciphertext(request, parameters, world),
        ),
        ("ReEncryptTo", _key(target, request, world) if target else ()),
    )
    for action, arns in sides:
        for arn in dict.fromkeys(arns) or ("*",):
            account = account_of(arn, request.account)
            yield Authorization(f"kms:{action}", arn, account, unresolved=arn == "*")


_KEY_ID: Final = 36
_PARAMETER_ARN: Final = re.compile(r"arn:aws:ssm:[a-z0-9-]+:[0-9]{12}:parameter/[^*?]+", re.ASCII)
_REFERENCE: Final = "aws/reference/secretsmanager"
"""Parameters that stand for secrets: another service's, read in its own name."""
_OF_PARAMETERS: Final = (
    "AddTagsToResource",
    "DeleteParameter",
    "DeleteParameters",
    "GetParameter",
    "GetParameterHistory",
    "GetParameters",
    "GetParametersByPath",
    "LabelParameterVersion",
    "ListTagsForResource",
    "PutParameter",
    "RemoveTagsFromResource",
    "UnlabelParameterVersion",
)
_KEY_ARN: Final = re.compile(
    r"arn:aws:kms:[a-z0-9-]+:[0-9]{12}:(key/[A-Za-z0-9-]+|alias/[A-Za-z0-9/_-]+)", re.ASCII
)
_SAME_AS: Final = {
    ("lambda", "Invoke"): "InvokeFunction",
    ("sns", "PublishBatch"): "Publish",
    ("sqs", "ChangeMessageVisibilityBatch"): "ChangeMessageVisibility",
    ("sqs", "DeleteMessageBatch"): "DeleteMessage",
    ("sqs", "SendMessageBatch"): "SendMessage",
}
"""Operations that need an action of another name, most of them the one on many that they repeat.

Source: SQS Developer Guide, "Amazon SQS API permissions"; Lambda API Reference, Invoke.
"""

_SPECIAL: Final[dict[str, Callable[[AwsRequest, Parameters, World], tuple[str, ...]]]] = {
    "elasticloadbalancing:CreateLoadBalancer": load_balancer,
    "elasticloadbalancing:CreateTargetGroup": target_group,
    "events": rules,
    "kinesis:GetRecords": records,
    "kms": _keys,
    "lambda": functions,
    "route53:ChangeTagsForResource": tagged_in_route53,
    "route53:ListTagsForResource": tagged_in_route53,
    "secretsmanager": _secrets,
    "sqs": _queues,
    **dict.fromkeys((f"ssm:{name}" for name in _OF_PARAMETERS), _parameters),
}

_SPLIT: Final[dict[tuple[str, str], Callable[[AwsRequest, Parameters, World], Iterable[Authorization]]]] = {
    ("dynamodb", "BatchGetItem"): batch,
    ("dynamodb", "BatchWriteItem"): batch,
    ("dynamodb", "TransactGetItems"): transaction,
    ("dynamodb", "TransactWriteItems"): transaction,
    ("events", "PutEvents"): put_events,
    ("kms", "ReEncrypt"): _re_encrypted,
    ("secretsmanager", "BatchGetSecretValue"): _many_secrets,
}
"""Operations that need several actions, none of them perhaps of their own name."""


def _passed_roles(request: AwsRequest, parameters: Parameters, world: World) -> tuple[Authorization, ...]:
    """Give `iam:PassRole` for each role a request hands over, wherever in it the role's ARN or name stands."""
    if request.service == "sts":  # a role is worn there, not handed over
        return ()
    fields = [(name.lower(), value) for name, value in walk(parameters) if value]
    passed = {
        value
        for name, value in fields
        if name.endswith(("rolearn", "rolearns", "role", "roles"))
        and value.startswith("arn:")
        and ":role/" in value
    }
    by_name = _BY_ROLE_NAME.get(request.service)
    named = {value for name, value in fields if name == by_name and not value.startswith("arn:")}
    passed |= {_role_arn(value, request, world) for value in named}
    service = _PASSED_TO.get(request.service, _prefix(request.service))
    return tuple(pass_role(arn, service, world) for arn in sorted(passed))


def _role_arn(name: str, request: AwsRequest, world: World) -> str:
    role = world.role(request.account, name)
    return f"arn:aws:iam::{request.account}:role/{name}" if role is None else str(role.arn)


_BY_ROLE_NAME: Final = {"ecs": "role", "rds": "domainiamrolename"}
"""Services that take a role's name for its ARN, and the field it stands in, lower case."""
