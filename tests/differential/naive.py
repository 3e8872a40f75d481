"""How AWS decides, read from its prose a second time: plain loops over one case, sharing nothing with the engine.

Read for it: IAM User Guide, "Policy evaluation logic", "IAM JSON policy elements reference"; Organizations User Guide, "SCP evaluation",
"Resource control policies"; KMS Developer Guide, "Key policies". Where AWS does not say, the answer here means nothing.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Object = dict[str, Any]
VARIABLE = re.compile(r"\$\{([*?$]|[^{}',*?$]+(?:, '[^']*')?)\}")
NEED_NO_PERMISSION = ("sts:getcalleridentity", "sts:getsessiontoken")
NO_POLICIES = ("service", "federated", "anonymous")
HAVE_IDENTITY = ("user", "role", "session", "feduser")
RCP_ACTIONS = re.compile("(s3|sts|kms|sqs|secretsmanager):(?!retiregrant$)")  # among those asked for


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@cache
def matches(expression: str, text: str) -> bool:
    return re.fullmatch(expression, text, re.DOTALL) is not None


def wildcards(text: str) -> str:
    """Write a pattern as a regular expression: `*` is any text, `?` any one character, all else itself."""
    return re.escape(text).replace(r"\*", ".*").replace(r"\?", ".")


def like(pattern: str, text: str) -> bool:
    return matches(wildcards(pattern), text)


def substituted(text: str, version: str, context: Object, *, wild: bool) -> str | None:
    """Write a policy's text as a regular expression, variables as plain text; None when one of them has no value."""
    write, result, end = wildcards if wild else re.escape, "", 0
    for variable in VARIABLE.finditer(text) if version == "2012-10-17" else ():
        key, _, default = variable[1].partition(", ")
        value = key if key in ("*", "?", "$") else context.get(key.strip().lower(), default[1:-1] or None)
        if not isinstance(value, str):  # absent, or a key of many values, which cannot be a variable
            return None
        result += write(text[end : variable.start()]) + re.escape(value)
        end = variable.end()
    return result + write(text[end:])


def arn_matches(pattern: str | None, arn: str) -> bool:
    """Compare the six parts of two ARNs one by one; the pattern is a regular expression, where a colon is a colon."""
    patterns, parts = (pattern or "").split(":", 5), arn.split(":", 5)
    return len(patterns) == len(parts) == 6 and all(map(matches, patterns, parts))


