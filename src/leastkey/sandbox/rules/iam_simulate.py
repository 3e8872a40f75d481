"""SimulatePrincipalPolicy and SimulateCustomPolicy, answered by our own engine; nothing of AWS is called.

The context is what the request gives, with the keys that follow from the simulated caller.
Source: IAM API Reference, SimulatePrincipalPolicy, SimulateCustomPolicy, EvaluationResult.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from leastkey.evaluate.asked import RequestError
from leastkey.evaluate.context_keys import CallFacts
from leastkey.evaluate.context_values import keys_of_call
from leastkey.evaluate.decide import Compiled
from leastkey.evaluate.reads import keys_read
from leastkey.evaluate.request import LayerResult, Policies, Principal, Request, Verdict
from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import listed, text
from leastkey.sandbox.rules.iam_pages import page_of
from leastkey.sandbox.rules.iam_sources import Source, boundary_of, entity_at, given_sources, sources_of, span
from leastkey.sandbox.rules.iam_xml import Entries, answer
from leastkey.sandbox.state.world import PARTITION

if TYPE_CHECKING:
    from leastkey.evaluate.request import Decision, LayerName
    from leastkey.sandbox.request import AwsRequest, Operation, Response
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["simulate"]

_DECISIONS: Final = {
    Verdict.ALLOWED: "allowed",
    Verdict.EXPLICITLY_DENIED: "explicitDeny",
    Verdict.IMPLICITLY_DENIED: "implicitDeny",
}
_LAYERS: Final = {
    LayerResult.ALLOWS: "allowed",
    LayerResult.EXPLICIT_DENY: "explicitDeny",
    LayerResult.IMPLICIT_DENY: "implicitDeny",
    LayerResult.NOT_APPLICABLE: "implicitDeny",
}
_OF_ORGANIZATION: Final[tuple[LayerName, ...]] = ("scps", "rcps")
_ACTION: Final = re.compile(r"[a-z0-9-]+:[A-Za-z0-9]+", re.ASCII)
_CALLER: Final = re.compile(rf"arn:{PARTITION}:(iam|sts)::([0-9]{{12}}):([a-z-]+)(/.+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Simulation:
    """What every action and resource of one simulation is asked under."""

    caller: Principal
    owner: str
    context: dict[str, str | tuple[str, ...]]
    policies: Policies
    compiled: Compiled
    sources: dict[str, Source]


class _RefusedError(Exception):
    def __init__(self, code: str, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.refusal = Refusal(status, code, words)


def simulate(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    """Give one page of results: one an action and resource."""
    try:
        simulation = _simulation(request, operation.name, parameters, world)
        resources = listed(parameters, "ResourceArns")
        pairs = _pairs(listed(parameters, "ActionNames"), resources or ("*",))
        page = page_of(pairs, text(parameters, "Marker"), text(parameters, "MaxItems"))
        if isinstance(page, Refusal):
            return page
        results = [_result(simulation, *pair, is_named=bool(resources)) for pair in page[0]]
    except _RefusedError as error:
        return error.refusal
    except RequestError as error:
        return Refusal(400, "InvalidInput", f"Invalid Entry: {error}")
    marker = page[1]
    return answer(
        request,
        operation,
        {"EvaluationResults": results, "IsTruncated": bool(marker), "Marker": marker or None},
    )


def _pairs(actions: tuple[str, ...], resources: tuple[str, ...]) -> list[tuple[str, str]]:
    if not actions:
        raise _RefusedError("ValidationError", "1 validation error detected: Value at 'actionNames' is empty")
    pairs = [(action, resource) for action in actions for resource in resources]
    for action, resource in pairs:
        _check(action, resource)
    return pairs


def _check(action: str, resource: str) -> None:
    if not _ACTION.fullmatch(action):
        raise _RefusedError("InvalidInput", f"Invalid Action: {action}")
    if resource != "*" and (not resource.startswith("arn:") or resource.count(":") < 5):
        raise _RefusedError("InvalidInput", f"Invalid Resource: {resource}")


def _simulation(request: AwsRequest, name: str, parameters: Parameters, world: World) -> _Simulation:
    given, fault = given_sources(listed(parameters, "PolicyInputList"), "PolicyInputList", "identity")
    bounds, bound_fault = given_sources(
        listed(parameters, "PermissionsBoundaryPolicyInputList"),
        "PermissionsBoundaryPolicyInputList",
        "identity",
    )
    resource, resource_fault = given_sources(
        listed(parameters, "ResourcePolicy"), "ResourcePolicy", "resource"
    )
    wrong = fault or bound_fault or resource_fault
    if wrong:
        raise _RefusedError("InvalidInput", f"Invalid Policy: {wrong}")
    caller = _caller(text(parameters, "CallerArn"))
    if name == "SimulatePrincipalPolicy":
        arn = text(parameters, "PolicySourceArn")
        entity = entity_at(arn, request.account, world)
        if entity is None:
            raise _RefusedError("NoSuchEntity", f"The entity {arn} cannot be found.", 404)
        given = [*sources_of(entity, request.account, world), *given]
        bounds = bounds or boundary_of(entity, request.account, world)
        caller = caller or _caller(arn)
    elif not given:
        raise _RefusedError(
            "ValidationError", "1 validation error detected: Value at 'policyInputList' is empty"
        )
    if resource and not listed(parameters, "CallerArn") and caller is None:
        raise _RefusedError("InvalidInput", "CallerArn is required when a ResourcePolicy is given.")
    caller = caller or Principal(
        "user", f"arn:{PARTITION}:iam::{request.account}:user/simulated", request.account
    )
    policies = Policies(
        identity=tuple(each.named for each in given),
        resource=resource[0].named if resource else None,
        boundaries=tuple(each.named for each in bounds),
        scps=world.scps(caller.account) if name == "SimulatePrincipalPolicy" else (),
        rcps=world.rcps(request.account) if name == "SimulatePrincipalPolicy" else (),
    )
    return _Simulation(
        caller=caller,
        owner=_owner(text(parameters, "ResourceOwner"), caller),
        context={**_of_caller(caller, request, world, parameters), **_context(parameters)},
        policies=policies,
        compiled=Compiled(policies),
        sources={each.named.name: each for each in (*given, *bounds, *resource)},
    )


def _caller(arn: str) -> Principal | None:
    """Give the simulated caller. Source: SimulateCustomPolicy, CallerArn."""
    if not arn:
        return None
    match = _CALLER.fullmatch(arn)
    if match is None:
        raise _RefusedError("InvalidInput", f"Invalid Caller: {arn}")
    account = match[2]
    match match[3]:
        case "user" | "group":
            return Principal("user", arn.replace(":group/", ":user/"), account)
        case "role":
            session = f"arn:{PARTITION}:sts::{account}:assumed-role/{arn.rsplit('/', 1)[-1]}/simulated"
            return Principal("session", session, account, arn)
        case "assumed-role":
            role = arn.split("/")[1]
            return Principal("session", arn, account, f"arn:{PARTITION}:iam::{account}:role/{role}")
        case "root":
            return Principal("root", arn, account)
        case _:
            raise _RefusedError("InvalidInput", f"Invalid Caller: {arn}")


def _owner(given: str, caller: Principal) -> str:
    if not given:
        return ""
    account = given.split(":")[4] if given.count(":") >= 5 else given
    if not re.fullmatch(r"[0-9]{12}", account, re.ASCII):
        raise _RefusedError("InvalidInput", f"Invalid ResourceOwner: {given}")
    return "" if account == caller.account else account


def _of_caller(
    caller: Principal, request: AwsRequest, world: World, parameters: Parameters
) -> dict[str, str | tuple[str, ...]]:
    """Give the keys that follow from who the simulated caller is; of the call itself nothing is known."""
    if not text(parameters, "CallerArn") and not text(parameters, "PolicySourceArn"):
        return {}
    facts = CallFacts(now=request.now)
    known = keys_of_call(caller, facts)
    kept = {
        key: value for key, value in known.items() if key.startswith("aws:Principal") or key == "aws:username"
    }
    entity = entity_at(caller.role_arn or caller.arn, caller.account, world)
    if entity is not None and caller.type == "user":
        kept["aws:userid"] = entity.id
    return kept


def _context(parameters: Parameters) -> dict[str, str | tuple[str, ...]]:
    found: dict[str, str | tuple[str, ...]] = {}
    entries = parameters.get("ContextEntries")
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or not text(entry, "ContextKeyName"):
            raise _RefusedError("InvalidInput", "Invalid Context Entry: it has no ContextKeyName.")
        values = listed(entry, "ContextKeyValues")
        many = text(entry, "ContextKeyType").endswith("List") or len(values) != 1
        found[text(entry, "ContextKeyName")] = values if many else values[0]
    return found


def _result(simulation: _Simulation, action: str, resource: str, *, is_named: bool) -> dict[str, Any]:
    asked = Request(
        action=action,
        resource=resource,
        principal=simulation.caller,
        resource_account=_account_of(resource) or simulation.owner or simulation.caller.account,
        context=simulation.context,
    )
    found = simulation.compiled.decide(asked)
    decision = {
        "EvalDecision": _DECISIONS[found.verdict],
        "MatchedStatements": _matched(found, simulation.sources),
        "MissingContextValues": _missing(simulation, action, found),
        "OrganizationsDecisionDetail": _of_organization(simulation, found),
        "PermissionsBoundaryDecisionDetail": _of_boundary(simulation, found),
        "EvalDecisionDetails": _details(simulation, asked, found),
    }
    rest = {key: value for key, value in decision.items() if key != "EvalDecision"}
    specific = {
        "EvalResourceName": resource,
        "EvalResourceDecision": decision["EvalDecision"],
        **rest,
    }
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        **decision,
        "ResourceSpecificResults": [specific] if is_named else [],
    }


def _account_of(resource: str) -> str:
    account = resource.split(":")[4] if resource.count(":") >= 5 else ""
    return account if account.isdigit() else ""


def _matched(found: Decision, sources: dict[str, Source]) -> list[dict[str, Any]]:
    return [
        {
            "SourcePolicyId": reason.policy,
            "SourcePolicyType": sources[reason.policy].kind,
            **span(sources[reason.policy].text, reason.statement),
        }
        for reason in found.because
        if reason.layer not in _OF_ORGANIZATION
    ]


def _missing(simulation: _Simulation, action: str, found: Decision) -> list[str]:
    present = {key.lower() for key in simulation.context}
    read = keys_read(simulation.policies, action, found.layers)
    return [each.key for each in read if each.key.lower() not in present]


def _of_boundary(simulation: _Simulation, found: Decision) -> dict[str, bool] | None:
    if not simulation.policies.boundaries:
        return None
    return {"AllowedByPermissionsBoundary": found.layers["boundary"] is LayerResult.ALLOWS}


def _of_organization(simulation: _Simulation, found: Decision) -> dict[str, bool] | None:
    """Say whether the organization's policies let the action through; their statements are not shown."""
    if not simulation.policies.scps and not simulation.policies.rcps:
        return None
    allowed = all(
        found.layers[layer] in (LayerResult.ALLOWS, LayerResult.NOT_APPLICABLE) for layer in _OF_ORGANIZATION
    )
    return {"AllowedByOrganizations": allowed}


def _details(simulation: _Simulation, asked: Request, found: Decision) -> Entries | None:
    """Give what each kind of policy says; AWS does so across accounts only."""
    if simulation.policies.resource is None or asked.resource_account == simulation.caller.account:
        return None
    return Entries(
        {
            "IAM Policy": _LAYERS[found.layers["identity"]],
            "Resource Policy": _LAYERS[found.layers["resource"]],
        }
    )
