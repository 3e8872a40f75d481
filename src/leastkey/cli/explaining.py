"""A request put to the spec: the decision, the spec's lines behind each statement, and the line that would allow it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from leastkey.clock import SystemClock
from leastkey.compile.project import compile_project
from leastkey.errors import LeastkeyError
from leastkey.evaluate.asked import RequestError
from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import NamedDocument, Verdict
from leastkey.iam.arn import AccountId
from leastkey.iam.catalog import nearest, service_catalog, service_exists
from leastkey.spec.parse import parse_spec
from leastkey.spec.shorthand import grant_lines
from leastkey.verify.calls import Target
from leastkey.verify.judge import Judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leastkey.compile.wanted import WantedIdentity
    from leastkey.evaluate.request import Decision, Policies, Request
    from leastkey.spec.model import Place, Spec

__all__ = ["Answer", "asked_of", "explained"]

_ANY_ACCOUNT: Final = "111122223333"
"""Stands for the account where neither spec nor resource names one: both sides are in it."""
_S3_LEVELS: Final = frozenset({"list", "read", "write"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision with what the spec has to do with it.

    `places` are the spec's lines behind a statement (policy name, index), `remedy` the entry of `allow:` that would
    allow the request, `unread` AWS-managed policies nobody read.
    """

    identity: str
    request: Request
    decision: Decision
    places: Mapping[tuple[str, int], tuple[Place, ...]]
    remedy: tuple[str, ...]
    unread: tuple[str, ...]


def asked_of(context: tuple[str, ...]) -> dict[str, str]:
    """Read KEY=VALUE. Raises LeastkeyError."""
    found = {}
    for each in context:
        key, equals, value = each.partition("=")
        if not equals or not key:
            raise LeastkeyError(
                "usage", f"`{each}` is no KEY=VALUE", remedy="--context aws:SourceIp=203.0.113.7"
            )
        found[key] = value
    return found


def explained(spec: Spec, name: str, action: str, resource: str, context: Mapping[str, str]) -> Answer:
    """Ask the engine about one identity of a spec. Raises LeastkeyError."""
    action = _known(action)
    account = AccountId(spec.account or _account_of(resource) or _ANY_ACCOUNT)
    wanted = compile_project(spec, account, _partition_of(resource))
    identity = next(each for each in wanted.identities if each.name == name)
    judge = Judge(identity, wanted, {}, now=SystemClock().now(), is_secure=True)
    request = judge.request(Target(action, resource, None), context)
    policies = judge.policies(request)
    policies = replace(policies, identity=tuple(_renamed(policies.identity)))
    try:
        decision = decide(request, policies)
    except RequestError as error:
        raise LeastkeyError("usage", str(error)) from None
    remedy: tuple[str, ...] = ()
    if decision.verdict is Verdict.IMPLICITLY_DENIED and decision.decided_by == "identity":
        remedy = next(_remedies(request, policies), ())
    return Answer(name, request, decision, _places(identity), remedy, judge.unread)


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


def _remedies(request: Request, policies: Policies) -> Iterator[tuple[str, ...]]:
    """Give entries of `allow:` that the engine says would allow the request, the smallest first."""
    for words in _candidates(request):
        try:
            added = _compiled(words)
        except LeastkeyError:
            continue  # the form does not take this action or resource
        more = replace(policies, identity=(*policies.identity, *added))
        if decide(request, more, explain=False).is_allowed:
            yield grant_lines(words)


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


def _compiled(words: str) -> tuple[NamedDocument, ...]:
    lines = "".join(f"      {line}\n" for line in grant_lines(words))
    text = f"version: 1\nproject: x\nidentities:\n  x:\n    allow:\n{lines}    used-by: [user]\n"
    spec = parse_spec(text, "", lambda path: path)
    wanted = compile_project(spec, AccountId(_ANY_ACCOUNT), "aws")
    return tuple(NamedDocument(each.name, each.document) for each in wanted.identities[0].policies)
