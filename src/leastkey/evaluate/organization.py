"""The layers around an account: service control policies, resource control policies, the VPC endpoint's policy.

Source: AWS Organizations User Guide, "Service control policies", "Resource control policies"; Amazon VPC,
"Control access to VPC endpoints using endpoint policies"; AWS KMS, "Resource control policies in AWS KMS".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.evaluate.layer import NOT_APPLICABLE, Outcome, ask, each
from leastkey.evaluate.request import ALLOWS, EXPLICIT_DENY
from leastkey.evaluate.truth import contested
from leastkey.iam.catalog import rcp_services

if TYPE_CHECKING:
    from leastkey.evaluate.asked import Asked
    from leastkey.evaluate.layers import Layers
    from leastkey.evaluate.truth import Reading

__all__ = ["endpoint", "rcps", "scps"]

_SERVICE_LINKED: Final = "role/aws-service-role/"
_WITH_GATEWAY: Final = frozenset({"s3", "dynamodb"})
"""Services that have gateway endpoints beside interface endpoints."""
_GATEWAY: Final = contested("gateway-endpoint-account")
_BEYOND_RCPS: Final = frozenset({"kms:retiregrant"})
"""Actions of a supported service that no RCP reaches, not even by a star."""


def scps(asked: Asked, layers: Layers, reading: Reading, *, briefly: bool) -> Outcome:
    """Ask every level of service control policies: each must hold an Allow."""
    if asked.principal.type in ("service", "anonymous", "federated") or _is_service_linked(asked):
        return NOT_APPLICABLE
    return each([ask(level, asked, reading, briefly=briefly) for level in layers.scps])


def rcps(asked: Asked, layers: Layers, reading: Reading, *, briefly: bool) -> Outcome:
    """Ask the resource control policies: they only deny, since AWS's own Allow stands at each level."""
    if layers.rcps is None or asked.service not in rcp_services() or asked.action in _BEYOND_RCPS:
        return NOT_APPLICABLE
    if _is_service_linked(asked):
        return NOT_APPLICABLE
    outcome = ask(layers.rcps, asked, reading, briefly=briefly)
    if outcome.result is EXPLICIT_DENY:
        return outcome
    return Outcome(ALLOWS, (), outcome.allows, outcome.grant)


def endpoint(asked: Asked, layers: Layers, reading: Reading, *, briefly: bool) -> Outcome:
    """Ask the policy of the VPC endpoint that the request came through."""
    # A gateway endpoint takes the name of an account for its root user alone; a request does not say which kind it is.
    doubt = asked.service in _WITH_GATEWAY and asked.principal.type != "root"
    account = _GATEWAY if doubt else True
    return each([ask(layer, asked, reading, briefly=briefly, account=account) for layer in layers.endpoint])


def _is_service_linked(asked: Asked) -> bool:
    """Say whether a service-linked role asks, by its path: a name or another path may hold any text."""
    principal = asked.principal
    role = principal.arn if principal.type == "role" else principal.role_arn
    return role.split(":", 5)[-1].startswith(_SERVICE_LINKED)
