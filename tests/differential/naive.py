"""A second evaluator, deliberately naive: written from AWS's prose alone, nothing shared with the engine but the values.

It knows identity, resource, boundary and session policies, and none of the contested semantics.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.evaluate.request import Policies, Principal, Request
    from leastkey.iam.document import PolicyDocument
    from leastkey.iam.statement import Condition, Principals, Statement

Context = dict[str, str | tuple[str, ...]]


def verdict(request: Request, policies: Policies) -> str:
    context: Context = {key.lower(): value for key, value in request.context.items()}
    who = request.principal
    own = who.type in ("user", "session")
    layers: list[list[PolicyDocument]] = [[named.document] for named in policies.boundaries] if own else []
    identity = [named.document for named in policies.identity] if own else []
    session = [named.document for named in policies.sessions] if own else []
    resource = [policies.resource.document] if policies.resource else []
    everything = [*identity, *session, *resource, *(document for layer in layers for document in layer)]
    if any(matching(document, "Deny", request, context) for document in everything):
        return "ExplicitlyDenied"

    def allows(documents: list[PolicyDocument]) -> bool:
        return any(matching(document, "Allow", request, context) for document in documents)

    grants = [
        how(statement.principal, who)
        for document in resource
        for statement in matching(document, "Allow", request, context)
        if statement.principal is not None
    ]
    identity_allows = allows(identity)
    boundary_allows = all(allows(layer) for layer in layers)
    session_allows = not session or allows(session)
    own_side = identity_allows and boundary_allows and session_allows
    if who.type in ("service", "anonymous"):
        allowed = bool(grants)
    elif who.type == "root" and who.account == request.resource_account:
        allowed = True
    elif who.account != request.resource_account:
        allowed = bool(grants) and own_side
    else:
        allowed = (
            own_side or "directly" in grants or ("as role" in grants and boundary_allows and session_allows)
        )
    return "Allowed" if allowed else "ImplicitlyDenied"


def matching(document: PolicyDocument, effect: str, request: Request, context: Context) -> list[Statement]:
    return [
        statement
        for statement in document.statements
        if statement.effect == effect
        and matches(statement, request, context, modern=document.version == "2012-10-17")
    ]


def matches(statement: Statement, request: Request, context: Context, *, modern: bool) -> bool:
    if statement.principal is not None and not how(statement.principal, request.principal):
        return False
    action = request.action.lower()
    if statement.actions and not any(like(action, pattern.lower()) for pattern in statement.actions):
        return False
    if statement.not_actions and any(like(action, pattern.lower()) for pattern in statement.not_actions):
        return False
    if statement.resources and not any(
        arn_like(request.resource, pattern, context, modern=modern) for pattern in statement.resources
    ):
        return False
    if statement.not_resources and any(
        arn_like(request.resource, pattern, context, modern=modern) for pattern in statement.not_resources
    ):
        return False
    return all(holds(condition, context, modern=modern) for condition in statement.conditions)


def how(principals: Principals, who: Principal) -> str:
    if principals.anyone:
        return "directly"
    if who.type == "service":
        return "directly" if who.arn in principals.service else ""
    if who.type == "anonymous":
        return ""
    if who.arn in principals.aws and who.type != "root":
        return "directly"
    role = f"arn:aws:iam::{who.account}:role/{who.arn.split('/')[1]}" if who.type == "session" else "none"
    if role in principals.aws:
        return "as role"
    if who.account in principals.aws or f"arn:aws:iam::{who.account}:root" in principals.aws:
        return "by account"
    return ""


def like(text: str, pattern: str) -> bool:
    regex = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(regex, text, re.DOTALL) is not None


def filled(pattern: str, context: Context, *, modern: bool) -> str | None:
    """Put values in; a substituted star would be a wildcard here, so the world of the test has none."""
    if not modern:
        return pattern
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        key, _, default = match[1].partition(", ")
        found = context.get(key.lower(), default.strip("'") or None)
        missing = missing or not isinstance(found, str)
        return found if isinstance(found, str) else ""

    text = re.sub(r"\$\{([^}]*)\}", value, pattern)
    return None if missing else text


def arn_like(arn: str, pattern: str, context: Context, *, modern: bool) -> bool:
    if pattern == "*":
        return True
    text = filled(pattern, context, modern=modern)
    if text is None or arn == "*":
        return False
    return arn_parts_like(arn, text)


def arn_parts_like(arn: str, pattern: str) -> bool:
    asked, wanted = arn.split(":", 5), pattern.split(":", 5)
    return len(asked) == len(wanted) == 6 and all(like(a, w) for a, w in zip(asked, wanted, strict=True))


def holds(condition: Condition, context: Context, *, modern: bool) -> bool:
    operator, quantifier = condition.operator, ""
    if ":" in operator:
        quantifier, operator = operator.split(":")
    value = context.get(condition.key.lower())
    if operator == "Null":
        return any((value is None) == (wanted.lower() == "true") for wanted in condition.values)
    if_exists = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    negated = "Not" in operator
    if value is None:
        if if_exists or quantifier == "ForAllValues":
            return True
        return negated and quantifier == ""
    test = TESTS[operator.replace("Not", "")]

    def one(asked: str) -> bool:
        wanted = condition.values
        if operator.startswith(("String", "Arn")):
            wanted = tuple(
                text for text in (filled(each, context, modern=modern) for each in wanted) if text is not None
            )
        return any(test(asked, each) for each in wanted) is not negated

    if isinstance(value, str):
        return one(value)
    return all(map(one, value)) if quantifier == "ForAllValues" else any(map(one, value))


def when(text: str) -> float:
    if text.isdigit():
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def in_network(asked: str, wanted: str) -> bool:
    return ipaddress.ip_address(asked) in ipaddress.ip_network(wanted)


TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda asked, wanted: asked == wanted,
    "StringEqualsIgnoreCase": lambda asked, wanted: asked.lower() == wanted.lower(),
    "StringLike": like,
    "NumericEquals": lambda asked, wanted: float(asked) == float(wanted),
    "NumericLessThan": lambda asked, wanted: float(asked) < float(wanted),
    "NumericLessThanEquals": lambda asked, wanted: float(asked) <= float(wanted),
    "NumericGreaterThan": lambda asked, wanted: float(asked) > float(wanted),
    "NumericGreaterThanEquals": lambda asked, wanted: float(asked) >= float(wanted),
    "DateEquals": lambda asked, wanted: when(asked) == when(wanted),
    "DateLessThan": lambda asked, wanted: when(asked) < when(wanted),
    "DateLessThanEquals": lambda asked, wanted: when(asked) <= when(wanted),
    "DateGreaterThan": lambda asked, wanted: when(asked) > when(wanted),
    "DateGreaterThanEquals": lambda asked, wanted: when(asked) >= when(wanted),
    "IpAddress": in_network,
    "Bool": lambda asked, wanted: asked.lower() == wanted.lower(),
    "ArnEquals": arn_parts_like,
    "ArnLike": arn_parts_like,
}
