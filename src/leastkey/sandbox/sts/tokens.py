"""GetSessionToken and GetFederationToken: what users and root ask for with their long-lived keys.

Source: STS API Reference, GetSessionToken, GetFederationToken; IAM User Guide, "Compare AWS STS credentials".
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import Policies, Request
from leastkey.sandbox.decided import note
from leastkey.sandbox.request import Refusal, Response
from leastkey.sandbox.resolve.tags import request_tags
from leastkey.sandbox.state.accounts import new_key
from leastkey.sandbox.state.session_owner import federated_arn
from leastkey.sandbox.state.sessions import Session, new_token
from leastkey.sandbox.sts.answers import NoError, credentials_xml, fields_xml, in_seconds, shaped, xml
from leastkey.sandbox.sts.given import (
    flat_form,
    has_second_factor,
    packed_xml,
    session_policies,
    session_tags,
)

if TYPE_CHECKING:
    from leastkey.evaluate.request import Context
    from leastkey.sandbox.request import AwsRequest, Caller
    from leastkey.sandbox.state.world import World

__all__ = ["federation_token", "limited", "session_token"]

_FEDERATED: Final = re.compile(r"[\w+=,.@-]{2,32}", re.ASCII)
_SECONDS_MIN: Final = 900
_SECONDS_MAX: Final = 129_600
_SECONDS: Final = "43200"
_ROOT_SECONDS: Final = 3_600


def limited(operation: str, service: str, caller: Caller) -> Refusal | None:
    """Refuse what temporary credentials that are no role session may not call, whatever policies say."""
    kind = caller.principal.type
    if caller.mfa is None or kind not in ("user", "root", "feduser"):
        return None
    if service == "iam" and not caller.mfa:
        return Refusal(403, "InvalidClientTokenId", "The security token included in the request is invalid")
    if service != "sts" or operation == "GetCallerIdentity":
        return None
    if operation == "AssumeRole" and kind != "feduser":
        return None
    return Refusal(403, "AccessDenied", f"Cannot call {operation} with session credentials")


def session_token(request: AwsRequest, caller: Caller, world: World) -> Response:
    """Answer GetSessionToken: no policy allows or denies it. Raises NoError."""
    _with_long_lived_key("GetSessionToken", caller)
    flat = flat_form(request, "GetSessionToken", frozenset({"DurationSeconds", "SerialNumber", "TokenCode"}))
    seconds = _seconds(flat.get("DurationSeconds", _SECONDS), caller)
    session = _session(request, caller, seconds, mfa=has_second_factor(flat, caller, world, request.now))
    world.sessions.add(session, keep_after=request.now - timedelta(hours=1))
    return xml("GetSessionToken", credentials_xml(session), request)


def federation_token(request: AwsRequest, caller: Caller, world: World, context: Context) -> Response:
    """Answer GetFederationToken, where the user's own policies allow it. Raises NoError."""
    _with_long_lived_key("GetFederationToken", caller)
    flat = flat_form(request, "GetFederationToken", frozenset({"Name", "DurationSeconds", "Policy"}))
    name = flat.get("Name", "")
    shaped("name", name, _FEDERATED)
    seconds = _seconds(flat.get("DurationSeconds", _SECONDS), caller)
    tags, policies = session_tags(flat), session_policies(flat, caller.account, world)
    packed = packed_xml(flat, tags)
    arn = federated_arn(caller.account, name)
    keys = {**context, **request_tags(tags)}
    for action in ("sts:GetFederationToken", *(("sts:TagSession",) if tags else ())):
        _allowed(Request(action, arn, caller.principal, caller.account, keys), caller, world)
    made = _session(request, caller, seconds, mfa=False)
    session = replace(made, name=name, policies=policies, tags=tuple(tags.items()), kind="feduser")
    world.sessions.add(session, keep_after=request.now - timedelta(hours=1))
    user = fields_xml({"FederatedUserId": f"{caller.account}:{name}", "Arn": arn})
    result = f"{credentials_xml(session)}<FederatedUser>{user}</FederatedUser>{packed}"
    return xml("GetFederationToken", result, request)


def _with_long_lived_key(operation: str, caller: Caller) -> None:
    if caller.mfa is not None:
        words = f"Cannot call {operation} with session credentials"
        raise NoError(Refusal(403, "AccessDenied", words))


def _seconds(text: str, caller: Caller) -> int:
    """Read the duration; root's is cut to one hour without a word."""
    seconds = in_seconds(text, _SECONDS_MIN, _SECONDS_MAX)
    return min(seconds, _ROOT_SECONDS) if caller.principal.type == "root" else seconds


def _session(request: AwsRequest, caller: Caller, seconds: int, *, mfa: bool) -> Session:
    key = new_key("ASIA")
    is_root = caller.principal.type == "root"
    return Session(
        key_id=key.id,
        secret=key.secret,
        token=new_token(),
        account=caller.account,
        role_name="" if is_root else caller.user_name,
        role_id="" if is_root else caller.user_id,
        name="",
        issued_at=request.now,
        expires=request.now.replace(microsecond=0) + timedelta(seconds=seconds),
        mfa=mfa,
        kind="root" if is_root else "user",
    )


def _allowed(question: Request, caller: Caller, world: World) -> None:
    policies = Policies(
        identity=world.identity_policies(caller),
        boundaries=world.boundaries(caller),
        scps=world.scps(caller.account),
        rcps=world.rcps(caller.account),
    )
    found = decide(question, policies, explain=False)
    note(question, policies, is_allowed=found.is_allowed)
    if not found.is_allowed:
        words = (
            f"User: {caller.principal.arn} is not authorized to perform: {question.action} "
            f"on resource: {question.resource}"
        )
        raise NoError(Refusal(403, "AccessDenied", words))
