"""One question to the engine about an identity of the sandbox, under everything that bears on it; nothing is called.

What the state tells is filled in: the policies, the owner of the resource, tags of IAM's and EC2's resources. Condition
keys that only a call has are stated by who asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from leastkey.evaluate.decide import decide
from leastkey.iam.catalog import nearest, service_catalog, service_exists, services
from leastkey.sandbox.authorize.decision import question
from leastkey.sandbox.gate.authenticate import Authenticator
from leastkey.sandbox.request import AwsRequest
from leastkey.sandbox.resolve.authorization import Authorization
from leastkey.sandbox.resolve.context import request_context
from leastkey.sandbox.resolve.tags import of_entity, resource_tags
from leastkey.sandbox.rules.iam_sources import entity_at
from leastkey.sandbox.server.selftest import WHO, signed

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.evaluate.request import Context, Decision, Request
    from leastkey.sandbox.request import Caller
    from leastkey.sandbox.state.world import World
    from leastkey.sandbox.testing.identity import Identity

__all__ = ["Answer", "ask", "caller_of", "known_action"]

_HERE: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked, and what the engine says."""

    request: Request
    decision: Decision


def ask(identity: Identity, action: str, resource: str, stated: Context) -> Answer:
    """Ask whether an identity may do something. Raises ValueError for what AWS does not list or what is no single resource."""
    known_action(action)
    if resource != "*" and (not resource.startswith("arn:") or "*" in resource or "?" in resource):
        raise ValueError(
            f"`{resource}` is no single resource: give the ARN of one, or `*` for an action without"
        )
    gate, clock = identity.served.sandbox.gate, identity.served.sandbox.clock
    with gate.lock:
        caller, world = caller_of(identity), gate.world
        asked = _request(action, caller, identity.region, clock.now())
        needed = Authorization(
            action, resource, _owner(resource, caller, world), {**_tags(resource, caller, world), **stated}
        )
        request, policies = question(needed, caller, world, request_context(asked, caller, world))
    return Answer(request, decide(request, policies))


def known_action(action: str) -> None:
    """Refuse an action that AWS does not list: a name that is mistyped is always denied."""
    prefix, _, name = action.partition(":")
    if not service_exists(prefix.lower()):
        near = nearest(prefix, services())
        raise ValueError(f"no service `{prefix}` in `{action}`{f'; nearest: {near}' if near else ''}")
    actions = service_catalog(prefix.lower()).actions
    if name.lower() not in actions:
        near = nearest(name, (each.name for each in actions.values()))
        raise ValueError(f"AWS lists no action `{action}`{f'; nearest: {prefix}:{near}' if near else ''}")


def caller_of(identity: Identity) -> Caller:
    """Give the caller as the gate knows it, by the signature of a call that is not made."""
    sandbox = identity.served.sandbox
    raw = signed("sts", WHO, identity.key.id, identity.key.secret, sandbox.clock.now(), identity.token)
    return Authenticator(sandbox.world, sandbox.clock).authenticate(raw, None).caller


def _request(action: str, caller: Caller, region: str, now: datetime) -> AwsRequest:
    service = action.partition(":")[0].lower()
    return AwsRequest(
        method="GET",
        raw_path="/",
        raw_query="",
        headers={},
        body=b"",
        source_ip=_HERE,
        secure=False,
        service=service,
        signing_name=service,
        region=region,
        request_id="",
        form={},
        account=caller.account,
        now=now,
    )


def _owner(resource: str, caller: Caller, world: World) -> str:
    """Give the account that owns a resource: a bucket's, the one in the ARN, else the caller's; "" where there is none."""
    if resource == "*":
        return ""
    _, _, service, _, account, rest = resource.split(":", 5)
    bucket = world.bucket(rest.partition("/")[0]) if service == "s3" else None
    return bucket[0] if bucket is not None else account or caller.account


def _tags(resource: str, caller: Caller, world: World) -> Context:
    """Give the tags that the resource carries."""
    if resource == "*":
        return {}
    _, _, service, region, account, rest = resource.split(":", 5)
    if service == "iam":
        return resource_tags(of_entity(entity_at(resource, caller.account, world)), service)
    if service == "ec2" and region and world.accounts.has(account):
        tags: dict[str, Any] = world.backend("ec2", account, region).tags
        return resource_tags(tags.get(rest.rpartition("/")[2], {}), service)
    return {}
