"""Which absent keys would have changed a verdict, each with a value that does."""

from __future__ import annotations

from dataclasses import replace
from time import process_time
from typing import Any

import pytest

from leastkey.evaluate.decide import decide
from leastkey.evaluate.missing import Missing, missing, missing_as_json
from leastkey.evaluate.reads import keys_read
from leastkey.evaluate.request import NamedDocument, Policies, Principal, Request, Verdict
from leastkey.iam.document import parse_document

ACCOUNT = "111122223333"
USER = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/alice", ACCOUNT)
OBJECT = "arn:aws:s3:::acme/ann/x"


def statement(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "s3:GetObject", "Resource": "*", **more}


def policies(*statements: dict[str, Any], version: str = "2012-10-17") -> Policies:
    document = parse_document({"Version": version, "Statement": list(statements)}, "identity")
    return Policies(identity=(NamedDocument("p", document),))


def asked(
    policies_: Policies, /, resource: str = OBJECT, **context: str | tuple[str, ...]
) -> tuple[Missing, ...]:
    given = {key.replace("_", ":", 1): value for key, value in context.items()}
    request = Request("s3:GetObject", resource, USER, ACCOUNT, given)
    found = missing(request, policies_, decide(request, policies_))
    for each in found:
        if each.value is not None:
            changed = replace(request, context={**given, each.key: each.value})
            assert decide(changed, policies_).verdict is each.verdict
    return found


ALL = statement()
MFA = "aws:MultiFactorAuthPresent"


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ({"StringEquals": {"s3:authType": "REST-HEADER"}}, "REST-HEADER"),
        ({"StringEquals": {"s3:authType": "a*"}}, "a*"),
        ({"StringLike": {"s3:authType": "REST-?*"}}, "REST-?*"),
        ({"NumericLessThan": {"s3:max-keys": "10"}}, "9"),
        ({"NumericGreaterThan": {"s3:max-keys": "1.5"}}, "2.5"),
        ({"DateGreaterThan": {"aws:CurrentTime": "2025-01-01T00:00:00Z"}}, "2025-01-01T00:00:01Z"),
        ({"DateLessThan": {"aws:EpochTime": "1735689600"}}, "2024-12-31T23:59:59Z"),
        ({"Bool": {"aws:SecureTransport": "true"}}, "true"),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, "203.0.113.0"),
        ({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}, "2001:db8::"),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:111122223333:t?"}}, "arn:aws:sns:*:111122223333:t?"),
        ({"BinaryEquals": {"k:b": "QmluYXJ5"}}, "QmluYXJ5"),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["team", "cost"]}}, ("cost",)),
    ],
    ids=str,
)
def test_a_value_the_policy_asks_for_allows(condition: dict[str, Any], value: Any) -> None:
    (found,) = asked(policies(statement(Condition=condition)))
    assert (found.value, found.verdict, found.asks) == (value, Verdict.ALLOWED, "value")


