"""The verdict: an explicit deny anywhere wins, else every layer that applies must allow, else nothing is allowed.

Source: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic". Where AWS is silent an
Allow takes the narrower reading and a Deny the wider, and `undocumented` names the questions the verdict rests on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.evaluate.asked import Asked
from leastkey.evaluate.boundary import boundary
from leastkey.evaluate.explain import near_misses, reasons
from leastkey.evaluate.identity import identity
from leastkey.evaluate.layer import NOT_APPLICABLE
from leastkey.evaluate.layers import Layers
from leastkey.evaluate.organization import endpoint, rcps, scps
from leastkey.evaluate.principals import DELEGATES, LIMITED, NO_GRANT, Grant
from leastkey.evaluate.request import (
    ALLOWS,
    EXPLICIT_DENY,
    IMPLICIT_DENY,
    Decision,
    LayerName,
    LayerResult,
    Verdict,
)
from leastkey.evaluate.resource import must_allow, resource
from leastkey.evaluate.session import session
from leastkey.evaluate.truth import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leastkey.evaluate.layer import Outcome
    from leastkey.evaluate.request import Policies, Request
    from leastkey.evaluate.truth import Slugs

__all__ = ["Compiled", "decide"]

_LAYERS: Final[tuple[tuple[LayerName, Callable[..., Outcome]], ...]] = (
    ("rcps", rcps),
    ("scps", scps),
    ("endpoint", endpoint),
    ("resource", resource),
    ("identity", identity),
    ("boundary", boundary),
    ("session", session),
)
"""In the order in which AWS names the layer that denied."""

_ABSENT: Final[dict[LayerName, Outcome]] = {name: NOT_APPLICABLE for name, _ in _LAYERS}

_ALLOWED: Final = Verdict.ALLOWED
_EXPLICITLY_DENIED: Final = Verdict.EXPLICITLY_DENIED
_IMPLICITLY_DENIED: Final = Verdict.IMPLICITLY_DENIED
_NOT_APPLICABLE: Final = LayerResult.NOT_APPLICABLE

_ALWAYS_ALLOWED: Final = frozenset({"sts:getcalleridentity", "sts:getsessiontoken"})
"""No policy controls these. Source: STS API Reference, GetCallerIdentity; "Permissions for GetSessionToken"."""

_WITHOUT_IDENTITY: Final = frozenset({"service", "anonymous", "federated"})


class Compiled:
    """Policies compiled once, to be asked many times.

    What is compiled is kept with the documents too, so that policies which share a document share the work.
    """

    __slots__ = ("_has_boundary", "_layers", "_present", "policies")

    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self._layers = layers = Layers(policies)
        self._present = [each for each in _LAYERS if each[0] in layers.present]
        self._has_boundary = bool(policies.boundaries)

    def verdict(self, request: Request, *, resource_must_allow: bool = False) -> Verdict:
        """Give the verdict alone, the fastest answer there is. Takes and raises what `decide` does."""
        asked = Asked(request, has_boundary=self._has_boundary)
        if _is_always_allowed(asked):
            return _ALLOWED
        outcomes = self._outcomes(asked, Reading(), briefly=True)
        return _verdict(asked, outcomes, required=resource_must_allow or must_allow(asked))[0]

    def decide(
        self, request: Request, *, explain: bool = True, resource_must_allow: bool = False
    ) -> Decision:
        """Decide one request. The context is taken as it is: a key that is not in it is absent.

        Without `explain` only verdict, deciding layer and the layers' results are given. `resource_must_allow` says that
        the resource's policy has to allow whoever asks. Raises RequestError for a request that cannot be asked.
        """
        asked = Asked(request, has_boundary=self._has_boundary)
        if _is_always_allowed(asked):
            return Decision(_ALLOWED, "identity", dict.fromkeys(_ABSENT, _NOT_APPLICABLE), ())
        required = resource_must_allow or must_allow(asked)
        reading = Reading()
        outcomes = self._outcomes(asked, reading, briefly=not explain)
        verdict, by = _verdict(asked, outcomes, required=required)
        results = {name: outcome.result for name, outcome in outcomes.items()}
        if not explain:
            return Decision(verdict, by, results, ())
        return Decision(
            verdict,
            by,
            results,
            reasons(verdict, outcomes),
            near_misses(verdict, asked, request, self.policies, outcomes),
            self._rests_on(asked, frozenset(reading.met), verdict, required=required),
        )

    def _outcomes(self, asked: Asked, reading: Reading, *, briefly: bool) -> dict[LayerName, Outcome]:
        layers, outcomes = self._layers, _ABSENT.copy()
        for name, layer in self._present:
            outcomes[name] = layer(asked, layers, reading, briefly=briefly)
        return outcomes

    def _rests_on(self, asked: Asked, met: Slugs, verdict: Verdict, *, required: bool) -> tuple[str, ...]:
        """Give the open questions on which the verdict would turn if they were answered the other way."""

        def turns(flipped: Slugs) -> bool:
            outcomes = self._outcomes(asked, Reading(flipped), briefly=True)
            return _verdict(asked, outcomes, required=required)[0] is not verdict

        alone = tuple(slug for slug in sorted(met) if turns(frozenset({slug})))
        if alone or len(met) < 2:
            return alone
        return tuple(sorted(met)) if turns(met) else ()


def decide(request: Request, policies: Policies, *, explain: bool = True) -> Decision:
    """Decide one request under policies that are asked once; `Compiled` is for policies that are asked often."""
    return Compiled(policies).decide(request, explain=explain)


def _is_always_allowed(asked: Asked) -> bool:
    return asked.action in _ALWAYS_ALLOWED and asked.principal.type not in _WITHOUT_IDENTITY


def _verdict(
    asked: Asked, layers: Mapping[LayerName, Outcome], *, required: bool
) -> tuple[Verdict, LayerName]:
    for name, outcome in layers.items():
        if outcome.result is EXPLICIT_DENY:
            return _EXPLICITLY_DENIED, name
    lacking = _lacking(asked, layers, required=required)
    if lacking is not None:
        return _IMPLICITLY_DENIED, lacking
    grant = layers["resource"].grant
    by_resource = grant > DELEGATES or (layers["identity"].result is not ALLOWS and grant)
    return _ALLOWED, "resource" if by_resource else "identity"


def _lacking(asked: Asked, layers: Mapping[LayerName, Outcome], *, required: bool) -> LayerName | None:
    """Give the first layer that would have to allow and does not."""
    for name in ("scps", "endpoint"):
        if layers[name].result is IMPLICIT_DENY:
            return name
    grant = layers["resource"].grant
    if grant is NO_GRANT and (
        required or not asked.is_same_account or asked.principal.type in _WITHOUT_IDENTITY
    ):
        return "resource"
    for name in _needed(asked, grant):
        if _withholds(asked, name, layers[name]):
            return name
    return None


def _needed(asked: Asked, grant: Grant) -> tuple[LayerName, ...]:
    """Give the caller's own layers that must allow where they apply, given what the resource's policy grants."""
    if not asked.is_same_account or grant < LIMITED:
        return ("identity", "boundary", "session")
    return ("boundary", "session") if grant is LIMITED else ()


def _withholds(asked: Asked, name: LayerName, outcome: Outcome) -> bool:
    if outcome.result is _NOT_APPLICABLE:
        # A federated user is nothing without a session policy.
        return name == "session" and asked.principal.type == "feduser"
    return outcome.result is IMPLICIT_DENY
