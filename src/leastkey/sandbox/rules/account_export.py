"""An account as `aws iam get-account-authorization-details` prints it, and what AWS keeps elsewhere; no secrets."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from leastkey.sandbox.resolve.tags import of_entity
from leastkey.sandbox.rules.account_document import EXTRAS
from leastkey.sandbox.rules.account_extras import BLOCKS, FORMAT
from leastkey.sandbox.rules.iam_details import all_details, profile_details

if TYPE_CHECKING:
    from leastkey.sandbox.state.world import World

__all__ = ["account_file", "account_state"]

_DOCUMENTS: Final = frozenset({"PolicyDocument", "AssumeRolePolicyDocument", "Document"})


def account_state(world: World, account: str) -> dict[str, Any]:
    """Give what the file of an account is made of. The caller holds the gate's lock."""
    iam = world.iam(account)
    extras = {
        "Format": FORMAT,
        "Account": account,
        "AccountAliases": list(iam.account_aliases),
        "Roles": [_settings(role) for role in iam.roles.values() if _is_set(role)],
        "Policies": [
            {"Arn": arn, "Tags": _tags(policy)}
            for arn, policy in iam.managed_policies.items()
            if of_entity(policy)
        ],
        "InstanceProfiles": [
            profile_details(each) for each in iam.instance_profiles.values() if not each.roles
        ],
        "OpenIDConnectProviders": [_provider(each) for each in iam.open_id_providers.values()],
        "Buckets": [_bucket(each) for each in world.backend("s3", account).buckets.values()],
    }
    return {**all_details(iam), EXTRAS: {name: value for name, value in extras.items() if value != []}}


def account_file(state: dict[str, Any]) -> dict[str, Any]:
    """Write the file of an account: most of the work, for which nobody has to wait."""
    found: dict[str, Any] = _plain(state)
    return found


def _is_set(role: Any) -> bool:
    return bool(role.description) or str(role.max_session_duration or "3600") != "3600"


def _settings(role: Any) -> dict[str, Any]:
    return {
        "RoleName": role.name,
        "Description": role.description or "",
        "MaxSessionDuration": int(role.max_session_duration or 3_600),
    }


def _provider(provider: Any) -> dict[str, Any]:
    return {
        "Url": provider.url,
        "ClientIDList": list(provider.client_id_list),
        "ThumbprintList": list(provider.thumbprint_list),
        "CreateDate": provider.create_date,
        "Tags": _tags(provider),
    }


def _bucket(bucket: Any) -> dict[str, Any]:
    block = bucket.public_access_block
    return {
        "Name": bucket.name,
        "Region": bucket.region_name,
        "Policy": json.loads(bucket.policy) if bucket.policy else None,
        "PublicAccessBlock": None
        if block is None
        else dict(
            zip(
                BLOCKS,
                (
                    block.block_public_acls,
                    block.ignore_public_acls,
                    block.block_public_policy,
                    block.restrict_public_buckets,
                ),
                strict=True,
            )
        ),
    }


def _tags(entity: Any) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in of_entity(entity).items()]


def _plain(value: Any, name: str = "") -> Any:
    """Give what JSON takes: documents as objects, dates as AWS's CLI prints them, nothing for what is absent."""
    match value:
        case dict():
            return {key: _plain(each, key) for key, each in value.items() if each is not None}
        case list():
            return [_plain(each) for each in value]
        case datetime():
            aware = value.replace(tzinfo=value.tzinfo or UTC)
            return aware.astimezone(UTC).isoformat(timespec="seconds")
        case str() if name in _DOCUMENTS and value:
            return json.loads(unquote(value))
        case _:
            return value
