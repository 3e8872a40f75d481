"""AssumeRole: trust, the caller's own policies, and what is handed on along a chain of roles.

Source: STS API Reference, AssumeRole; IAM User Guide, "Methods to assume a role", "Pass session tags in AWS STS".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from leastkey.evaluate.request import NamedDocument, Policies, Request
from leastkey.evaluate.trust import decide_trust
from leastkey.iam.limits import SESSION_SECONDS_MAX, SESSION_SECONDS_MIN
from leastkey.sandbox.decided import note
from leastkey.sandbox.request import Refusal, Response
from leastkey.sandbox.resolve.tags import of_entity, request_tags, resource_tags
from leastkey.sandbox.state.accounts import new_key
from leastkey.sandbox.state.sessions import Session, new_token
from leastkey.sandbox.sts.answers import NoError, assumed_xml, denied, in_seconds, invalid, shaped, xml
from leastkey.sandbox.sts.given import (
    NAME,
    flat_form,
    has_second_factor,
    packed_xml,
    session_policies,
    session_tags,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.evaluate.request import Context
    from leastkey.sandbox.request import AwsRequest, Caller
    from leastkey.sandbox.state.world import World

__all__ = ["ROLE", "assume_role"]

ROLE: Final = re.compile(r"arn:aws:iam::[0-9]{12}:role/[\x21-\x7e]{1,512}", re.ASCII)
_EXTERNAL: Final = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_KNOWN: Final = frozenset(
    {
        "RoleArn",
        "RoleSessionName",
        "DurationSeconds",
        "ExternalId",
        "Policy",
        "SourceIdentity",
        "SerialNumber",
        "TokenCode",
    }
)
_CHAINED_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class _Asked:
    """The parameters of AssumeRole, each checked by itself. `tags` holds what the chain hands on too."""

    role: str
    name: str
    seconds: int
    external_id: str | None
    policies: tuple[NamedDocument, ...]
    tags: Mapping[str, str]
    transitive: tuple[str, ...]
    source_identity: str
    has_second_factor: bool
    packed: str


def assume_role(request: AwsRequest, caller: Caller, world: World, context: Context) -> Response:
    """Answer AssumeRole. Raises NoError."""
    asked = _asked(request, caller, world)
    if caller.principal.type == "root":
        raise NoError(Refusal(403, "AccessDenied", "Roles may not be assumed by root accounts."))
    if caller.principal.type == "feduser":
        raise denied(caller, "sts:AssumeRole", asked.role)
    role = world.role_by_arn(asked.role)
    if role is None:
        raise denied(caller, "sts:AssumeRole", asked.role)
    _decide(asked, role, caller, world, context)
    _check_seconds(asked, role, caller)
    key, token = new_key("ASIA"), new_token()
    session = Session(
        key_id=key.id,
        secret=key.secret,
        token=token,
        account=role.account_id,
        role_name=role.name,
        role_id=role.id,
        name=asked.name,
        issued_at=request.now,
        expires=request.now.replace(microsecond=0) + timedelta(seconds=asked.seconds),
        policies=asked.policies,
        tags=tuple(asked.tags.items()),
        source_identity=asked.source_identity,
        mfa=asked.has_second_factor,
        transitive=asked.transitive,
    )
    world.sessions.add(session, keep_after=request.now - timedelta(hours=1))
    return xml("AssumeRole", assumed_xml(session) + asked.packed, request)


def _decide(asked: _Asked, role: Any, caller: Caller, world: World, context: Context) -> None:
    """Ask the trust policy and the caller's own policies about every action of the call."""
    actions = ["sts:AssumeRole"]
    if asked.tags:
        actions.append("sts:TagSession")
    if asked.source_identity:
        actions.append("sts:SetSourceIdentity")
    policies = Policies(
        identity=world.identity_policies(caller),
        boundaries=world.boundaries(caller),
        sessions=caller.session_policies,
        scps=world.scps(caller.account),
        rcps=world.rcps(role.account_id),
    )
    keys: dict[str, str | tuple[str, ...]] = {
        **context,
        **resource_tags(of_entity(role), "iam"),
        **request_tags(asked.tags),
        "sts:RoleSessionName": asked.name,
    }
    if asked.transitive:
        keys["sts:TransitiveTagKeys"] = asked.transitive
    if asked.has_second_factor:
        keys["aws:MultiFactorAuthPresent"], keys["aws:MultiFactorAuthAge"] = "true", "0"
    if asked.external_id is not None:
        keys["sts:ExternalId"] = asked.external_id
    if asked.source_identity:
        keys["sts:SourceIdentity"] = asked.source_identity
    trust = world.trust(role)
    for action in actions:
        question = Request(action, asked.role, caller.principal, role.account_id, keys)
        is_allowed = decide_trust(question, trust, policies, explain=False).is_allowed
        note(question, policies, is_allowed=is_allowed, trust=trust)
        if not is_allowed:
            raise denied(caller, action, asked.role)


def _check_seconds(asked: _Asked, role: Any, caller: Caller) -> None:
    if caller.role_name and asked.seconds > _CHAINED_SECONDS:
        raise invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    if asked.seconds > int(role.max_session_duration or _CHAINED_SECONDS):
        raise invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")


def _asked(request: AwsRequest, caller: Caller, world: World) -> _Asked:
    flat = flat_form(request, "AssumeRole", _KNOWN)
    role, name = flat.get("RoleArn", ""), flat.get("RoleSessionName", "")
    shaped("roleArn", role, ROLE)
    shaped("roleSessionName", name, NAME)
    seconds = in_seconds(flat.get("DurationSeconds", "3600"), SESSION_SECONDS_MIN, SESSION_SECONDS_MAX)
    external, source = flat.get("ExternalId"), flat.get("SourceIdentity", "")
    if external is not None:
        shaped("externalId", external, _EXTERNAL)
    if source:
        shaped("sourceIdentity", source, NAME)
    if caller.source_identity and source not in ("", caller.source_identity):
        raise denied(caller, "sts:SetSourceIdentity", role)
    own = session_tags(flat)
    tags, transitive = _along_the_chain(own, _transitive(flat, own), caller)
    return _Asked(
        role,
        name,
        seconds,
        external,
        session_policies(flat, role.split(":")[4], world),
        tags,
        transitive,
        source or caller.source_identity,
        has_second_factor(flat, caller, world, request.now),
        packed_xml(flat, own),
    )


def _transitive(flat: Mapping[str, str], tags: Mapping[str, str]) -> tuple[str, ...]:
    keys = tuple(value for name, value in flat.items() if name.startswith("TransitiveTagKeys."))
    stranger = next((key for key in keys if key not in tags), None)
    if stranger is not None:
        raise invalid(f"The specified transitive tag key must be included in the requested tags: {stranger}")
    return keys


def _along_the_chain(
    own: Mapping[str, str], transitive: tuple[str, ...], caller: Caller
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Add the transitive tags of the session that asks: they cannot be given anew.

    Source: IAM User Guide, "Pass session tags in AWS STS", "Chaining roles with session tags".
    """
    inherited = {key: caller.tags[key] for key in caller.transitive}
    folded = {key.lower() for key in inherited}
    if any(key.lower() in folded for key in own):
        raise NoError(
            Refusal(
                400,
                "InvalidParameterValue",
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag "
                "key from the calling session.",
            )
        )
    return {**inherited, **own}, (*caller.transitive, *transitive)
