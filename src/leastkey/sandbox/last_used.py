"""When a key was last used, for which service and where: GetAccessKeyLastUsed, the credential report, RoleLastUsed.

AWS notes every signed request, refused ones too. Source: IAM API Reference, AccessKeyLastUsed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.sandbox.iam_xml import answer
from leastkey.sandbox.parameters import text
from leastkey.sandbox.request import Refusal

if TYPE_CHECKING:
    from leastkey.sandbox.parameters import Parameters
    from leastkey.sandbox.request import AwsRequest, Caller, Operation, Response
    from leastkey.sandbox.world import World

__all__ = ["note_use", "of_key"]


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


def of_key(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    """Answer GetAccessKeyLastUsed. The key of another account is not there."""
    key_id = text(parameters, "AccessKeyId")
    owner = world.user_of_key(key_id)
    if owner is None or owner[0] != request.account:
        return Refusal(403, "AccessDenied", f"The access key {key_id} is not one of this account.")
    used = owner[2].last_used
    last = (
        {"ServiceName": "N/A", "Region": "N/A"}
        if used is None
        else {"LastUsedDate": used.timestamp, "ServiceName": used.service, "Region": used.region}
    )
    return answer(request, operation, {"UserName": owner[1].name, "AccessKeyLastUsed": last})