def seconds(text: str) -> Decimal:
    """Read epoch time, or one of the W3C forms: a year, a month, a day, a time with its zone."""
    if re.fullmatch(r"-?\d+(\.\d+)?", text) and len(text) != 4:
        return Decimal(text)
    when = datetime.fromisoformat(text + "0000-01-01"[len(text) :])
    return Decimal(str((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()))


def meets(name: str, asked: str, wanted: str, version: str, context: Object) -> bool:
    """Tell whether one value of the request meets one value of the policy, the operator's "Not" left aside."""
    if name.startswith(("Numeric", "Date")):
        one, other = map(Decimal if name.startswith("Numeric") else seconds, (asked, wanted))
        order = {"Equals": one == other, "LessThan": one < other, "GreaterThan": one > other}
        return any(met for part, met in order.items() if part in name)
    if name == "Bool":
        return asked.lower() == wanted.lower() and asked.lower() in ("true", "false")
    if name == "BinaryEquals":
        return asked in (wanted, base64.b64decode(wanted).decode(errors="replace"))  # in base64, or as it is
    if name.endswith("IpAddress"):
        address, network = ipaddress.ip_address(asked), ipaddress.ip_network(wanted, strict=False)
        return address.version == network.version and address in network
    text = substituted(wanted, version, context, wild=name.endswith("Like") or name.startswith("Arn"))
    if name.startswith("Arn"):
        return arn_matches(text, asked) or wanted == "*"
    if name.endswith("IgnoreCase"):
        text, asked = text and text.lower(), asked.lower()
    return text is not None and matches(text, asked)


def holds(*given: Any) -> bool:
    try:
        return meets(*given)
    except (ValueError, ArithmeticError):  # no number, date, address or base64: AWS does not say
        return False


def condition_holds(written: str, key: str, wanted: Any, version: str, context: Object) -> bool:
    quantifier, _, name = written.removesuffix("IfExists").rpartition(":")
    values = [str(each).lower() if isinstance(each, bool) else str(each) for each in listed(wanted)]
    asked, negated = context.get(key.lower()), "Not" in name
    if name == "Null":
        return any((asked is None) == (value.lower() == "true") for value in values)
    if asked is None:
        return written.endswith("IfExists") or quantifier == "ForAllValues" or (negated and not quantifier)
    met = [any(holds(name, each, value, version, context) for value in values) for each in listed(asked)]
    return (all if quantifier == "ForAllValues" else any)(each != negated for each in met)


def behind(arn: str) -> str:
    """Give the role or user whose session it is. Paths are left out: a session's ARN has none."""
    arn = re.sub("sts::(.*):assumed-role/(.*)/.*", r"iam::\1:role/\2", arn)
    arn = re.sub("sts::(.*):federated-user/", r"iam::\1:user/", arn)
    return re.sub(":(role|user)/.*/", r":\1/", arn)


def naming(kind: str, entry: str, who: Object) -> str | None:
    """Say whom an entry names: the caller (or everyone), the user or role behind its session, its account, or another."""
    if kind in ("Service", "Federated"):
        return "caller" if (kind.lower(), entry) == (who["type"], who["arn"]) else None
    if entry == "*" or (entry == who["arn"] and who["type"] in ("user", "session", "feduser")):
        return "caller"
    if entry in (who["account"], f"arn:aws:iam::{who['account']}:root") and who["type"] not in NO_POLICIES:
        return "account"
    session = who["type"] in ("role", "session", "feduser") and ":sts:" not in entry
    return "behind" if session and behind(entry) == behind(who["arn"]) else None


def namings(element: Any, who: Object) -> set[str]:
    entries = {"AWS": element} if isinstance(element, str) else element
    found = {naming(kind, entry, who) for kind, values in entries.items() for entry in listed(values)}
    return {each for each in found if each}


def spared(element: Any, case: Object) -> bool:
    """Tell whether a NotPrincipal spares the caller: it must list each of these, and no permissions boundary may be set."""
    who = case["request"]["principal"]
    needed = {"account"} if who["type"] not in NO_POLICIES else set()
    needed |= {"behind"} if who["type"] in ("role", "session") else set()
    needed |= {"caller"} if who["type"] not in ("role", "root") else set()
    limited = who["type"] in HAVE_IDENTITY and case.get("permission_boundaries")
    everyone = element == "*" or "*" in listed(element.get("AWS"))
    return (everyone or needed <= namings(element, who)) and not limited


def principal_matches(statement: Object, case: Object) -> bool:
    if "NotPrincipal" in statement:  # AWS supports no Allow with it
        return statement["Effect"] == "Deny" and not spared(statement["NotPrincipal"], case)
    return "Principal" not in statement or bool(namings(statement["Principal"], case["request"]["principal"]))


def resource_matches(pattern: str, arn: str, version: str, context: Object) -> bool:
    """Compare one pattern, in which variables stand only after the fifth colon."""
    *first, last = pattern.split(":", 5)
    end = substituted(last, version, context, wild=True)
    return pattern == "*" or (end is not None and arn_matches(":".join([*map(wildcards, first), end]), arn))


def element_matches(statement: Object, name: str, test: Callable[[str], bool]) -> bool:
    """Action wants a pattern that matches, NotAction none; a statement with neither (trust: Resource) limits nothing."""
    if name in statement:
        return any(map(test, listed(statement[name])))
    return not any(map(test, listed(statement.get(f"Not{name}", []))))


def applies(statement: Object, version: str, case: Object) -> bool:
    """Tell whether every element of the statement matches, every operator of its Condition and every key under each."""
    request = case["request"]
    action, arn, context = request["action"].lower(), request["resource"]["arn"], request["context"]
    arn = "arn:aws:s3:::*" if arn == "*" and action.startswith("s3:") else arn  # AWS lists all buckets by it
    return (
        principal_matches(statement, case)
        and element_matches(statement, "Action", lambda each: like(each.lower(), action))
        and element_matches(statement, "Resource", lambda each: resource_matches(each, arn, version, context))
        and all(
            condition_holds(operator, key, wanted, version, context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def applying(effect: str, documents: list[Object], case: Object) -> list[Object]:
    return [
        statement
        for document in documents
        for statement in listed(document["Statement"])
        if statement["Effect"] == effect and applies(statement, document.get("Version", "2008-10-17"), case)
    ]


def binding(case: Object) -> dict[str, list[list[Object]]]:
    """Give the documents that bind this caller: the levels of every layer, of which only SCPs and RCPs have several."""
    who, action = case["request"]["principal"], case["request"]["action"].lower()
    own = who["type"] in HAVE_IDENTITY
    linked = ":role/aws-service-role/" in (who["arn"] or "")
    identity = [policy["document"] for policy in case.get("identity_policies", [])]
    layers: dict[str, list[Any]] = {
        "identity": [identity if own else []],
        "boundary": [case.get("permission_boundaries") if own else []],
        "session": [case.get("session_policies") if own else []],
        "resource": [listed(case.get("resource_policy") or [])],
        "endpoint": [case.get("vpc_endpoint_policies")],
        "scps": case.get("scps", []) if (own or who["type"] == "root") and not linked else [],
        "rcps": case.get("rcps", []) if RCP_ACTIONS.match(action) and not linked else [],
    }
    return {name: [each for each in levels if each or name == "scps"] for name, levels in layers.items()}


def allow(levels: list[list[Object]], case: Object) -> bool:
    return all(applying("Allow", level, case) for level in levels)


def granted(case: Object, layers: dict[str, list[list[Object]]]) -> bool:
    """Tell whether every layer that must allow does, where none denies."""
    who, asked, action = (case["request"][part] for part in ("principal", "resource", "action"))
    if not (allow(layers["scps"], case) and allow(layers["endpoint"], case)):
        return False
    statements = [each for level in layers["resource"] for each in applying("Allow", level, case)]
    named = {each for statement in statements for each in namings(statement["Principal"], who)}
    if who["type"] in NO_POLICIES:
        return bool(named)
    same_account = who["account"] == asked["account"]
    key_or_trust = re.match("kms:.* arn:.*:key/|sts:.* arn:.*:role/", f"{action.lower()} {asked['arn']}")
    if (key_or_trust or not same_account) and not named:
        return False
    if who["type"] == "root" or (same_account and "caller" in named):
        return (who["type"], action.lower()) != ("root", "sts:assumerole")  # root users switch to no role
    by_identity = layers["identity"] and allow(layers["identity"], case)
    within = allow(layers["boundary"], case) and allow(layers["session"], case)
    if who["type"] == "feduser" and not layers["session"]:  # only what names his session grants
        return False
    return bool(by_identity or (same_account and "behind" in named)) and within


def verdict(case: Object) -> str:
    """Decide one case: "Allowed", "ImplicitlyDenied" or "ExplicitlyDenied"."""
    if case["request"]["action"].lower() in NEED_NO_PERMISSION:
        return "Allowed"
    context = {key.lower(): value for key, value in case["request"]["context"].items() if value != []}
    case = {**case, "request": {**case["request"], "context": context}}
    layers = binding(case)
    if any(applying("Deny", level, case) for levels in layers.values() for level in levels):
        return "ExplicitlyDenied"
    return "Allowed" if granted(case, layers) else "ImplicitlyDenied"
