"""Compare what shall exist with what is there, and give the plan that makes both equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.errors import LeastkeyError
from leastkey.plan.changes import Lines
from leastkey.plan.diff_key import key_cautions, key_changes, profile_changes
from leastkey.plan.diff_policy import policy_changes
from leastkey.plan.diff_role import attachment_changes, instance_profile_changes, role_changes
from leastkey.plan.diff_user import user_changes
from leastkey.plan.fingerprint import fingerprint
from leastkey.plan.ownership import (
    own_instance_profiles,
    own_policies,
    own_roles,
    own_users,
    refuse_strangers,
)
from leastkey.plan.plan import Plan
from leastkey.plan.providers import kept_providers, own_providers, provider_changes, provider_removals
from leastkey.plan.quota import attached_quota, refuse_over_quota
from leastkey.plan.removals import removals
from leastkey.plan.revoked import is_revoked, refuse_forgotten, revoked_caution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.compile.wanted import Caution, Wanted, WantedIdentity
    from leastkey.plan.plan import Change
    from leastkey.plan.seen import Seen, SeenRole, SeenUser
    from leastkey.plan.seen_local import SeenLocal

__all__ = ["count_entities", "make_plan"]


def make_plan(wanted: Wanted, seen: Seen, local: SeenLocal) -> Plan:
    """Give the plan. Raises LeastkeyError where carrying it out would have to be refused anyway."""
    if wanted.account != seen.caller.account:
        raise LeastkeyError(
            "wrong-account",
            f"the plan is for account {wanted.account}, you are in {seen.caller.account}",
            why=f"as         {seen.caller.arn}",
        )
    refuse_strangers(wanted, seen)
    refuse_forgotten(wanted, seen)
    changes: list[Change] = [*provider_changes(wanted, seen)]
    cautions: list[Caution] = [*kept_providers(wanted, seen)]
    for identity in wanted.identities:
        changes.extend(_identity_changes(wanted, identity, seen, local))
        cautions.extend(identity.cautions)
        user, role = _entities(identity, seen)
        if is_revoked(user, role):
            cautions.append(revoked_caution(identity))
        elif identity.user is not None:
            cautions.extend(key_cautions(identity, user, local.identity(identity.name)))
    changes.extend(provider_removals(wanted, seen))
    changes.extend(removals(wanted, seen, local))
    finished = tuple(changes)
    refuse_over_quota(wanted, finished, seen.quotas)
    return Plan(
        fingerprint(wanted, seen, finished),
        wanted.account,
        wanted.project,
        finished,
        wanted,
        tuple(cautions),
        count_entities(wanted.project, seen),
    )


def count_entities(project: str, seen: Seen) -> int:
    """Count the project's own entities in IAM."""
    return sum(
        len(own)
        for own in (
            own_users(project, seen),
            own_roles(project, seen),
            own_policies(project, seen),
            own_instance_profiles(project, seen),
            own_providers(project, seen),
        )
    )


def _identity_changes(
    wanted: Wanted, identity: WantedIdentity, seen: Seen, local: SeenLocal
) -> Iterator[Change]:
    lines = Lines(identity.name)
    here = local.identity(identity.name)
    user, role = _entities(identity, seen)
    if identity.user is not None:
        yield from user_changes(identity.user, user, lines)
    yield from role_changes(identity, role, lines)
    for policy in identity.policies:
        yield from policy_changes(policy, seen.policies.get(policy.name.lower()), lines)
    if identity.boundary is not None:
        there = seen.policies.get(identity.boundary.name.lower())
        yield from policy_changes(identity.boundary, there, lines, as_boundary=True)
    quota = attached_quota(seen.quotas)
    alone = len(wanted.identities) == 1
    yield from attachment_changes(identity, role, lines, quota=quota, alone=alone)
    if identity.instance_profile is not None:
        profile = seen.instance_profiles.get(identity.instance_profile.name.lower())
        yield from instance_profile_changes(identity.instance_profile, profile, lines)
    if identity.user is not None and not is_revoked(user, role):
        yield from key_changes(identity.user, user, here, local, lines)
    if identity.profile is not None:
        yield from profile_changes(identity.profile, identity.name, here, local, lines)


def _entities(identity: WantedIdentity, seen: Seen) -> tuple[SeenUser | None, SeenRole | None]:
    user = None if identity.user is None else seen.users.get(identity.user.name.lower())
    return user, seen.roles.get(identity.role.name.lower())
