"""Role trust: who may wear a role.

Same account: a trust policy that names the caller suffices, one that names the account needs an identity Allow too.
Another account: both. Source: IAM User Guide, "Permissions to assume a role", "Cross-account policy evaluation logic".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from leastkey.evaluate.decide import Compiled

if TYPE_CHECKING:
    from leastkey.evaluate.request import Decision, NamedDocument, Policies, Request

__all__ = ["decide_trust", "is_about_trust"]

_ABOUT_TRUST: Final = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext")


def is_about_trust(action: str) -> bool:
    """Say whether the policy of the resource that an action is asked on is a role's trust policy."""
    return action.lower().startswith(_ABOUT_TRUST)


def decide_trust(
    request: Request, trust: NamedDocument, identity: Policies, *, explain: bool = True
) -> Decision:
    """Decide `sts:AssumeRole*`, or an action that goes with it (`sts:TagSession`), on the role the request names.

    `identity` holds every policy on the caller's side. A caller of an identity provider (`federated`), a service and
    an anonymous caller have no such side: the trust policy alone decides.
    """
    return Compiled(replace(identity, resource=trust)).decide(
        request, explain=explain, resource_must_allow=True
    )