@pytest.mark.parametrize(
    "condition",
    [
        {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}},
        {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        {"NumericLessThanIfExists": {"s3:max-keys": "10"}},
        {"BoolIfExists": {MFA: "false"}},
        {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
    ],
    ids=str,
)
def test_a_deny_that_an_absent_key_meets_is_left_by_a_value(condition: dict[str, Any]) -> None:
    (found,) = asked(policies(ALL, statement("Deny", Condition=condition)))
    assert found.verdict is Verdict.ALLOWED


def test_a_deny_that_long_lived_keys_slip_through_is_told() -> None:
    """The well-known trap: Bool without IfExists denies nobody whose call carries no such key."""
    (found,) = asked(policies(ALL, statement("Deny", Condition={"Bool": {MFA: "false"}})))
    assert (found.value, found.verdict) == ("false", Verdict.EXPLICITLY_DENIED)


def test_a_variable_in_a_resource_is_solved() -> None:
    (found,) = asked(policies(statement(Resource="arn:aws:s3:::acme/${aws:username}/*")))
    assert (found.key, found.value, found.verdict) == ("aws:username", "ann", Verdict.ALLOWED)
    (found,) = asked(
        policies(statement(Resource="arn:aws:s3:::*/home-${aws:username}")), "arn:aws:s3:::b/home-bob.x"
    )
    assert found.value == "bob.x"


def test_a_variable_behind_another_is_solved_by_its_own_place() -> None:
    resource = "arn:aws:s3:::acme/${aws:PrincipalTag/team}/${aws:username}"
    given = {"aws_PrincipalTag/team": "ann"}
    (found,) = asked(policies(statement(Resource=resource)), **given)
    assert (found.key, found.value) == ("aws:username", "x")
    none = asked(policies(statement(Resource=resource)), "arn:aws:s3:::acme/bob/x", **given)
    assert none == (Missing("aws:username", "value"),)


def test_a_variable_in_a_condition_takes_the_other_keys_value() -> None:
    condition = {"StringEquals": {"s3:prefix": "home/${aws:username}/"}}
    (found,) = asked(policies(statement(Condition=condition)), s3_prefix="home/bob/")
    assert (found.key, found.value) == ("aws:username", "bob")


def test_a_variable_is_a_plain_text_before_version_2012() -> None:
    condition = {"StringEquals": {"s3:prefix": "${aws:username}"}}
    (found,) = asked(policies(statement(Condition=condition), version="2008-10-17"))
    assert (found.key, found.value) == ("s3:prefix", "${aws:username}")


def test_presence_is_told_apart_from_value() -> None:
    (found,) = asked(policies(statement(Condition={"Null": {"aws:TokenIssueTime": "false"}})))
    assert (found.asks, found.verdict) == ("presence", Verdict.ALLOWED)
    both = {"Null": {MFA: "false"}, "Bool": {MFA: "true"}}
    assert asked(policies(statement(Condition=both)))[0].asks == "value"


def test_a_key_that_changes_nothing_is_listed_without_a_value() -> None:
    condition = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
    found = asked(policies(ALL, statement(Condition=condition)))
    assert found == (Missing("aws:SourceVpce", "value"),)


def test_keys_that_are_there_or_of_other_actions_are_not_listed() -> None:
    spelled = {"StringEquals": {"AWS:USERNAME": "alice"}}
    assert asked(policies(statement(Condition=spelled)), aws_username="bob") == ()
    other = {**statement(Condition=spelled), "Action": "s3:PutObject"}
    assert asked(policies(other)) == ()
    not_action = {"Effect": "Deny", "NotAction": "s3:Put*", "Resource": "*", "Condition": spelled}
    assert [each.key for each in asked(policies(not_action))] == ["AWS:USERNAME"]


def test_an_empty_list_counts_as_absent() -> None:
    condition = {"ForAnyValue:StringEquals": {"aws:TagKeys": "team"}}
    (found,) = asked(policies(statement(Condition=condition)), aws_TagKeys=())
    assert found.value == ("team",)


def test_an_allowed_verdict_is_sooner_named_than_another_denial() -> None:
    """Absent, the key meets the Deny; `a` leaves it and is allowed, `b` leaves it and is not."""
    deny = statement("Deny", Condition={"StringNotEquals": {"s3:authType": ["a", "b"]}})
    allow = statement(Condition={"StringEquals": {"s3:authType": "b"}})
    (found,) = asked(policies(deny, allow))
    assert (found.value, found.verdict) == ("b", Verdict.ALLOWED)


def test_layers_that_do_not_count_are_not_read() -> None:
    anyone = parse_document({"Statement": {**ALL, "Principal": "*"}}, "resource")
    mine = policies(statement(Condition={"Bool": {MFA: "true"}}))
    request = Request("s3:GetObject", OBJECT, Principal("anonymous", "", ""), ACCOUNT)
    both = replace(mine, resource=NamedDocument("r", anyone))
    assert missing(request, both, decide(request, both)) == ()


@pytest.mark.parametrize(
    "condition",
    [
        {"NumericEquals": {"s3:max-keys": "1e999999999"}},
        {"NumericEquals": {"s3:max-keys": "9" * 50_000}},
        {
            "DateEquals": {
                "aws:CurrentTime": ["9999-12-31T23:59:59Z", "9" * 5_000, "0001-01-01", "now", "9" * 15]
            }
        },
        {"IpAddress": {"aws:SourceIp": ["255.255.255.255", "::/0", "0.0.0.0/0", "fe80::1%eth0", "no/way"]}},
        {"StringLike": {"aws:Referer": "*" * 5_000}},
        {"StringEquals": {"aws:Referer": ["${", "${}", "${aws:referer}", "\udc00"]}},
        {"Frobnicate": {"aws:Referer": "x"}},
    ],
    ids=lambda value: str(value)[:50],
)
def test_strange_values_are_tried_or_left(condition: dict[str, Any]) -> None:
    assert len(asked(policies(statement(Condition=condition)))) == 1


def test_a_policy_of_very_many_keys_is_asked_about_a_bounded_number_of_times() -> None:
    wide = {
        "StringEquals": {
            f"aws:PrincipalTag/{index}": [f"v{value}" for value in range(40)] for index in range(200)
        }
    }
    started = process_time()
    assert len(asked(policies(statement(Condition=wide)))) == 200
    assert process_time() - started < 10


def test_a_list_without_values_is_no_value_in_whatever_letter_case() -> None:
    some = policies(statement(Condition={"StringEquals": {"s3:authType": "POST"}}))
    request = Request("s3:GetObject", OBJECT, USER, ACCOUNT, {"s3:AUTHTYPE": ()})
    found = missing(request, some, decide(request, some))
    assert found == (Missing("s3:authType", "value", "POST", Verdict.ALLOWED),)


def test_of_the_values_that_turn_one_denial_into_the_other_the_first_is_named() -> None:
    some = policies(statement("Deny", Condition={"StringEquals": {"s3:authType": ["POST", "PUT"]}}))
    assert asked(some) == (Missing("s3:authType", "value", "POST", Verdict.EXPLICITLY_DENIED),)


def test_missing_keys_are_told_as_json() -> None:
    some = (
        Missing("k", "value", ("a",), Verdict.ALLOWED),
        Missing("l", "value", "b"),
        Missing("m", "presence"),
    )
    assert missing_as_json(some) == [
        {"key": "k", "asks": "value", "value": ["a"], "verdict": "Allowed"},
        {"key": "l", "asks": "value", "value": "b", "verdict": None},
        {"key": "m", "asks": "presence", "value": None, "verdict": None},
    ]


@pytest.mark.parametrize(
    ("operator", "keys"),
    [
        ("StringLike", ["k:a", "k:b"]),
        ("ForAnyValue:ArnEqualsIfExists", ["k:a", "k:b"]),
        ("Bool", ["k:a", "k:b"]),
        ("NumericEquals", ["k:a"]),
    ],
)
def test_a_variable_is_read_where_the_operator_takes_one(operator: str, keys: list[str]) -> None:
    some = policies(statement(Condition={operator: {"k:a": "${k:B}"}}))
    assert [each.key for each in keys_read(some, "s3:GetObject")] == keys


def test_what_is_read_is_told_in_order_and_as_its_first_spelling() -> None:
    paths = [f"arn:aws:s3:::{name}/${{aws:userid}}" for name in "hgfedcba"]
    condition = {
        "StringEquals": {"k:z": "${aws:userid}", "k:A": "${aws:userid}", "k:m": "1"},
        "StringLike": {"aws:USERID": "x", "k:a": "${aws:userid}"},
        "Null": {"k:m": "false"},
    }
    read = keys_read(policies(statement(Resource=paths, Condition=condition)), "s3:GetObject")
    assert [each.key for each in read] == ["aws:USERID", "k:A", "k:m", "k:z"]
    assert read[0].patterns == tuple(sorted(paths))
    assert [(each.operator, each.key) for each in read[0].comparisons] == [
        ("StringEquals", "k:A"),
        ("StringEquals", "k:z"),
        ("StringLike", "k:a"),
    ]


def test_a_key_that_another_condition_takes_as_a_variable_is_asked_for_its_value() -> None:
    condition = {"Null": {"aws:userid": "false"}, "StringEquals": {"s3:prefix": "${aws:userid}"}}
    read = keys_read(policies(statement(Condition=condition)), "s3:GetObject")
    assert [(each.key, each.is_for_presence) for each in read] == [
        ("aws:userid", False),
        ("s3:prefix", False),
    ]


def test_before_version_2012_a_resource_takes_no_key() -> None:
    old = policies(statement(Resource="arn:aws:s3:::acme/${aws:username}"), version="2008-10-17")
    assert keys_read(old, "s3:GetObject") == ()
