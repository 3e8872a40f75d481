"""The resource layer: bucket, queue, key and trust policies, and where one of them has to allow.

Source: IAM User Guide, "Policy evaluation logic", "Pass session tags in AWS STS"; KMS Developer Guide, "Key policies
in AWS KMS".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.evaluate.layer import NOT_APPLICABLE, Outcome, ask
from leastkey.evaluate.principals import ALONE
from leastkey.evaluate.request import ALLOWS, IMPLICIT_DENY

if TYPE_CHECKING:
    from leastkey.evaluate.asked import Asked
    from leastkey.evaluate.layers import Layers
    from leastkey.evaluate.truth import Reading

__all__ = ["must_allow", "resource"]

_ASSUME: Final = "sts:assumerole"


def resource(asked: Asked, layers: Layers, reading: Reading, *, briefly: bool) -> Outcome:
    """Ask the resource's policy."""
    layer = layers.resource
    outcome = NOT_APPLICABLE if layer is None else ask(layer, asked, reading, briefly=briefly, enough=ALONE)
    if outcome.result is ALLOWS and asked.principal.type == "root" and asked.action == _ASSUME:
        # IAM User Guide, "Switch to an IAM role (AWS API)": a root user may assume no role.
        return Outcome(IMPLICIT_DENY)
    return outcome


def must_allow(asked: Asked) -> bool:
    """Say whether nothing is allowed without the resource's own policy: KMS keys and the trust of roles."""
    if asked.service == "kms":
        return asked.tail.startswith("key/")
    # Assuming a role, and with it `sts:TagSession` and `sts:SetSourceIdentity`.
    return asked.service == "sts" and asked.tail.startswith("role/")
