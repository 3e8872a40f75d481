"""The decision on a verified request: every action it needs, each by the engine, and the denial in AWS's words.

Source: IAM User Guide, "Troubleshoot access denied error messages".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from leastkey.evaluate.compiled import compiled
from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import Policies, Request, Verdict
from leastkey.sandbox.authorize import public_access
from leastkey.sandbox.authorize.encoded import encoded
from leastkey.sandbox.authorize.open_keys import asked_keys, narrowed, open_keys
from leastkey.sandbox.decided import note
from leastkey.sandbox.request import Denial
from leastkey.sandbox.resolve import resources_ec2, resources_iam, resources_other, resources_s3
from leastkey.sandbox.resolve.arns import shown
from leastkey.sandbox.resolve.authorization import Authorization, UnjudgedError
from leastkey.sandbox.resolve.context import request_context
from leastkey.sandbox.resolve.parameters import parameters
from leastkey.sandbox.resolve.s3_operation import target
from leastkey.sandbox.resolve.tags import resource_tags
from leastkey.sandbox.state.last_used import note_use
from leastkey.sandbox.state.organizations import organization_keys
from leastkey.sandbox.state.resource_policies import policy_of
from leastkey.sandbox.state.resource_tags import tags_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.evaluate.request import Context, Decision, LayerName, NamedDocument
    from leastkey.sandbox.request import AwsRequest, Caller, Operation
    from leastkey.sandbox.state.world import World

__all__ = ["authorizations", "authorize", "decision", "denial", "question"]

_LAYERS: Final[dict[LayerName, tuple[str, str]]] = {
    "identity": ("an identity-based policy", "no identity-based policy"),
    "resource": ("a resource-based policy", "no resource-based policy"),
    "boundary": ("a permissions boundary", "no permissions boundary"),
    "session": ("a session policy", "no session policy"),
    "scps": ("a service control policy", "no service control policy"),
    "rcps": ("a resource control policy", "no resource control policy"),
    "endpoint": ("a VPC endpoint policy", "no VPC endpoint policy"),
}

_ABOUT_BUCKET_POLICY: Final = frozenset({"s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"})
_OWN_TAGS: Final = frozenset({"ec2", "iam", "s3"})
"""Services whose tags are set where their resources are named; buckets have none for conditions."""
_READS_OF_OBJECTS: Final = frozenset({"GetObject", "HeadObject"})


def authorizations(
    request: AwsRequest, operation: Operation, caller: Caller, world: World
) -> tuple[Authorization, ...]:
    """Give every action and resource a request needs permission for, in the order they are decided."""
    if request.service == "s3":
        return resources_s3.authorizations(operation.name, request, world)
    given = parameters(request, operation)
    match request.service:
        case "iam":
            return resources_iam.authorizations(operation.name, given, caller, world)
        case "ec2":
            return resources_ec2.authorizations(operation.name, given, request, world)
        case _:
            return resources_other.authorizations(request, operation, given, world)


def authorize(request: AwsRequest, operation: Operation, caller: Caller, world: World) -> Denial | None:
    """Decide a request, and give the first denial."""
    note_use(request, caller, world)
    context = request_context(request, caller, world)
    try:
        wanted = authorizations(request, operation, caller, world)
    except UnjudgedError as error:
        return _unjudged(error.name, f"{request.service}:{operation.name}")
    for needed in wanted:
        found = denial(request, needed, caller, world, context)
        if found is not None:
            return found
    return _hidden(request, operation, caller, world, context)


def denial(
    request: AwsRequest, needed: Authorization, caller: Caller, world: World, context: Context
) -> Denial | None:
    """Give the denial of one action on one resource, None when it is allowed."""
    if _is_elsewhere(needed.resource, request):
        return _unjudged(needed.resource, needed.action)
    needed, opened = _told(needed, _policies(needed, caller, world), world)
    found = decision(needed, caller, world, context)
    if not found.is_allowed or public_access.blocks(needed, caller, world):
        denied = _denial(request, needed, caller, found)
        if request.service != "ec2" or needed.action.startswith("ec2:Describe"):
            return denied
        message = encoded(*question(needed, caller, world, context), caller, world)
        return replace(denied, message=f"{denied.message}. Encoded authorization failure message: {message}")
    if needed.unresolved and _may_be_denied(needed, caller, world):
        return _unjudged(needed.resource, needed.action)
    return _of_open_keys(opened, needed, caller, world, context) if opened else None


def _told(needed: Authorization, policies: Policies, world: World) -> tuple[Authorization, frozenset[str]]:
    """Add the tags of the resource where policies ask for them, and say which keys they ask for cannot be told."""
    asked = asked_keys(policies, needed.action)
    service = needed.action.partition(":")[0]
    tags: Mapping[str, str] | None = {}
    if service not in _OWN_TAGS and any("resourcetag/" in key for key in asked):
        tags = tags_of(needed.resource, world)
        needed = replace(needed, context={**needed.context, **resource_tags(tags or {}, service)})
    return needed, open_keys(needed, asked, knows_tags=tags is not None)


def _of_open_keys(
    opened: frozenset[str], needed: Authorization, caller: Caller, world: World, context: Context
) -> Denial | None:
    """Refuse what is allowed only as long as keys that cannot be told are read as absent."""
    asked, policies = question(needed, caller, world, context)
    if decide(asked, narrowed(policies, opened), explain=False).is_allowed:
        return None
    words = (
        f"{needed.action} is refused: a policy asks for {', '.join(sorted(opened))}, which the sandbox cannot tell "
        "for this request, and it lets nobody through"
    )
    return Denial(words, action=needed.action, resource=shown(needed.resource))


def _unjudged(name: str, action: str) -> Denial:
    words = (
        f"{action} is refused: the sandbox cannot tell which resource `{name}` is, and lets nobody through"
    )
    return Denial(words, action=action, resource=name)


def _is_elsewhere(resource: str, request: AwsRequest) -> bool:
    """Say whether an ARN has a `*` in its name, or names another region than the one that would be acted in."""
    if resource == "*":
        return False
    region = resource.split(":", 5)[3] if resource.count(":") >= 5 else ""
    return "*" in resource or region not in ("", request.region)


def _may_be_denied(needed: Authorization, caller: Caller, world: World) -> bool:
    """Say whether a Deny speaks of the action on certain resources, the one that could not be told perhaps among them."""
    policies = _policies(needed, caller, world)
    action = needed.action.lower()
    controls = (document for level in policies.scps for document in level)
    documents = (*policies.identity, *policies.boundaries, *policies.sessions, *controls)
    return any(
        statement.effect == "Deny" and "*" not in statement.source.resources
        for each in documents
        for statement in compiled(each.document).speaking_of(action)
    )


def decision(needed: Authorization, caller: Caller, world: World, context: Context) -> Decision:
    """Decide one action on one resource under everything that bears on the caller."""
    asked, policies = question(needed, caller, world, context)
    found = decide(asked, policies, explain=False)
    note(asked, policies, is_allowed=found.is_allowed)
    return found


def question(
    needed: Authorization, caller: Caller, world: World, context: Context
) -> tuple[Request, Policies]:
    """Give what the engine is asked about one action on one resource, and all policies that bear on it."""
    asked = Request(
        action=needed.action,
        resource=needed.resource,
        principal=caller.principal,
        resource_account=needed.account,
        context=_merged({**context, **_of_resource(needed), **needed.context}),
    )
    return asked, _policies(needed, caller, world)


def _policies(needed: Authorization, caller: Caller, world: World) -> Policies:
    return Policies(
        identity=world.identity_policies(caller),
        resource=None if _is_owners(needed, caller) else _resource_policy(needed, world),
        boundaries=world.boundaries(caller),
        sessions=caller.session_policies,
        scps=world.scps(caller.account),
        rcps=world.rcps(needed.account),
    )


def _is_owners(needed: Authorization, caller: Caller) -> bool:
    """Say whether root asks for the policy of its own bucket: no such policy can lock it out."""
    return (
        caller.principal.type == "root"
        and needed.account == caller.account
        and needed.action in _ABOUT_BUCKET_POLICY
    )


def _merged(context: Context) -> Context:
    """Make keys that differ in case alone one key with all their values: names of tags may, condition keys may not.

    The engine then takes the narrower reading for an Allow and the wider for a Deny.
    """
    spelled: dict[str, str] = {}
    found: dict[str, str | tuple[str, ...]] = {}
    for key, value in context.items():
        first = spelled.setdefault(key.lower(), key)
        found[first] = value if first == key else (*_values(found[first]), *_values(value))
    return found


def _values(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _of_resource(needed: Authorization) -> Context:
    if not needed.account:
        return {}
    keys = (
        ("aws:ResourceAccount", "s3:ResourceAccount")
        if needed.action.startswith("s3:")
        else ("aws:ResourceAccount",)
    )
    return {**dict.fromkeys(keys, needed.account), **organization_keys(needed.account, "Resource")}


def _resource_policy(needed: Authorization, world: World) -> NamedDocument | None:
    """Give the policy on a bucket or on what the resource's ARN names."""
    if needed.resource == "*":
        return None
    if needed.action.startswith("s3:"):
        return world.bucket_policy(needed.resource.split(":", 5)[-1].partition("/")[0])
    return policy_of(needed.resource, world)


