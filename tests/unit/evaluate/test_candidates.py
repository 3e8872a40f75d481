"""Values tried for a key that is absent: those that the policies ask for, nearest first, and those just beside them."""

from __future__ import annotations

from typing import Any, Final

import pytest

from leastkey.evaluate.candidates import candidates
from leastkey.evaluate.reads import KeyRead
from leastkey.iam.statement import Condition

KEY: Final = "k:A"
ACME: Final = "arn:aws:s3:::acme/"
BESIDE: Final = "another-value"
"""It is tried always, and last among the texts."""

Values = dict[str, str | tuple[str, ...]]


def asked(*conditions: tuple[str, ...], values: Values | None = None) -> tuple[Any, ...]:
    """What is tried for KEY when conditions, each an operator and values, ask for it."""
    read = KeyRead(KEY, tuple(Condition(name, KEY, tuple(some)) for name, *some in conditions), (), ())
    return candidates(read, f"{ACME}x", values or {})


def solved(pattern: str, resource: str, values: Values | None = None) -> tuple[Any, ...]:
    """What is tried for KEY, beside what is tried always, when a Resource pattern takes it as a variable."""
    *found, last = candidates(KeyRead(KEY, (), (pattern,), ()), resource, values or {})
    assert last == BESIDE
    return tuple(found)


def compared(prefix: str | tuple[str, ...] | None) -> tuple[Any, ...]:
    """What is tried for KEY when conditions on `s3:Prefix` take it as a variable."""
    conditions = (
        Condition("StringEquals", "s3:Prefix", ("home/${k:a}/", "x")),
        Condition("ArnLike", "s3:Prefix", ("home/${K:A}",)),
    )
    values: Values = {} if prefix is None else {"s3:prefix": prefix}
    *found, last = candidates(KeyRead(KEY, (), (), conditions), f"{ACME}x", values)
    assert last == BESIDE
    return tuple(found)


