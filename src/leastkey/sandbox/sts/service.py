"""AWS STS, wholly ours: moto's would let anyone wear any role.

Source: STS API Reference, GetCallerIdentity, GetAccessKeyInfo, DecodeAuthorizationMessage; IAM User Guide, "Compare AWS STS credentials".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.sandbox.errors import not_built
from leastkey.sandbox.request import Refusal, Response
from leastkey.sandbox.sts.answers import NoError, fields_xml, invalid, xml
from leastkey.sandbox.sts.assume_role import assume_role
from leastkey.sandbox.sts.tokens import federation_token, session_token
from leastkey.sandbox.sts.web_identity import assume_role_with_web_identity

if TYPE_CHECKING:
    from leastkey.evaluate.request import Context
    from leastkey.sandbox.request import AwsRequest, Caller
    from leastkey.sandbox.state.world import World

__all__ = ["BUILT", "MINTING", "OPEN", "UNSIGNED", "answer"]

UNSIGNED: Final = frozenset({"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"})
"""Operations whose proof is an identity provider's token: they take no signature."""

MINTING: Final = frozenset(
    {"AssumeRole", "AssumeRoleWithWebIdentity", "GetFederationToken", "GetSessionToken"}
)
"""Operations that give out credentials."""

OPEN: Final = MINTING | {"GetCallerIdentity"}
"""Operations the authorizer is not asked about: always allowed, or decided here."""

BUILT: Final = OPEN | {"DecodeAuthorizationMessage", "GetAccessKeyInfo"}


def answer(
    request: AwsRequest, operation: str, caller: Caller, world: World, context: Context
) -> Response | Refusal:
    """Answer an STS operation; `context` holds the condition keys every request has."""
    if caller.principal.type == "anonymous" and operation not in UNSIGNED:
        return Refusal(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
    try:
        return _answer(request, operation, caller, world, context)
    except NoError as no:
        return no.refusal


def _answer(
    request: AwsRequest, operation: str, caller: Caller, world: World, context: Context
) -> Response | Refusal:
    match operation:
        case "GetCallerIdentity":
            return _caller_identity(request, caller)
        case "GetAccessKeyInfo":
            return _key_info(request, world)
        case "DecodeAuthorizationMessage":
            return _decoded(request, caller, world)
        case "AssumeRole":
            return assume_role(request, caller, world, context)
        case "AssumeRoleWithWebIdentity":
            return assume_role_with_web_identity(request, world)
        case "GetSessionToken":
            return session_token(request, caller, world)
        case "GetFederationToken":
            return federation_token(request, caller, world, context)
        case _:
            return not_built(f"sts:{operation}")


def _caller_identity(request: AwsRequest, caller: Caller) -> Response:
    fields = {"Arn": caller.principal.arn, "UserId": caller.user_id, "Account": caller.account}
    return xml("GetCallerIdentity", fields_xml(fields), request)


def _decoded(request: AwsRequest, caller: Caller, world: World) -> Response | Refusal:
    """Read what a denial of this account said in code."""
    text = world.seals.unseal(caller.account, request.form.get("EncodedMessage", [""])[0])
    if text is None:
        return Refusal(400, "InvalidAuthorizationMessageException", "Message is not valid")
    return xml("DecodeAuthorizationMessage", fields_xml({"DecodedMessage": text}), request)


def _key_info(request: AwsRequest, world: World) -> Response | Refusal:
    key_id = request.form.get("AccessKeyId", [""])[0]
    root, user, session = (
        world.accounts.root_of(key_id),
        world.user_of_key(key_id),
        world.sessions.get(key_id),
    )
    account = root[0] if root else user[0] if user else session.account if session else None
    if account is None:
        raise invalid(f"The access key {key_id} is not known.")
    return xml("GetAccessKeyInfo", fields_xml({"Account": account}), request)
