"""The shapes of a trust policy that let more workloads in than one, where the caller shows a token of an issuer.

Each has a number, which the audit's rules bear too, and words of its own.
Source: IAM User Guide, "Identity-provider controls for shared OIDC providers", "String condition operators",
"Set operators for multivalued context keys"; GitHub Docs, "OpenID Connect reference".
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from leastkey.iam.issuers import WEB_IDENTITY, provider_host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.iam.document import PolicyDocument
    from leastkey.iam.statement import Condition, Statement

__all__ = ["WideShape", "names_no_ref", "wide_shapes"]

_SAID: Final = {
    5: "no condition on `sub`: any repository or subject of the issuer is let in",
    6: "no condition at all: any token of the issuer is let in",
    7: "`{0}` in the condition on `{1}` fits every token",
    8: "`{0}` in the condition on `{1}` fits every repository of the issuer",
    9: "`{0}` in the condition on `{1}` ends inside a name: owners that begin alike are let in",
    10: "`{0}` in the condition on `{1}` fits every ref: any branch and pull request is let in",
    11: "no condition on `aud`: tokens made for somebody else are taken",
    12: "ForAllValues on `{1}` also holds where a token lacks the claim",
    13: "...IfExists on `{1}` also holds where a token lacks the claim",
    14: "a wildcard in `{0}` is a plain sign under {2}: the condition on `{1}` never holds, and would be widened",
    15: "only the workflow's name is asked for, which anybody can choose",
}
_LIKES: Final = frozenset({"stringlike", "arnlike"})
_PREFIXES: Final = ("repo:", "project_path:")
_NARROW: Final = (":ref:", ":environment:", ":job_workflow_ref:", ":ref_path:")
_TELLING: Final = frozenset({"sub", "repository", "repository_id"})


@dataclass(frozen=True, slots=True)
class WideShape:
    """One way in which a trust policy is open: its number among the rules LK-TR, and what it is."""

    number: int
    what: str


def wide_shapes(trust: PolicyDocument) -> tuple[WideShape, ...]:
    """Give every open shape of the statements that let tokens in; none for a policy that names each workload in full."""
    found: dict[WideShape, None] = {}
    for statement in trust.statements:
        if statement.effect == "Allow" and _takes_tokens(statement) and statement.principal is not None:
            for host in map(provider_host, statement.principal.federated):
                if host:
                    found.update(dict.fromkeys(_of_statement(statement, host)))
    return tuple(found)


def _takes_tokens(statement: Statement) -> bool:
    if statement.not_actions:
        return True
    return any(fnmatchcase(WEB_IDENTITY.lower(), action.lower()) for action in statement.actions)


def _of_statement(statement: Statement, host: str) -> Iterator[WideShape]:
    if not statement.conditions:
        yield _shape(6)
        return
    asked: set[str] = set()
    for condition in statement.conditions:
        claim = _claim(condition, host)
        operator = condition.operator.lower()
        if claim and "not" not in operator and operator != "null":
            faults = tuple(_of_condition(condition, claim))
            yield from faults
            asked.add(claim)
    if not asked & _TELLING:
        yield _shape(15 if asked & {"workflow", "job_workflow_ref"} else 5)
    if "aud" not in asked:
        yield _shape(11)


def _claim(condition: Condition, host: str) -> str:
    """Give the claim of this issuer that a condition asks for, "" for another key."""
    key = condition.key.lower()
    return key.removeprefix(f"{host}:") if key.startswith(f"{host}:") else ""


def _of_condition(condition: Condition, claim: str) -> Iterator[WideShape]:
    operator = condition.operator.lower()
    if operator.startswith("forallvalues:"):
        yield _shape(12, "", claim)
    if operator.endswith("ifexists"):
        yield _shape(13, "", claim)
    plain = operator.rpartition(":")[2].removesuffix("ifexists")
    for value in condition.values:
        number = 7 if "${" in value else _openness(value)
        if number and plain not in _LIKES and number != 7:
            number = 14
        if not number and claim == "sub" and names_no_ref(value):
            number = 10
        if number:
            yield _shape(number, value, claim, condition.operator)


def _openness(value: str) -> int:
    """Say which open shape a value compared by pattern is, 0 for one that fits itself alone."""
    if not set(value) & set("*?"):
        return 0
    if not value.strip("*?"):
        return 7
    body = value.partition(":")[2] if value.startswith(_PREFIXES) else value
    path, _, rest = body.partition(":")
    if not path.strip("*?/"):
        return 8
    return 9 if set(path) & set("*?") or not rest else 10


def names_no_ref(subject: str) -> bool:
    """Say whether a subject of GitHub's or GitLab's names a repository and nothing in it, or its pull requests."""
    return subject.startswith(_PREFIXES) and not any(part in subject for part in _NARROW)


def _shape(number: int, *words: str) -> WideShape:
    return WideShape(number, _SAID[number].format(*words))
