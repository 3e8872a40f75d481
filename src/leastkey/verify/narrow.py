"""A session policy in the words of a grant, and the proof that it asks for nothing the role does not allow.

AWS gives a session what role and session policy both allow, so a session policy can only take away. What it names
beyond the role would be denied all the same, but in the middle of a job and without a word; it is refused before.
The engine is asked about every action on witnesses of every resource: each `*` once as nothing and once as a text that
is longer than any pattern of the role and made of a character that none of them holds.
Source: IAM User Guide, "Session policies"; STS API Reference, AssumeRole, parameter Policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product
from typing import TYPE_CHECKING, Final

from leastkey.compile.grants import meaning_of
from leastkey.compile.levels import matching
from leastkey.compile.policy import statements_of
from leastkey.errors import LeastkeyError
from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import NamedDocument, Policies
from leastkey.iam.document import PolicyDocument
from leastkey.iam.limits import SESSION_POLICY_CHARACTERS
from leastkey.spec.model import DocumentGrant, ManagedGrant
from leastkey.spec.shorthand import grant_lines
from leastkey.spec.trial import grant_of
from leastkey.verify.calls import Target
from leastkey.verify.judge import Judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from leastkey.compile.wanted import Wanted, WantedIdentity
    from leastkey.evaluate.request import Request
    from leastkey.iam.statement import Condition, Statement

__all__ = ["Narrowed", "narrowed"]

_FRESH: Final = "\ue000"
"""A character that no policy holds: AWS takes U+0020 to U+00FF."""
_MOST_QUESTIONS: Final = 20_000
_MOST_STARS: Final = 6
"""Of one pattern; each doubles the witnesses."""
_STARTED_NOT: Final = "nothing was started"
_BOUND: Final = frozenset(
    {"stringequals", "stringlike", "stringequalsignorecase", "arnequals", "arnlike", "bool"}
)
"""Operators whose values are witnesses of what they let through."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A session policy, and how many requests it allows the engine was asked about."""

    document: PolicyDocument
    asked: int


def narrowed(words: Sequence[str], identity: WantedIdentity, wanted: Wanted, now: datetime) -> Narrowed:
    """Give the session policy that grants say, proved to lie within the role's. Raises LeastkeyError."""
    document = _document(words, wanted.partition)
    judge = Judge(identity, wanted, {}, now=now, is_secure=True)
    if judge.unread:
        raise LeastkeyError(
            "not-narrower",
            f"what `{identity.name}` may do cannot be read here",
            why=f"the documents of {', '.join(judge.unread)} are AWS's own, and no part of the spec",
            state=_STARTED_NOT,
            remedy="grant what the script needs in the spec, instead of a managed policy",
        )
    asked = 0
    alone = Policies(identity=(NamedDocument("session", document),))
    for statement in document.statements:
        asked += _proved(statement, alone, judge, identity, _MOST_QUESTIONS - asked)
    return Narrowed(document, asked)


def _document(words: Sequence[str], partition: str) -> PolicyDocument:
    grants = [grant_of(grant_lines(each)) for each in words]
    if any(isinstance(grant, ManagedGrant | DocumentGrant) for grant in grants):
        raise LeastkeyError(
            "usage",
            "`--only` takes actions and levels, no policies",
            state=_STARTED_NOT,
            remedy='`leastkey run --only "s3 read on s3://acme-reports/nightly/" -- CMD`',
        )
    rules = [rule for grant in grants for rule in meaning_of(grant, "Allow", partition).rules]
    document = PolicyDocument(tuple(placed.statement for placed in statements_of(rules)))
    count = document.characters()
    if count > SESSION_POLICY_CHARACTERS:
        raise LeastkeyError(
            "too-large",
            f"the session policy has {count:,} characters, AWS takes {SESSION_POLICY_CHARACTERS:,}",
            state=_STARTED_NOT,
            remedy="name fewer actions or fewer places",
        )
    return document


def _proved(statement: Statement, alone: Policies, judge: Judge, identity: WantedIdentity, most: int) -> int:
    """Ask about every witness of a statement that the session policy allows; give how many there were."""
    # A text of the whole documents' length is longer than any pattern in them.
    longest = sum(policy.document.characters() for policy in identity.policies)
    asked = 0
    patterns = (*statement.resources, *(value for one in statement.conditions for value in one.values))
    if any(pattern.count("*") > _MOST_STARS for pattern in patterns):
        raise _unproved(statement, "it holds too many `*`")
    for target in islice(_witnesses(statement, longest), most + 1):
        request = judge.request(target)
        if not decide(request, alone, explain=False).is_allowed:
            continue
        asked += 1
        if not decide(request, judge.policies(request), explain=False).is_allowed:
            raise _wider(request, identity)
    if not asked:
        raise _unproved(statement, "no request is known that this part of `--only` allows")
    if asked > most:
        raise _unproved(statement, "there are too many cases")
    return asked


def _unproved(statement: Statement, why: str) -> LeastkeyError:
    return LeastkeyError(
        "not-narrower",
        f"it cannot be proved that {', '.join(statement.actions)} lies within the role",
        why=why,
        state=_STARTED_NOT,
        remedy="name actions and places one by one",
    )


def _witnesses(statement: Statement, longest: int) -> Iterator[Target]:
    anything = _FRESH * (longest + 1)
    actions = [name for pattern in statement.actions for name in _named(pattern)]
    resources = [each for pattern in statement.resources for each in _filled(pattern, anything)]
    contexts = list(_contexts(statement.conditions, anything))
    for action, resource, context in product(actions, resources, contexts):
        yield Target(action, resource, None, context=context)


def _named(pattern: str) -> list[str]:
    return [each.full_name for each in matching(pattern)] or [pattern]


def _filled(pattern: str, anything: str) -> Iterator[str]:
    """Give a pattern with each `*` as anything and as nothing, in every combination; `*` alone stands for itself."""
    if pattern == "*":
        yield pattern
        return
    first, *rest = pattern.replace("?", _FRESH).split("*")
    for fillings in product((anything, ""), repeat=len(rest)):
        yield first + "".join(filling + part for filling, part in zip(fillings, rest, strict=True))


def _contexts(conditions: tuple[Condition, ...], anything: str) -> Iterator[Mapping[str, str]]:
    """Give the contexts that meet the conditions. One of an operator without witnesses leaves its key out."""
    bound = [each for each in conditions if each.operator.lower() in _BOUND]
    choices = [[value for one in each.values for value in _filled(one, anything)] for each in bound]
    for values in product(*choices):
        yield {each.key: value for each, value in zip(bound, values, strict=True)}


def _wider(request: Request, identity: WantedIdentity) -> LeastkeyError:
    start, any_, _ = request.resource.partition(_FRESH)
    place = f"{start}*" if any_ else start
    where = "" if place == "*" else f" '{start}x'" if any_ else f" '{start}'"
    return LeastkeyError(
        "not-narrower",
        f"`--only` names what `{identity.name}` may not do: {request.action} on {place}",
        why="a session policy takes away, it never adds",
        state=_STARTED_NOT,
        remedy=f"what decides: `leastkey explain {identity.name} {request.action}{where}`",
    )
