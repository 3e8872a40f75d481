"""Who made a call, as a CloudTrail record says it.

Source: CloudTrail User Guide, "CloudTrail userIdentity element"; S3 User Guide, "Amazon S3 CloudTrail events".
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from leastkey.sandbox.state.world import PARTITION

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.sandbox.request import Caller
    from leastkey.sandbox.trail.seen import Seen

__all__ = ["cross_account", "iso", "user_identity"]


def user_identity(seen: Seen, caller: Caller) -> dict[str, Any]:
    """Give the element for the caller's own account."""
    if caller.principal.type == "anonymous":
        return _web_identity(seen) or {
            "type": "AWSAccount",
            "principalId": "",
            "accountId": "ANONYMOUS_PRINCIPAL",
        }
    found: dict[str, Any] = {
        "type": _kind(caller),
        "principalId": caller.user_id,
        "arn": caller.principal.arn,
        "accountId": caller.account,
        "accessKeyId": caller.key_id,
    }
    if caller.principal.type == "user":
        found["userName"] = caller.user_name
    context = _session_context(caller)
    if context:
        found["sessionContext"] = context
    return found


def cross_account(caller: Caller) -> dict[str, Any]:
    """Give the element for the account that owns the resource: it does not learn more of a stranger."""
    return {"type": "AWSAccount", "principalId": caller.user_id, "accountId": caller.account}


def iso(moment: datetime) -> str:
    """Write a time as records do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _kind(caller: Caller) -> str:
    kinds = {"root": "Root", "user": "IAMUser", "session": "AssumedRole", "feduser": "FederatedUser"}
    return kinds.get(caller.principal.type, "Unknown")


def _session_context(caller: Caller) -> dict[str, Any]:
    """Give what temporary credentials add; long-lived keys add nothing."""
    if caller.issued_at is None:
        return {}
    found: dict[str, Any] = {}
    if caller.principal.type == "session":
        found["sessionIssuer"] = {
            "type": "Role",
            "principalId": caller.user_id.partition(":")[0],
            "arn": caller.principal.role_arn,
            "accountId": caller.account,
            "userName": caller.role_name,
        }
    if caller.principal.type == "feduser":
        found["sessionIssuer"] = _asker(caller)
    found["webIdFederationData"] = (
        {"federatedProvider": caller.provider, "attributes": {}} if caller.provider else {}
    )
    found["attributes"] = {
        "creationDate": iso(caller.issued_at),
        "mfaAuthenticated": "true" if caller.mfa else "false",
    }
    if caller.source_identity:
        found["sourceIdentity"] = caller.source_identity
    return found


def _asker(caller: Caller) -> dict[str, Any]:
    """Give the user or root that asked for the credentials of a federated user."""
    arn = caller.principal.role_arn
    found = {"type": "IAMUser" if caller.user_name else "Root", "arn": arn, "accountId": caller.account}
    return {**found, "userName": caller.user_name} if caller.user_name else found


def _web_identity(seen: Seen) -> dict[str, Any] | None:
    """Give whom a token of AssumeRoleWithWebIdentity names; of one that was refused nothing is believed."""
    if seen.operation is None or seen.operation.name != "AssumeRoleWithWebIdentity" or seen.request is None:
        return None
    claims = _claims(seen.request.form.get("WebIdentityToken", [""])[0]) if seen.refusal is None else {}
    issuer = str(claims.get("iss", "")).partition("://")[2]
    account = seen.request.form.get("RoleArn", [""])[0].split(":")[4:5]
    provider = f"arn:{PARTITION}:iam::{account[0]}:oidc-provider/{issuer}" if issuer and account else ""
    subject, audience = str(claims.get("sub", "")), claims.get("aud", "")
    first = audience[0] if isinstance(audience, list) and audience else audience
    return {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:{first}:{subject}" if provider else "",
        "userName": subject,
        "identityProvider": provider,
    }


def _claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return found if isinstance(found, dict) else {}
