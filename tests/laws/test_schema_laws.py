"""A spec that the parser takes is right by the schema, read as texts or as editors read YAML."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.unit.spec.test_faults import read_document
from tests.unit.spec.test_schema import VALIDATOR, as_editors_read

from leastkey.errors import LeastkeyError
from leastkey.iam.catalog import services
from leastkey.spec.model import Level
from leastkey.spec.parse import parse_spec
from leastkey.spec.settings import OUTPUTS, REGIONS
from leastkey.spec.uses import principals

NAMES = st.sampled_from(["a", "on", "1", "1e3", "true", "_x.y-z", "A" * 64]) | st.from_regex(
    r"[a-z0-9_][a-z0-9_.-]{0,9}", fullmatch=True
)
SCALARS = st.integers(0, 10**12) | st.booleans() | st.floats(0, 9) | NAMES
"""What stands for a text: YAML takes some of them for numbers and truth values, the parser for what is written."""
RESOURCES = st.sampled_from(
    [
        "*",
        "arn:aws:s3:::b",
        "arn:aws:ec2:*:*:instance/*",
        "arn:aws:iam::*:user/${aws:username}",
        "arn:aws:s3:::${aws:x}/*",
        "arn:aws:${a:b}:${c:d}::x",
        "arn:*:s3:::b:c:d",
    ]
)
ADDRESSES = st.sampled_from(["s3://acme/", "s3://acme/n/", "s3://a.b-c/d e/\u00e9"])
ACTIONS = ["ec2:Describe*", "ec2:startinstances", "S3:getobject", "iam:*", "s3:?etObject"]
VALUES = {
    "StringLike": SCALARS,
    "NumericLessThan": st.integers(-9, 9) | st.sampled_from(["1.0", 1, 1.0, "+3"]),
    "ForAnyValue:BoolIfExists": st.booleans() | st.sampled_from(["True", "false"]),
    "DateGreaterThan": st.sampled_from(["2026-12-31", "2026-12-31T00:00:00Z", 1767139200]),
    "IpAddress": st.sampled_from(["203.0.113.0/24", "::1", "10.1.2.3"]),
    "ForAllValues:ArnLike": st.sampled_from(["arn:aws:iam::*:role/x", "*"]),
    "Null": st.booleans(),
}
KEYS = st.sampled_from(["aws:SourceIp", "aws:ResourceTag/team", "s3:prefix", "aws:RequestTag/\u00e9:x"])


def some(item: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """One, or a list of several different ones."""
    return item | st.lists(item, min_size=1, max_size=3, unique_by=json.dumps)


def conditions(operator: str) -> st.SearchStrategy[Any]:
    keyed = st.dictionaries(KEYS, some(VALUES[operator]), min_size=1, max_size=2)
    return keyed.map(lambda keys: {operator: keys})


WHEN = st.fixed_dictionaries({}, optional={"when": st.sampled_from(sorted(VALUES)).flatmap(conditions)})
LEVELS = some(st.sampled_from(Level).map(str))
LIMITED = st.one_of(
    st.tuples(st.sampled_from(services()), LEVELS, some(RESOURCES)),
    st.tuples(st.just("s3"), LEVELS, some(RESOURCES | ADDRESSES)),
    st.tuples(st.just("actions"), some(st.sampled_from(ACTIONS)), some(RESOURCES)),
)
GRANTS = st.one_of(
    st.tuples(LIMITED, WHEN).map(lambda parts: {parts[0][0]: parts[0][1], "on": parts[0][2], **parts[1]}),
    st.tuples(LIMITED, WHEN).map(lambda parts: {parts[0][0]: parts[0][1], **parts[1]}),
    st.fixed_dictionaries(
        {"managed": st.sampled_from(["A", "job-function/B", "arn:aws:iam::aws:policy/C", 5, True])}
    ),
    st.just({"document": "allow.json"}),
)
ACCOUNTS = st.sampled_from(["012345678901", 111122223333, "111122223333"])
USER = st.just("user") | st.fixed_dictionaries({"user": SCALARS})
SERVICE = st.fixed_dictionaries({"service": st.sampled_from([*sorted(principals()), "ec2.amazonaws.com"])})
ACCOUNT = st.fixed_dictionaries(
    {"account": ACCOUNTS, "external-id": st.sampled_from(["ab", "1e3", 42, "a:b/c=d"])}
)
TOKEN = st.sampled_from(
    [
        {"github": {"repository": "a/b", "repository-id": 5, "owner-id": 7, "environment": True, "tag": 1.5}},
        {"github": {"repository": "a/b.c", "ref": "refs/tags/v1", "workflow": ".github/workflows/x.yaml"}},
        {"gitlab": {"project": "a/b/c", "ref": "main", "issuer": "https://git.example/x", "audience": 5}},
        {"oidc": {"issuer": "https://i.example", "audience": "a b".replace(" ", ":"), "subject": "x y"}},
    ]
)
USES = st.permutations([USER, SERVICE, ACCOUNT, TOKEN]).flatmap(
    lambda kinds: st.integers(1, 3).flatmap(lambda count: st.tuples(*kinds[:count]).map(list))
)
IDENTITIES = st.fixed_dictionaries(
    {"allow": st.lists(GRANTS, min_size=1, max_size=3), "used-by": USES},
    optional={
        "description": SCALARS | st.sampled_from([" a\nb ", "\u00e9"]),
        "names": st.fixed_dictionaries({"role": SCALARS}, optional={"policy": SCALARS}),
        "deny": st.lists(GRANTS, min_size=1, max_size=2),
        "boundary": st.sampled_from([{"managed": "A"}, {"document": "allow.json"}, {"managed": 1}]),
        "session": st.sampled_from(["1h", "90m", "12h", "3600s", "1h30m", "0h15m0s"]),
    },
)
SPECS = st.fixed_dictionaries(
    {
        "version": st.sampled_from([1, "1"]),
        "identities": st.dictionaries(NAMES, IDENTITIES, min_size=1, max_size=2),
    },
    optional={
        "project": SCALARS,
        "account": ACCOUNTS,
        "region": st.sampled_from([*REGIONS, "xx-new-west-9"]),
        "output": st.sampled_from(OUTPUTS),
        "target": st.sampled_from(["aws", "sandbox"]),
    },
)


@settings(max_examples=80, deadline=None)
@given(SPECS)
def test_what_the_parser_takes_the_schema_takes(spec: dict[str, Any]) -> None:
    text = json.dumps(spec, ensure_ascii=False)
    try:
        parse_spec(text, "leastkey.yaml", read_document)
    except LeastkeyError:
        event("refused by the parser")
        return
    event("taken by the parser")
    assert [error.message for error in VALIDATOR.iter_errors(as_editors_read(text))] == []
    assert [error.message for error in VALIDATOR.iter_errors(texts_of(spec))] == []


def texts_of(value: Any) -> Any:
    """Give every scalar as the text it is in the file."""
    match value:
        case dict():
            return {key: texts_of(each) for key, each in value.items()}
        case list():
            return [texts_of(each) for each in value]
        case str():
            return value
        case _:
            return json.dumps(value)
