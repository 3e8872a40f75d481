"""Small policies and requests drawn from one narrow world, so that patterns and values often meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from leastkey.evaluate.request import NamedDocument, Policies, Principal, PrincipalType, Request
from leastkey.iam.document import DocumentKind, PolicyDocument, parse_document

if TYPE_CHECKING:
    from collections.abc import Sequence

ACCOUNT, OTHER = "111122223333", "444455556666"
ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:ListBucket", "ec2:DescribeRegions", "iam:CreateUser")
ACTION_PATTERNS = (*ACTIONS, "*", "s3:*", "s3:get*", "S3:?utObject", "ec2:Describe*", "*:List*", "iam:*User")
RESOURCES = (
    "*",
    "arn:aws:s3:::a",
    "arn:aws:s3:::a/x",
    "arn:aws:s3:::a/alice/x",
    "arn:aws:s3:::b/x",
    f"arn:aws:iam::{ACCOUNT}:user/x",
)
RESOURCE_PATTERNS = (
    *RESOURCES,
    "arn:aws:s3:::*",
    "arn:aws:s3:::a/*",
    "arn:aws:s3:::?/x",
    "arn:aws:s3:::a/${aws:username}/*",
    "arn:aws:s3:::a/${aws:username, 'alice'}/*",
    "arn:aws:iam::*:user/*",
)
USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/job/one"
PRINCIPALS: tuple[tuple[PrincipalType, str, str], ...] = (
    ("user", USER, ACCOUNT),
    ("session", SESSION, ACCOUNT),
    ("user", f"arn:aws:iam::{OTHER}:user/bob", OTHER),
    ("root", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT),
    ("service", "ec2.amazonaws.com", ""),
    ("anonymous", "", ""),
)
PRINCIPAL_ELEMENTS: tuple[Any, ...] = (
    "*",
    {"AWS": USER},
    {"AWS": f"arn:aws:iam::{ACCOUNT}:role/job"},
    {"AWS": SESSION},
    {"AWS": ACCOUNT},
    {"AWS": f"arn:aws:iam::{OTHER}:user/bob"},
    {"AWS": [f"arn:aws:iam::{OTHER}:root", USER]},
    {"Service": "ec2.amazonaws.com"},
)
KEYS: dict[str, tuple[str, ...]] = {
    "aws:username": ("alice", "bob"),
    "aws:PrincipalTag/team": ("reports", "ops", "Reports"),
    "s3:max-keys": ("1", "10", "10.0", "100"),
    "aws:CurrentTime": ("2024-12-31T23:59:59Z", "2025-01-01T00:00:00Z", "1735689600"),
    "aws:SourceIp": ("203.0.113.7", "198.51.100.1", "2001:db8::1"),
    "aws:SecureTransport": ("true", "false"),
    "aws:SourceArn": (f"arn:aws:sns:eu-west-1:{ACCOUNT}:t", f"arn:aws:sns:us-east-1:{OTHER}:t:s"),
}
SETS: dict[str, tuple[str, ...]] = {"aws:TagKeys": ("team", "cost", "other")}
CONDITION_VALUES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "aws:username": (("String",), ("alice", "bob", "al*", "${aws:PrincipalTag/team}")),
    "aws:PrincipalTag/team": (("String",), ("reports", "REPORTS", "?eports", "o*", "${aws:username}")),
    "s3:max-keys": (("Numeric",), ("1", "10", "50")),
    "aws:CurrentTime": (("Date",), ("2025-01-01T01:00:00+01:00", "2025-01-01", "1735689599")),
    "aws:SourceIp": (("Ip",), ("203.0.113.0/24", "198.51.100.1", "0.0.0.0/0", "2001:0db8:0::1", "::/0")),
    "aws:SecureTransport": (("Bool",), ("true", "False")),
    "aws:SourceArn": (
        ("Arn", "String"),
        (
            f"arn:aws:sns:*:{ACCOUNT}:*",
            f"arn:aws:sns:eu-west-1:{ACCOUNT}:t",
            "arn:aws:sns:*:s",
            "arn:*:*:*:*:t*",
        ),
    ),
}
ORDERS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
FAMILIES: dict[str, tuple[str, ...]] = {
    "String": (
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        "StringLike",
        "StringNotLike",
    ),
    "Numeric": tuple(f"Numeric{order}" for order in ORDERS),
    "Date": tuple(f"Date{order}" for order in ORDERS),
    "Ip": ("IpAddress", "NotIpAddress"),
    "Bool": ("Bool",),
    "Arn": ("ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"),
}


def some(values: Sequence[Any]) -> st.SearchStrategy[Any]:
    """One value or a short list."""
    return st.one_of(
        st.sampled_from(values), st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)
    )


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(draw(st.integers(1, 2))):
        if draw(st.integers(0, 4)) == 0:
            prefix = draw(st.sampled_from(("ForAllValues:", "ForAnyValue:")))
            name, key = draw(st.sampled_from(FAMILIES["String"])), "aws:TagKeys"
            values: Any = draw(some(("team", "cost", "te*")))
        elif draw(st.integers(0, 5)) == 0:
            found.setdefault("Null", {})[draw(st.sampled_from(sorted(KEYS)))] = draw(
                st.sampled_from(("true", "false"))
            )
            continue
        else:
            prefix, key = "", draw(st.sampled_from(sorted(CONDITION_VALUES)))
            families, patterns = CONDITION_VALUES[key]
            name = draw(st.sampled_from(FAMILIES[draw(st.sampled_from(families))]))
            values = draw(some(patterns))
        suffix = draw(st.sampled_from(("", "", "IfExists")))
        found.setdefault(prefix + name + suffix, {})[key] = values
    return found


@st.composite
def statements(draw: st.DrawFn, kind: DocumentKind) -> dict[str, Any]:
    entry: dict[str, Any] = {"Effect": draw(st.sampled_from(("Allow", "Allow", "Deny")))}
    if kind == "resource":
        entry["Principal"] = draw(st.sampled_from(PRINCIPAL_ELEMENTS))
    entry[draw(st.sampled_from(("Action", "Action", "Action", "NotAction")))] = draw(some(ACTION_PATTERNS))
    entry[draw(st.sampled_from(("Resource", "Resource", "Resource", "NotResource")))] = draw(
        some(RESOURCE_PATTERNS)
    )
    if draw(st.integers(0, 2)) == 0:
        entry["Condition"] = draw(conditions())
    return entry


@st.composite
def documents(draw: st.DrawFn, kind: DocumentKind = "identity") -> PolicyDocument:
    version = draw(st.sampled_from(("2012-10-17", "2012-10-17", "2008-10-17")))
    entries: Any = draw(st.lists(statements(kind), min_size=1, max_size=4))
    return parse_document({"Version": version, "Statement": entries}, kind)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    kind, arn, account = draw(st.sampled_from(PRINCIPALS))
    context: dict[str, str | tuple[str, ...]] = {
        key: draw(st.sampled_from(values)) for key, values in KEYS.items() if draw(st.booleans())
    }
    for key, values in SETS.items():
        if draw(st.booleans()):
            context[key] = tuple(draw(st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)))
    return Request(
        draw(st.sampled_from(ACTIONS)),
        draw(st.sampled_from(RESOURCES)),
        Principal(kind, arn, account),
        ACCOUNT,
        context,
    )


def named(name: str, document: PolicyDocument) -> NamedDocument:
    return NamedDocument(name, document)


@st.composite
def policy_sets(draw: st.DrawFn) -> Policies:
    def several(name: str, kind: DocumentKind, most: int) -> tuple[NamedDocument, ...]:
        return tuple(named(name, document) for document in draw(st.lists(documents(kind), max_size=most)))

    return Policies(
        identity=several("identity", "identity", 2),
        resource=draw(st.one_of(st.none(), st.builds(named, st.just("resource"), documents("resource")))),
        boundaries=several("boundary", "identity", 1),
        sessions=several("session", "identity", 2),
    )
