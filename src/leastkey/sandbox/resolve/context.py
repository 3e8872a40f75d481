"""The condition keys every request has, from facts the gate verified and never from what a client claims.

Source: IAM User Guide, "AWS global condition context keys".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.evaluate.context_keys import CallFacts
from leastkey.evaluate.context_values import keys_of_call
from leastkey.sandbox.state.organizations import organization_keys

if TYPE_CHECKING:
    from leastkey.evaluate.request import Context
    from leastkey.sandbox.request import AwsRequest, Caller
    from leastkey.sandbox.state.world import World

__all__ = ["request_context"]


def request_context(request: AwsRequest, caller: Caller, world: World) -> Context:
    """Give the global keys of a request. A key that AWS would leave out is left out."""
    facts = CallFacts(
        now=request.now,
        region=request.region,
        is_secure=request.secure,
        source_ip=request.source_ip,
        user_agent=request.headers.get("user-agent"),
        referer=request.headers.get("referer"),
        via=(),
        user_id=caller.user_id,
        is_temporary=caller.mfa is not None,
        mfa=caller.mfa,
        issued_at=caller.issued_at,
        source_identity=caller.source_identity,
        federated_provider=caller.provider or None,
        principal_tags=world.tags(caller),
    )
    # A caller without a name is no service either: here a Deny that asks for it binds him too.
    return {
        "aws:PrincipalIsAWSService": "false",
        **keys_of_call(caller.principal, facts),
        **organization_keys(caller.account, "Principal"),
    }