def _hidden(
    request: AwsRequest, operation: Operation, caller: Caller, world: World, context: Context
) -> Denial | None:
    """Refuse to say that an object is absent to somebody who may not list the bucket.

    Source: S3 API Reference, GetObject and HeadObject, "Permissions".
    """
    if request.service != "s3" or operation.name not in _READS_OF_OBJECTS:
        return None
    where = target(request)
    found = world.bucket(where.bucket)
    if found is None or found[1].keys.getlist(where.key, []):
        return None
    listing = Authorization("s3:ListBucket", f"arn:aws:s3:::{where.bucket}", found[0])
    verdict = decision(listing, caller, world, context)
    return None if verdict.is_allowed else _denial(request, listing, caller, verdict)


def _denial(request: AwsRequest, needed: Authorization, caller: Caller, found: Decision) -> Denial:
    explicit = found.verdict is Verdict.EXPLICITLY_DENIED
    if caller.principal.type == "anonymous":
        message = "Access Denied" if request.service == "s3" else "Missing Authentication Token"
        return Denial(message, action=needed.action, resource=shown(needed.resource))
    by, none = _LAYERS[found.decided_by]
    reason = (
        f"with an explicit deny in {by}" if explicit else f"because {none} allows the {needed.action} action"
    )
    resource = shown(needed.resource)
    on = "" if request.service == "ec2" and resource == "*" else f" on resource: {_quoted(request, resource)}"
    words = f"User: {caller.principal.arn} is not authorized to perform: {needed.action}{on} {reason}"
    if request.service == "ec2":
        words = f"You are not authorized to perform this operation. {words}"
    if needed.unresolved:
        words += " (the sandbox could not tell which resource the request means and asked for `*`)"
    return Denial(words, action=needed.action, resource=resource)


def _quoted(request: AwsRequest, resource: str) -> str:
    return f'"{resource}"' if request.service == "s3" else resource
