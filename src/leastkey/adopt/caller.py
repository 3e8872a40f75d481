"""What a policy says about who asks. The role is somebody else than the user, so these parts must be settled first.

`${aws:username}` has one value for one user: the value is written in its place. A condition on the caller's name is
true or false for ever: where it is true it is dropped, where it is false its statement says nothing.
Source: IAM User Guide, "IAM policy elements: Variables and tags"; "AWS global condition context keys".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import NamedDocument, Policies, Principal, Request, Verdict
from leastkey.iam.document import PolicyDocument
from leastkey.iam.statement import Condition, Statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.adopt.existing import Existing

__all__ = ["ABOUT_SESSION", "Settled", "facts_of", "is_about_caller", "settle", "variables_about_caller"]

ABOUT_SESSION: Final = {
    "aws:multifactorauthpresent": "a key's own calls do not carry it, those of a role say `false`",
    "aws:multifactorauthage": "neither a key's own calls nor those of the role carry it",
    "aws:tokenissuetime": "a key's own calls do not carry it, those of a role do",
}
"""Keys that a user's key and a role's session answer in different ways, and how."""

_ABOUT_CALLER: Final = frozenset({"aws:username", "aws:userid", "aws:principalarn", "aws:principaltype"})
_TAG: Final = "aws:principaltag/"
_VARIABLE: Final = re.compile(r"\$\{([^{}',]+)(?:, '[^']*')?\}")
_TAKES_VARIABLES: Final = ("String", "Arn")
_SAFE: Final = re.compile(r"[^*?$:\u0100-\U0010ffff]+")
"""A value that a policy holds as plain text."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A statement without what only the old caller answers; None: it never applied. `notes` say what was done."""

    statement: Statement | None
    notes: tuple[str, ...] = ()


def is_about_caller(key: str) -> bool:
    """Say whether a condition key tells who asks and not what is asked."""
    key = key.lower()
    return key in _ABOUT_CALLER or key in ABOUT_SESSION or key.startswith(_TAG)


def variables_about_caller(statement: Statement, version: str) -> tuple[str, ...]:
    """Give the variables of a statement that the role fills in otherwise. Before version 2012-10-17 there are none."""
    if version != "2012-10-17":
        return ()
    values = (value for condition in statement.conditions for value in condition.values)
    texts = (*statement.resources, *statement.not_resources, *values)
    names = {found[1].strip() for text in texts for found in _VARIABLE.finditer(text)}
    return tuple(sorted(name for name in names if is_about_caller(name)))


def facts_of(existing: Existing) -> Mapping[str, str]:
    """Give what stays the same whenever this user or role asks, by lower-case condition key.

    A role's tags are not among it: whoever wears the role may pass others.
    """
    facts = {"aws:principalarn": str(existing.arn)}
    if existing.kind == "user":
        facts |= {
            "aws:username": existing.name,
            "aws:userid": existing.unique_id,
            "aws:principaltype": "User",
        }
        facts |= {f"{_TAG}{key.lower()}": value for key, value in existing.tags.items()}
    return facts


def settle(statement: Statement, version: str, existing: Existing) -> Settled:
    """Settle one statement. Before version 2012-10-17 there are no variables."""
    facts = facts_of(existing)
    notes: list[str] = []
    if version == "2012-10-17":
        written = _written(statement, facts)
        if written != statement:
            notes.append(f"variables about the caller were written out for `{existing.name}`")
        statement = written
    kept: list[Condition] = []
    for condition in statement.conditions:
        holds = _answer(condition, statement, facts, existing)
        if holds is None:
            kept.append(condition)
            continue
        words = f"{condition.operator} {condition.key}"
        if not holds:
            return Settled(None, (*notes, f"its condition {words} never holds for `{existing.name}`"))
        notes.append(f"the condition {words} always holds for `{existing.name}` and was dropped")
    return Settled(replace(statement, conditions=tuple(kept)), tuple(notes))


def _written(statement: Statement, facts: Mapping[str, str]) -> Statement:
    return replace(
        statement,
        resources=_texts(statement.resources, facts),
        not_resources=_texts(statement.not_resources, facts),
        conditions=tuple(
            replace(condition, values=_texts(condition.values, facts))
            if any(family in condition.operator for family in _TAKES_VARIABLES)
            else condition
            for condition in statement.conditions
        ),
    )


def _texts(texts: tuple[str, ...], facts: Mapping[str, str]) -> tuple[str, ...]:
    def value(found: re.Match[str]) -> str:
        known = facts.get(found[1].strip().lower(), "")
        return known if _SAFE.fullmatch(known) else found[0]

    return tuple(_VARIABLE.sub(value, text) for text in texts)


def _answer(
    condition: Condition, statement: Statement, facts: Mapping[str, str], existing: Existing
) -> bool | None:
    """Say whether a condition holds for the old caller, or None where that hangs on the request."""
    if condition.key.lower() not in facts or any("${" in value for value in condition.values):
        return None
    alone = Statement(
        effect=statement.effect, actions=("sts:AssumeRole",), resources=("*",), conditions=(condition,)
    )
    request = Request(
        action="sts:AssumeRole",
        resource="*",
        principal=Principal(existing.kind, str(existing.arn), existing.account),
        resource_account=existing.account,
        context=facts,
    )
    policies = Policies(identity=(NamedDocument("one", PolicyDocument((alone,))),))
    return decide(request, policies, explain=False).verdict is not Verdict.IMPLICITLY_DENIED
