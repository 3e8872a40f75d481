"""Notes when a key and a role were last used, for which service and where.

AWS notes every signed request, refused ones too. Source: IAM API Reference, AccessKeyLastUsed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leastkey.sandbox.request import AwsRequest, Caller
    from leastkey.sandbox.state.world import World

__all__ = ["note_use"]


def note_use(request: AwsRequest, caller: Caller, world: World) -> None:
    """Note that a key or a role was used now."""
    from moto.iam.models import AccessKeyLastUsed

    use = AccessKeyLastUsed(timestamp=request.now, service=request.signing_name, region=request.region)
    match caller.principal.type:
        case "root":
            world.iam(caller.account).root_last_used = use
        case "user":
            owner = world.user_of_key(caller.key_id)
            if owner is not None:
                owner[2].last_used = use
        case "session":
            role = world.role(caller.account, caller.role_name)
            if role is not None:
                role.last_used, role.last_used_region = request.now, request.region
        case _:
            pass
