"""The proof: the old policies and those the written spec compiles to, asked the same questions by our own engine.

AWS's own policies stand on both sides as they are, so they are compared by name. Each side is asked as the caller it
will be: the user with its key before, the role's session after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from leastkey.adopt.caller import facts_of, is_about_caller
from leastkey.adopt.questions import Question, questions
from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import NamedDocument, Policies, Principal, Request
from leastkey.iam.arn import session_arn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.adopt.existing import Existing
    from leastkey.compile.wanted import WantedIdentity

__all__ = ["Comparison", "Difference", "compare"]

_SHOWN: Final = 20
_SESSION: Final = {"aws:multifactorauthpresent": "false", "aws:tokenissuetime": "2098-01-01T00:00:00Z"}
"""What a session of a role worn with a key carries, and the key itself does not."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One question the two sides answer in different ways; `wider`: the new one allows it."""

    question: Question
    direction: Literal["wider", "narrower"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome. `differences` holds the first few of `wider` and `narrower`, wider ones first."""

    asked: int
    allowed: int
    wider: int
    narrower: int
    differences: tuple[Difference, ...]
    managed_as_before: bool

    @property
    def is_same(self) -> bool:
        """Say whether every answer was the same."""
        return not self.wider and not self.narrower and self.managed_as_before


@dataclass(frozen=True, slots=True)
class _Side:
    principal: Principal
    policies: Policies
    facts: Mapping[str, str]
    hides: frozenset[str]

    def allows(self, question: Question, account: str) -> bool:
        context = {
            key: value
            for key, value in question.context
            if key not in self.hides and not key.startswith("aws:principaltag/")
        }
        request = Request(
            question.action, question.resource, self.principal, account, {**context, **self.facts}
        )
        return decide(request, self.policies, explain=False).is_allowed


def compare(existing: Existing, wanted: WantedIdentity) -> Comparison:
    """Ask both sides everything their documents speak about."""
    old, new = _old(existing), _new(existing, wanted)
    documents = [
        each.document for side in (old, new) for each in (*side.policies.identity, *side.policies.boundaries)
    ]
    asked = questions(documents, old.facts)
    found: list[Difference] = []
    allowed = 0
    for question in asked:
        before, after = old.allows(question, existing.account), new.allows(question, existing.account)
        allowed += before
        if before != after:
            found.append(Difference(question, "wider" if after else "narrower"))
    found.sort(key=lambda one: one.direction != "wider")
    wider = sum(one.direction == "wider" for one in found)
    return Comparison(
        asked=len(asked),
        allowed=allowed,
        wider=wider,
        narrower=len(found) - wider,
        differences=tuple(found[:_SHOWN]),
        managed_as_before=_managed(existing, wanted),
    )


def _managed(existing: Existing, wanted: WantedIdentity) -> bool:
    old = {str(policy.arn) for policy in existing.policies if policy.kind == "aws"}
    new = {str(arn) for arn in wanted.role.attached if arn.account == "aws"}
    ceiling = existing.boundary
    old_ceiling = str(ceiling.arn) if ceiling is not None and ceiling.kind == "aws" else ""
    new_ceiling = str(wanted.role.boundary) if wanted.role.boundary and wanted.boundary is None else ""
    return (old, old_ceiling) == (new, new_ceiling)


def _old(existing: Existing) -> _Side:
    facts = dict(facts_of(existing))
    if existing.kind == "role":
        facts |= {f"aws:principaltag/{key.lower()}": value for key, value in existing.tags.items()}
        principal = _session(existing, existing.name, str(existing.arn))
    else:
        principal = Principal("user", str(existing.arn), existing.account)
    boundary = existing.boundary
    policies = Policies(
        identity=tuple(
            NamedDocument(each.label, each.document)
            for each in existing.policies
            if each.document is not None
        ),
        boundaries=(NamedDocument(boundary.label, boundary.document),)
        if boundary is not None and boundary.document is not None
        else (),
    )
    return _Side(principal, policies, facts, _hidden(existing))


def _new(existing: Existing, wanted: WantedIdentity) -> _Side:
    role = wanted.role
    facts = {"aws:principalarn": str(role.arn)}
    facts |= {f"aws:principaltag/{key.lower()}": value for key, value in role.tags}
    if existing.kind == "user":
        facts |= {"aws:principaltype": "AssumedRole", "aws:userid": "AROAANYROLE:session", **_SESSION}
    policies = Policies(
        identity=tuple(NamedDocument(each.name, each.document) for each in wanted.policies),
        boundaries=()
        if wanted.boundary is None
        else (NamedDocument(wanted.boundary.name, wanted.boundary.document),),
    )
    return _Side(_session(existing, role.name, str(role.arn)), policies, facts, _hidden(existing))


def _session(existing: Existing, role: str, role_arn: str) -> Principal:
    arn = session_arn(existing.arn.partition, existing.account, role, "session")
    return Principal("session", str(arn), existing.account, role_arn)


def _hidden(existing: Existing) -> frozenset[str]:
    """Give the keys that no question sets: each side brings its own, or has none."""
    keys = {"aws:username", "aws:userid", "aws:principalarn", "aws:principaltype"}
    if existing.kind == "user":
        keys |= {"aws:multifactorauthpresent", "aws:multifactorauthage", "aws:tokenissuetime"}
    return frozenset(key for key in keys if is_about_caller(key))
