"""The first judge: our engine over the documents the role has, with the context that a real call would carry.

What the engine cannot know (a managed policy nobody read, a condition on a key only AWS fills in, semantics that are
not documented) is never guessed: the judgement is then open, and AWS alone judges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from leastkey.evaluate.context import fill, without
from leastkey.evaluate.context_keys import CallFacts, absence, global_key
from leastkey.evaluate.context_values import global_region
from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import NamedDocument, Policies, Principal, Request, Verdict
from leastkey.iam.arn import root_arn, session_arn
from leastkey.iam.document import PolicyDocument
from leastkey.iam.statement import Principals, Statement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from leastkey.compile.wanted import Wanted, WantedIdentity
    from leastkey.evaluate.context import Filled
    from leastkey.iam.statement import Effect
    from leastkey.verify.calls import Target

__all__ = ["Judge", "Judgement"]

_OF_NO_PROBE: Final = frozenset(
    {"iam:permissionsboundary", "s3:delimiter", "s3:prefix", "s3:versionid", "sts:externalid"}
)
_FAMILY_OF_NO_PROBE: Final = "s3:x-amz-"
"""Parameters that a probe's call does not have."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the engine says: `allow`, `deny` or None where it cannot know; `text` is how a report shows it."""

    verdict: Literal["allow", "deny"] | None
    text: str


class Judge:
    """Judges targets for one identity."""

    def __init__(
        self,
        identity: WantedIdentity,
        wanted: Wanted,
        managed: Mapping[str, PolicyDocument],
        *,
        now: datetime,
        is_secure: bool,
    ) -> None:
        self._wanted = wanted
        self._role = identity.role
        known = {str(policy.arn): policy.document for policy in identity.policies}
        if identity.boundary is not None:
            known[str(identity.boundary.arn)] = identity.boundary.document
        self._documents = {**managed, **known}
        role, boundary = identity.role, identity.role.boundary
        self.unread = tuple(
            arn.name
            for arn in (*role.attached, *(() if boundary is None else (boundary,)))
            if str(arn) not in self._documents
        )
        self._identity = tuple(self._named(str(arn)) for arn in role.attached if str(arn) in self._documents)
        self._boundaries = (
            () if boundary is None or str(boundary) not in self._documents else (self._named(str(boundary)),)
        )
        self._facts = CallFacts(
            now=now,
            is_secure=is_secure,
            referer="",
            via=(),
            is_temporary=True,
            mfa=False,
            source_identity="",
            federated_provider="",
            principal_tags=dict(identity.role.tags),
            request_tags={},
        )

    def document(self, arn: str) -> PolicyDocument | None:
        """Give the document of a policy, or None when nobody read it."""
        return self._documents.get(arn)

    def request(self, target: Target, assumed: Mapping[str, str] | None = None) -> Request:
        """Give the request that the engine is asked. An assumed value of "" takes a key away."""
        return self.filled(target, assumed).request

    def filled(self, target: Target, assumed: Mapping[str, str] | None = None) -> Filled:
        """Give the request with what was filled in of its context, and what could not be known of it."""
        wanted, assumed = self._wanted, assumed or {}
        session = session_arn(wanted.partition, wanted.account, self._role.name, "leastkey")
        taken = {key.lower() for key in assumed}
        stated = {key: value for key, value in target.context.items() if key.lower() not in taken}
        asked = Request(
            target.action,
            target.resource,
            Principal("session", str(session), wanted.account, str(self._role.arn)),
            wanted.account,
            stated | {key: value for key, value in assumed.items() if value},
        )
        region = global_region(target.action.partition(":")[0], wanted.partition) or wanted.region
        found = fill(asked, replace(self._facts, region=region), self.policies(asked))
        return without(found, {key.lower() for key, value in assumed.items() if not value})

    def judge(self, target: Target, assumed: Mapping[str, str] | None = None) -> Judgement:
        """Judge one target, with keys assumed that no harmless call can carry."""
        request = self.request(target, assumed)
        known = frozenset(key.lower() for key in request.context) | frozenset(
            key.lower() for key in assumed or {}
        )
        least = self._allows(request, known, kept="Deny")
        most = self._allows(request, known, kept="Allow")
        if least != most:
            return Judgement(None, "open")
        if least:
            return Judgement(None, "not judged") if self.unread else Judgement("allow", "allow")
        if self.unread and not self._forbids(request, known):
            return Judgement(None, "not judged")
        return Judgement("deny", "deny")

    def _allows(self, request: Request, known: frozenset[str], *, kept: Effect) -> bool:
        """Decide with every open condition met for one effect and not met for the other.

        A verdict that rests on what AWS does not document is open too.
        """
        decision = decide(request, self._policies(request, known, kept))
        return kept == "Allow" if decision.undocumented else decision.is_allowed

    def policies(self, request: Request) -> Policies:
        """Give all that bears on a request, as far as it was read."""
        return Policies(
            identity=self._identity,
            boundaries=self._boundaries,
            resource=self._delegating() if _is_delegated(request.action) else None,
        )

    def forbids(self, target: Target) -> bool:
        """Say whether an explicit deny meets a target for certain."""
        request = self.request(target)
        return self._forbids(request, frozenset(key.lower() for key in request.context))

    def _forbids(self, request: Request, known: frozenset[str]) -> bool:
        decision = decide(request, self._policies(request, known, "Allow"), explain=False)
        return decision.verdict is Verdict.EXPLICITLY_DENIED

    def _policies(self, request: Request, known: frozenset[str], kept: Effect) -> Policies:
        return Policies(
            identity=tuple(self._settled(named, known, kept) for named in self._identity),
            boundaries=tuple(self._settled(named, known, kept) for named in self._boundaries),
            resource=self._delegating() if _is_delegated(request.action) else None,
        )

    def _is_open(self, key: str, known: frozenset[str]) -> bool:
        """Say whether only AWS knows the value of a condition key."""
        folded = key.lower()
        if folded in known or folded in _OF_NO_PROBE or folded.startswith(_FAMILY_OF_NO_PROBE):
            return False
        listed = global_key(key)
        return listed is None or not absence(listed, "session", self._facts)

    def _settled(self, named: NamedDocument, known: frozenset[str], kept: Effect) -> NamedDocument:
        """Take the open conditions off the statements of one effect, and the other effect's statements that have any out."""
        if not any(
            self._is_open(c.key, known)
            for statement in named.document.statements
            for c in statement.conditions
        ):
            return named
        statements: list[Statement] = []
        for statement in named.document.statements:
            closed = tuple(c for c in statement.conditions if not self._is_open(c.key, known))
            if len(closed) == len(statement.conditions):
                statements.append(statement)
            elif statement.effect == kept:
                statements.append(replace(statement, conditions=closed))
        return replace(named, document=replace(named.document, statements=tuple(statements)))

    def _delegating(self) -> NamedDocument:
        """Give the policy of a key or role that leaves the decision to the account's own policies."""
        account = str(root_arn(self._wanted.partition, self._wanted.account))
        statement = Statement("Allow", actions=("*",), principal=Principals(aws=(account,)))
        return NamedDocument("delegating", PolicyDocument((statement,)))

    def _named(self, arn: str) -> NamedDocument:
        return NamedDocument(arn, self._documents[arn])


def _is_delegated(action: str) -> bool:
    """Say whether nothing is allowed without the resource's own policy, which nobody read."""
    return action == "sts:AssumeRole" or action.startswith("kms:")