@pytest.mark.parametrize(
    ("operator", "value", "tried"),
    [
        ("StringEquals", "v", ["v", "v"]),
        ("stringlikeIFEXISTS", "a*b?", ["a*b?", "abx", "axbx", "a*b?"]),
        (
            "ArnLike",
            "arn:aws:sns:*:1:t?",
            [
                *("arn:aws:sns:*:1:t?", "arn:aws:sns::1:tx", "arn:aws:sns:x:1:tx"),
                *("arn:aws:another:::value", "arn:aws:sns:*:1:t?"),
            ],
        ),
        ("NumericEquals", "10", ["10", "11", "9"]),
        ("NumericLessThanIfExists", "1.5", ["1.5", "0.5", "2.5"]),
        ("NumericEquals", "1e3", []),
        ("NumericEquals", "1E3", []),
        ("NumericEquals", "ten", []),
        *(
            ("DateLessThan", text, [text, "2024-12-31T23:59:59Z", "2025-01-01T00:00:01Z"])
            for text in (
                *("2025", "2025-01-01", "2025-01-01T00:00:00", "2025-01-01T00:00:00Z"),
                *("2025-01-01T02:00:00+02:00", "1735689600"),
            )
        ),
        ("DateEquals", "202", ["202", "1970-01-01T00:03:21Z", "1970-01-01T00:03:23Z"]),
        ("DateEquals", "12345", ["12345", "1970-01-01T03:25:44Z", "1970-01-01T03:25:46Z"]),
        ("DateEquals", "9999-12-31T23:59:59Z", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:58Z"]),
        ("DateEquals", "0001-01-01", ["0001-01-01", "0001-01-01T00:00:01Z"]),
        ("DateEquals", "١٢٣", ["١٢٣"]),
        ("DateEquals", "soon", ["soon"]),
        ("Bool", "true", ["false", "true"]),
        ("BinaryEquals", "QQ==", ["QQ==", "YW5vdGhlcg=="]),
        ("Null", "true", []),
        ("IpAddress", "203.0.113.7/24", ["203.0.113.0", "2001:db8::1", "203.0.112.255", "203.0.114.0"]),
        (
            "NotIpAddress",
            "2001:db8::/32",
            ["2001:db8::", "192.0.2.1", f"2001:db7{':ffff' * 6}", "2001:db9::"],
        ),
        ("IpAddress", "0.0.0.0/0", ["0.0.0.0", "2001:db8::1"]),  # no address to listen on
        ("IpAddress", "here", []),
    ],
)
def test_what_a_condition_asks_for_is_tried_and_then_what_lies_beside_it(
    operator: str, value: str, tried: list[str]
) -> None:
    assert asked((operator, value)) == (*tried, BESIDE)


def test_a_variable_in_a_condition_is_tried_with_its_value_and_as_it_stands() -> None:
    condition = ("StringLike", "a${k:b}*")
    assert asked(condition, values={"k:b": "B"}) == ("aB", "aB*", "aBx", "a${k:b}*", BESIDE)
    assert asked(condition) == ("a${k:b}*", BESIDE)


def test_of_two_patterns_of_an_arn_one_that_both_allow_is_tried() -> None:
    found = asked(
        ("ArnLike", "arn:aws:sns:*:111122223333:t5", "an:arn"), ("ArnEquals", "arn:aws:*:eu-west-1:*:t?")
    )
    assert found[-2:] == ("arn:aws:sns:eu-west-1:111122223333:t5", BESIDE)
    assert "arn:aws:sns:x:1:tx" in asked(("ArnLike", "arn:aws:sns:*:*:t*", "arn:aws:*:*:1:*"))
    found = asked(("ArnLike", f"{ACME}*"), ("StringLike", "arn:aws:*:eu-west-1:1:b"))
    assert not [each for each in found if each.startswith("arn:aws:s3:eu-west-1")]


@pytest.mark.parametrize(
    ("operator", "value", "near", "beside"),
    [
        ("BinaryEquals", "ZQ==", ["ZQ=="], ["YW5vdGhlcg=="]),
        ("DateEquals", "2025", ["2025"], ["2024-12-31T23:59:59Z", "2025-01-01T00:00:01Z"]),
        ("IpAddress", "10.0.0.0/31", ["10.0.0.0"], ["10.0.0.2", "2001:db8::1", "9.255.255.255"]),
        (
            "IpAddress",
            "2001:db8::/127",
            ["2001:db8::"],
            ["192.0.2.1", "2001:db7:" + "ffff:" * 5 + "ffff", "2001:db8::2"],
        ),
        ("NumericEquals", "5", ["5"], ["4", "6"]),
    ],
)
def test_of_two_conditions_what_meets_either_is_tried_before_what_lies_beside_either(
    operator: str, value: str, near: list[str], beside: list[str]
) -> None:
    assert asked((operator, value), ("StringEquals", "z")) == (*near, "z", *beside, "z", BESIDE)


@pytest.mark.parametrize(
    ("conditions", "tried"),
    [
        (
            [("ForAnyValue:StringEquals", "a", "b")],
            [
                *(("a",), ("b",), ("a",), ("b",)),
                *(("a", "b"), ("a", "b", BESIDE), (BESIDE,)),
                BESIDE,
            ],
        ),
        (
            [("FORALLVALUES:BoolIfExists", "true")],
            [("false",), ("true",), ("false", "true"), ("false", "true", BESIDE), (BESIDE,), BESIDE],
        ),
        (
            [("ForAnyValue:NumericEquals", "5"), ("Bool", "true")],
            ["false", "true", BESIDE, ("5",), ("4",), ("6",), ("5",), ("5", BESIDE), (BESIDE,)],
        ),
    ],
)
def test_a_set_operator_is_given_lists_and_texts_where_another_asks_for_them(
    conditions: list[tuple[str, ...]], tried: list[Any]
) -> None:
    assert list(asked(*conditions)) == tried


@pytest.mark.parametrize(
    ("pattern", "resource", "tried"),
    [
        (ACME + "${k:a}", f"{ACME}ann/x", ["ann/x"]),
        (ACME + "${k:a}/*", f"{ACME}ann/x", ["ann"]),
        (ACME + "${k:a}*", f"{ACME}ann/x", ["ann", "ann/x"]),
        (ACME + "${k:a}n", f"{ACME}ann", ["a", "an"]),
        (ACME + "${k:a}/${k:a}", f"{ACME}ann/ann", ["ann"]),
        (ACME + "${k:a}${k:b}", f"{ACME}ann/bob", ["ann", "ann/bob"]),
        (ACME + "${k:b}/${k:a}", f"{ACME}bob/x", ["x"]),
        (ACME + "${k:none}/${k:a}", f"{ACME}bob/x", []),
        ("*${k:a}", "a/b:c.d-e_f", ["a/b:c.d-e_f", "b:c.d-e_f", "c.d-e_f", "d-e_f", "e_f", "f"]),
        ("*-${k:a}?", "a-b", ["a", "a-b", "b"]),
        ("other/${k:a}", f"{ACME}other/", []),
        ("${k:a, 'd'}/${k:a}", "d/ann", ["d"]),
        ("${k:a}", "", []),
    ],
)
def test_a_variable_in_a_resource_is_solved_for_what_would_match(
    pattern: str, resource: str, tried: list[str]
) -> None:
    assert solved(pattern, resource, {"k:b": "bob"}) == tuple(tried)


@pytest.mark.parametrize(
    ("prefix", "tried"),
    [
        ("home/bob/", ("bob", "bob/")),
        (("home/bob/", "home/ann/"), ("ann", "ann/", "bob", "bob/")),
        (None, ()),
    ],
)
def test_a_variable_in_another_condition_is_solved_for_each_value_of_its_key(
    prefix: str | tuple[str, ...] | None, tried: tuple[str, ...]
) -> None:
    assert compared(prefix) == tried


def test_what_is_near_is_tried_before_what_is_beside_and_what_is_solved_with_the_first() -> None:
    read = KeyRead(
        KEY,
        (Condition("NumericEquals", KEY, ("5",)), Condition("StringEquals", KEY, ("z",))),
        (ACME + "${k:a}",),
        (Condition("StringEquals", "s3:prefix", ("${k:a}",)),),
    )
    found = candidates(read, f"{ACME}y", {"s3:prefix": "q"})
    assert found == ("5", "q", "y", "z", "4", "6", "z", BESIDE)


def test_a_bounded_number_of_values_is_tried() -> None:
    numbers = [f"{number:03}" for number in range(200)]
    assert asked(("StringEquals", *numbers)) == tuple(numbers[:128])
    lists = asked(("ForAnyValue:StringEquals", *numbers))
    assert lists[:128] == tuple((each,) for each in numbers[:128])
    assert lists[128:] == (tuple(numbers[:16]), (*numbers[:16], BESIDE), (BESIDE,), BESIDE)
    words = "/".join(map(str, range(20)))
    assert len(solved("*${k:a}", words)) == 16
    assert len(solved("${k:a}/", words + "/")) == 16
    for count, is_paired in ((15, True), (16, False)):
        arns = (*(f"arn:aws:sns:*:{number}:*" for number in range(count)), "arn:aws:*:eu-west-1:*:q")
        assert ("arn:aws:sns:eu-west-1:0:q" in asked(("ArnLike", *arns))) is is_paired
