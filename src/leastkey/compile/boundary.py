"""Step 4, boundary: the ceiling over a role, AWS's own policy or a document of the project's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.compile.names import usable
from leastkey.compile.policies import fitting_document, wanted_policy
from leastkey.compile.role import managed_arn
from leastkey.iam.names import fitted

if TYPE_CHECKING:
    from leastkey.compile.names import Home
    from leastkey.compile.wanted import WantedPolicy
    from leastkey.iam.arn import Arn
    from leastkey.spec.model import Identity

__all__ = ["compile_boundary"]


def compile_boundary(identity: Identity, home: Home, role: str) -> tuple[Arn | None, WantedPolicy | None]:
    """Give the boundary's ARN and, where it is a document of ours, the policy that holds it (ROLE-boundary)."""
    boundary = identity.boundary
    if boundary is None:
        return None, None
    if boundary.document is None:
        return managed_arn(boundary.managed or "", home.partition, boundary.place), None
    name = usable("policy", fitted("policy", f"{role}-boundary"), boundary.place)
    document = fitting_document(
        boundary.document.document, f"the boundary of `{identity.name}`", boundary.place
    )
    policy = wanted_policy(identity, home, name, document)
    return policy.arn, policy
