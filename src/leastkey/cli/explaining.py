"""A request put to the spec: the decision, the spec's lines behind each statement, and the line that would allow it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from leastkey.cli.context import ANY_ACCOUNT
from leastkey.clock import SystemClock
from leastkey.compile.grants import meaning_of
from leastkey.compile.policy import statements_of
from leastkey.compile.project import compile_project
from leastkey.errors import LeastkeyError
from leastkey.evaluate.asked import RequestError
from leastkey.evaluate.decide import decide
from leastkey.evaluate.missing import missing
from leastkey.evaluate.request import NamedDocument, Verdict
from leastkey.iam.arn import AccountId
from leastkey.iam.catalog import nearest, service_catalog, service_exists
from leastkey.iam.document import PolicyDocument
from leastkey.spec.shorthand import grant_lines
from leastkey.spec.trial import grant_of
from leastkey.verify.calls import Target
from leastkey.verify.judge import Judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leastkey.compile.wanted import WantedIdentity
    from leastkey.evaluate.context import Filled
    from leastkey.evaluate.missing import Missing
    from leastkey.evaluate.request import Decision, Policies, Request
    from leastkey.spec.model import Place, Spec

__all__ = ["Answer", "explained"]

_S3_LEVELS: Final = frozenset({"list", "read", "write"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision with what the spec has to do with it.

    `filled` tells how its context came about, `missing` which keys it lacked. `places` are the spec's lines behind a
    statement (policy name, index), `remedy` the entry of `allow:` that would allow the request, `unread` AWS-managed
    policies nobody read.
    """

    identity: str
    request: Request
    filled: Filled
    decision: Decision
    missing: tuple[Missing, ...]
    places: Mapping[tuple[str, int], tuple[Place, ...]]
    remedy: tuple[str, ...]
    unread: tuple[str, ...]


def explained(spec: Spec, name: str, action: str, resource: str, context: Mapping[str, str]) -> Answer:
    """Ask the engine about one identity of a spec. Raises LeastkeyError."""
    action = _known(action)
    account = AccountId(spec.account or _account_of(resource) or ANY_ACCOUNT)
    wanted = compile_project(spec, account, _partition_of(resource))
    identity = next(each for each in wanted.identities if each.name == name)
    judge = Judge(identity, wanted, {}, now=SystemClock().now(), is_secure=True)
    filled = judge.filled(Target(action, resource, None), context)
    request = filled.request
    policies = judge.policies(request)
    policies = replace(policies, identity=tuple(_renamed(policies.identity)))
    try:
        decision = decide(request, policies)
    except RequestError as error:
        raise LeastkeyError("usage", str(error)) from None
    remedy: tuple[str, ...] = ()
    if decision.verdict is Verdict.IMPLICITLY_DENIED and decision.decided_by == "identity":
        remedy = next(_remedies(request, policies, wanted.partition), ())
    lacked = missing(request, policies, decision)
    return Answer(name, request, filled, decision, lacked, _places(identity), remedy, judge.unread)


def _known(action: str) -> str:
    """Give the action as AWS spells it; refuse one that the catalogue does not have."""
    service, _, name = action.partition(":")
    service = service.lower()
    if not service_exists(service):
        raise LeastkeyError("unknown-name", f"`{service}` is no service", remedy="leastkey help spec")
    catalog = service_catalog(service)
    found = catalog.actions.get(name.lower())
    if found is None:
        close = nearest(name, [each.name for each in catalog.actions.values()])
        raise LeastkeyError(
            "unknown-name",
            f"`{action}` is no action",
            remedy=f"did you mean `{service}:{close}`?" if close else "leastkey help spec",
        )
    return found.full_name


def _account_of(resource: str) -> str:
    parts = resource.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4].isdigit() else ""


def _partition_of(resource: str) -> str:
    parts = resource.split(":", 2)
    return parts[1] if len(parts) == 3 and parts[0] == "arn" and parts[1] else "aws"


def _renamed(documents: tuple[NamedDocument, ...]) -> Iterator[NamedDocument]:
    """Call a policy by its name, as the compiler's origins do."""
    for each in documents:
        yield NamedDocument(each.name.rsplit("/", 1)[-1], each.document)


def _places(identity: WantedIdentity) -> dict[tuple[str, int], tuple[Place, ...]]:
    found: dict[tuple[str, int], tuple[Place, ...]] = {}
    for origin in identity.origins:
        key = (origin.policy, origin.statement)
        found[key] = (*found.get(key, ()), origin.place)
    return found


def _remedies(request: Request, policies: Policies, partition: str) -> Iterator[tuple[str, ...]]:
    """Give entries of `allow:` that the engine says would allow the request, the easiest to read first."""
    for words in _candidates(request):
        lines = grant_lines(words)
        try:
            rules = meaning_of(grant_of(lines), "Allow", partition).rules
        except LeastkeyError:
            continue  # the form does not take this action or resource
        document = PolicyDocument(tuple(placed.statement for placed in statements_of(rules)))
        more = replace(policies, identity=(*policies.identity, NamedDocument("added", document)))
        if decide(request, more, explain=False).is_allowed:
            yield lines


def _candidates(request: Request) -> Iterator[str]:
    service, _, name = request.action.partition(":")
    level = service_catalog(service).actions[name.lower()].level
    place = "" if request.resource == "*" else f" on {request.resource}"
    if service == "s3" and place and level in _S3_LEVELS:
        bucket, slash, key = request.resource.split(":::", 1)[-1].partition("/")
        folder = key.rpartition("/")[0]
        prefix = f"{folder}/" if slash and folder else ""
        yield f"s3 {level} on s3://{bucket}/{prefix}"
    yield f"{request.action}{place}"
    yield request.action
