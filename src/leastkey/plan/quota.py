"""Whether the account has room for what a plan adds, by the figures of GetAccountSummary.

Source: IAM API Reference, "GetAccountSummary". Removals come last, so they make no room.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from leastkey.errors import LeastkeyError
from leastkey.plan.operation import CreateInstanceProfile, CreatePolicy, CreateRole, CreateUser

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from leastkey.compile.wanted import Wanted
    from leastkey.plan.plan import Change

__all__ = ["attached_quota", "refuse_over_quota"]

_COUNTED = (
    (CreateUser, "users", "Users", "UsersQuota"),
    (CreateRole, "roles", "Roles", "RolesQuota"),
    (CreatePolicy, "policies", "Policies", "PoliciesQuota"),
    (CreateInstanceProfile, "instance profiles", "InstanceProfiles", "InstanceProfilesQuota"),
)
_ATTACHED = "AttachedPoliciesPerRoleQuota"


def attached_quota(quotas: Mapping[str, int]) -> int:
    """Give how many managed policies a role may have; without a figure nothing is known to be too many."""
    return quotas.get(_ATTACHED, 1_000)


def refuse_over_quota(wanted: Wanted, changes: Iterable[Change], quotas: Mapping[str, int]) -> None:
    """Refuse a plan the account has no room for, with the numbers."""
    lines = (*_account_lines(changes, quotas), *_role_lines(wanted, quotas))
    if lines:
        raise LeastkeyError(
            "quota",
            f"account {wanted.account} has no room for what the plan adds",
            why=lines,
            remedy="ask for more: the Service Quotas console, region us-east-1, service IAM",
        )


def _account_lines(changes: Iterable[Change], quotas: Mapping[str, int]) -> Iterator[str]:
    adds = Counter(type(change.operation) for change in changes)
    for operation, words, used, quota in _COUNTED:
        new = adds[operation]
        if new and used in quotas and quota in quotas and quotas[used] + new > quotas[quota]:
            yield f"{words}: {quotas[used]:,} there, {new:,} to add, {quotas[quota]:,} allowed"


def _role_lines(wanted: Wanted, quotas: Mapping[str, int]) -> Iterator[str]:
    most = attached_quota(quotas)
    for identity in wanted.identities:
        if len(identity.role.attached) > most:
            yield f"policies attached to {identity.role.name}: {len(identity.role.attached)}, {most} allowed"
