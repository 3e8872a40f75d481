"""The compiler's door: a spec, an account and a partition give everything that shall exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.compile.boundary import compile_boundary
from leastkey.compile.federated import cautions_of_names, compile_providers
from leastkey.compile.names import Home, refuse_clashes, usable
from leastkey.compile.policies import compile_permissions
from leastkey.compile.role import compile_instance_profile, compile_role, managed_arns
from leastkey.compile.user import compile_profile, compile_user
from leastkey.compile.wanted import Wanted, WantedIdentity
from leastkey.iam.limits import ATTACHED_POLICIES_PER_ROLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.iam.arn import AccountId
    from leastkey.spec.model import Identity, Spec

__all__ = ["compile_project"]


def compile_project(
    spec: Spec,
    account: AccountId,
    partition: str,
    *,
    managed_policies_per_role: int = ATTACHED_POLICIES_PER_ROLE,
    profile_names: Mapping[str, str] | None = None,
) -> Wanted:
    """Give what shall exist in an account. `profile_names` chooses AWS config profiles by identity.

    Raises LeastkeyError: `too-large`, `name-clash`, `policy-invalid`, `spec-invalid`, `unknown-name`, `wide-trust`.
    """
    home = Home(account, partition, spec.project)
    chosen = profile_names or {}
    wanted = Wanted(
        project=spec.project,
        path=home.path,
        account=account,
        partition=partition,
        region=spec.region,
        target=spec.target,
        identities=tuple(
            _compile_identity(identity, spec, home, managed_policies_per_role, chosen.get(identity.name))
            for identity in spec.identities
        ),
        providers=compile_providers(spec.identities, home),
    )
    refuse_clashes(wanted)
    return wanted


def _compile_identity(
    identity: Identity, spec: Spec, home: Home, most: int, profile: str | None
) -> WantedIdentity:
    role = usable("role", identity.names.role or home.default_name("role", identity), identity.place)
    managed = len(managed_arns(identity, home.partition))
    permissions = compile_permissions(identity, home, managed=managed, most=most)
    boundary_arn, boundary = compile_boundary(identity, home, role)
    user = compile_user(identity, home, role)
    return WantedIdentity(
        name=identity.name,
        spec=identity,
        role=compile_role(
            identity, home, role, policies=permissions.policies, boundary=boundary_arn, user=user
        ),
        policies=permissions.policies,
        boundary=boundary,
        user=user,
        instance_profile=compile_instance_profile(identity, home, role),
        profile=compile_profile(identity, spec, profile),
        session_seconds=identity.session_seconds,
        origins=permissions.origins,
        can=permissions.can,
        cannot=permissions.cannot,
        cautions=(*permissions.cautions, *cautions_of_names(identity)),
    )
