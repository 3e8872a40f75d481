"""Notes when a key, a user and a role were last used, for which service and where.

AWS notes every signed request, refused ones too. Source: IAM API Reference, AccessKeyLastUsed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from leastkey.sandbox.request import AwsRequest, Caller
    from leastkey.sandbox.state.world import World

__all__ = ["Use", "forget_uses", "note_service", "note_use", "uses_of"]

Use = tuple["datetime", str]
"""When and in which region."""


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


def note_service(request: AwsRequest, operation: str, caller: Caller, world: World) -> None:
    """Note that a user or a role asked a service for something now, whether or not it may; "" is no certain operation.

    Source: IAM User Guide, "Refine permissions in AWS using last accessed information".
    """
    if caller.principal.type in ("user", "session") and caller.user_id:
        uses = _uses(world.iam(caller.account)).setdefault(caller.user_id.partition(":")[0], {})
        uses[f"{request.signing_name}:{operation}"] = (request.now, request.region)


def uses_of(unique_id: str, account: str, world: World) -> Mapping[str, Use]:
    """Give the last use of each `service:Operation` by a user or role."""
    found: dict[str, Use] = _uses(world.iam(account)).get(unique_id, {})
    return found


def forget_uses(unique_id: str, account: str, world: World) -> None:
    """Forget what a user or role used, once it is deleted."""
    _uses(world.iam(account)).pop(unique_id, None)


def _uses(iam: Any) -> dict[str, dict[str, Use]]:
    if not hasattr(iam, "service_uses"):
        iam.service_uses = {}
    found: dict[str, dict[str, Use]] = iam.service_uses
    return found
