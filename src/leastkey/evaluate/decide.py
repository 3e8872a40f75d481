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
from leastkey.evaluate.organization import endpoint, rcps, scps
from leastkey.evaluate.principals import Grant
from leastkey.evaluate.request import Decision, LayerName, LayerResult, Verdict
from leastkey.evaluate.resource import must_allow, resource
from leastkey.evaluate.session import session
from leastkey.evaluate.truth import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leastkey.evaluate.layer import Outcome
    from leastkey.evaluate.request import Policies, Request
    from leastkey.evaluate.truth import Slugs

__all__ = ["decide", "decided"]

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

_ALWAYS_ALLOWED: Final = frozenset({"sts:getcalleridentity", "sts:getsessiontoken"})
"""No policy controls these. Source: STS API Reference, GetCallerIdentity; "Permissions for GetSessionToken"."""

_WITHOUT_IDENTITY: Final = frozenset({"service", "anonymous", "federated"})


def decide(request: Request, policies: Policies, *, explain: bool = True) -> Decision:
    """Decide one request. The context is taken as it is: a key that is not in it is absent.

    Raises RequestError for a request that cannot be asked. Without `explain` only verdict, deciding layer and the
    layers' results are given.
    """
    return decided(request, policies, resource_must_allow=False, explain=explain)


def decided(request: Request, policies: Policies, *, resource_must_allow: bool, explain: bool) -> Decision:
    """Decide one request, saying whether the resource's policy has to allow whoever asks."""
    asked = Asked(request, has_boundary=bool(policies.boundaries))
    if asked.action in _ALWAYS_ALLOWED and asked.principal.type not in _WITHOUT_IDENTITY:
        results = {name: LayerResult.NOT_APPLICABLE for name, _ in _LAYERS}
        return Decision(Verdict.ALLOWED, "identity", results, ())
    required = resource_must_allow or must_allow(asked)
    reading = Reading()
    layers = {name: layer(asked, policies, reading, briefly=not explain) for name, layer in _LAYERS}
    verdict, by = _verdict(asked, layers, required=required)
    results = {name: outcome.result for name, outcome in layers.items()}
    if not explain:
        return Decision(verdict, by, results, ())
    return Decision(
        verdict,
        by,
        results,
        reasons(verdict, layers),
        near_misses(asked, request, policies, layers),
        _rests_on(asked, policies, frozenset(reading.met), verdict, required=required),
    )


def _verdict(
    asked: Asked, layers: Mapping[LayerName, Outcome], *, required: bool
) -> tuple[Verdict, LayerName]:
    for name, outcome in layers.items():
        if outcome.denies:
            return Verdict.EXPLICITLY_DENIED, name
    lacking = _lacking(asked, layers, required=required)
    if lacking is not None:
        return Verdict.IMPLICITLY_DENIED, lacking
    grant = layers["resource"].grant
    by_resource = grant > Grant.DELEGATES or (layers["identity"].result is not LayerResult.ALLOWS and grant)
    return Verdict.ALLOWED, "resource" if by_resource else "identity"


def _lacking(asked: Asked, layers: Mapping[LayerName, Outcome], *, required: bool) -> LayerName | None:
    """Give the first layer that would have to allow and does not."""
    for name in ("scps", "endpoint"):
        if layers[name].result is LayerResult.IMPLICIT_DENY:
            return name
    grant = layers["resource"].grant
    if grant is Grant.NONE and (
        required or not asked.is_same_account or asked.principal.type in _WITHOUT_IDENTITY
    ):
        return "resource"
    needed = _needed(asked, grant)
    return next((name for name in needed if _withholds(asked, name, layers[name])), None)


def _needed(asked: Asked, grant: Grant) -> tuple[LayerName, ...]:
    """Give the caller's own layers that must allow, given what the resource's policy grants."""
    if asked.principal.type in _WITHOUT_IDENTITY or asked.principal.type == "root":
        return ()
    if not asked.is_same_account or grant < Grant.LIMITED:
        return ("identity", "boundary", "session")
    return ("boundary", "session") if grant is Grant.LIMITED else ()


def _withholds(asked: Asked, name: LayerName, outcome: Outcome) -> bool:
    if outcome.result is LayerResult.NOT_APPLICABLE:
        # A federated user is nothing without a session policy.
        return name == "session" and asked.principal.type == "feduser"
    return outcome.result is LayerResult.IMPLICIT_DENY


def _rests_on(
    asked: Asked, policies: Policies, met: Slugs, verdict: Verdict, *, required: bool
) -> tuple[str, ...]:
    """Give the open questions on which the verdict would turn if they were answered the other way."""

    def turns(flipped: Slugs) -> bool:
        reading = Reading(flipped)
        layers = {name: layer(asked, policies, reading, briefly=True) for name, layer in _LAYERS}
        return _verdict(asked, layers, required=required)[0] is not verdict

    alone = tuple(slug for slug in sorted(met) if turns(frozenset({slug})))
    if alone or len(met) < 2:
        return alone
    return tuple(sorted(met)) if turns(met) else ()
