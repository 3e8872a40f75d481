"""The condition keys every request has, from facts the gate verified and never from what a client claims.

Source: IAM User Guide, "AWS global condition context keys".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.evaluate.request import Context
    from leastkey.sandbox.request import AwsRequest, Caller
    from leastkey.sandbox.state.world import World

__all__ = ["moment", "request_context"]

_TYPES: Final = {
    "anonymous": "Anonymous",
    "feduser": "FederatedUser",
    "role": "AssumedRole",
    "root": "Account",
    "session": "AssumedRole",
    "user": "User",
}


def request_context(request: AwsRequest, caller: Caller, world: World) -> Context:
    """Give the global keys of a request. A key that AWS would leave out is left out."""
    context: dict[str, str | tuple[str, ...]] = {
        "aws:CurrentTime": moment(request.now),
        "aws:EpochTime": str(int(request.now.timestamp())),
        "aws:PrincipalAccount": caller.account or "anonymous",
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalType": _TYPES.get(caller.principal.type, "User"),
        "aws:RequestedRegion": request.region,
        "aws:SecureTransport": "true" if request.secure else "false",
        "aws:SourceIp": request.source_ip,
        "aws:ViaAWSService": "false",
        "aws:userid": caller.user_id or "anonymous",
    }
    optional = {
        "aws:PrincipalArn": caller.principal.role_arn or caller.principal.arn,
        "aws:Referer": request.headers.get("referer", ""),
        "aws:SourceIdentity": caller.source_identity,
        "aws:UserAgent": request.headers.get("user-agent", ""),
        "aws:username": caller.user_name if caller.principal.type == "user" else "",
    }
    context.update({key: value for key, value in optional.items() if value})
    if caller.mfa is not None:
        context["aws:MultiFactorAuthPresent"] = "true" if caller.mfa else "false"
    if caller.issued_at is not None:
        context["aws:TokenIssueTime"] = moment(caller.issued_at)
        if caller.mfa:
            context["aws:MultiFactorAuthAge"] = str(int((request.now - caller.issued_at).total_seconds()))
    context.update({f"aws:PrincipalTag/{key}": value for key, value in world.tags(caller).items()})
    return context


def moment(at: datetime) -> str:
    """Give a time as AWS writes it in condition keys."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
