"""Cases made to hurt: each is answered with a verdict or one clear error, and time grows with the text, not faster."""

from __future__ import annotations

import json
from time import process_time
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.support.statement import ACCOUNT

from leastkey.evaluate.cases import answer_line
from leastkey.iam.document import DocumentError, load_document

if TYPE_CHECKING:
    from collections.abc import Callable

Object = dict[str, Any]
ALL: Final[Object] = {"Effect": "Deny", "Action": "*", "Resource": "*"}


def case(
    *statements: Object, action: str = "s3:GetObject", resource: str = "arn:aws:s3:::b/k", **context: Any
) -> Object:
    user = {"type": "user", "arn": f"arn:aws:iam::{ACCOUNT}:user/a", "account": ACCOUNT}
    return {
        "id": "x",
        "request": {
            "action": action,
            "resource": {"arn": resource, "account": ACCOUNT},
            "principal": user,
            "context": context,
        },
        "identity_policies": [
            {"name": "p", "document": {"Version": "2012-10-17", "Statement": list(statements)}}
        ],
    }


def resource(pattern: str, asked: str, **context: Any) -> Object:
    return case(ALL | {"Resource": pattern}, resource=asked, **context)


def condition(operator: str, policy: Any, **context: Any) -> Object:
    return case(ALL | {"Condition": {operator: {"k": policy}}}, **context)


def answered(line: Object | str) -> tuple[str, float]:
    """Give the verdict, or the error, and the seconds it took; the answer must be one that can be printed."""
    text = line if isinstance(line, str) else json.dumps(line).replace(": Infinity", ": 1e400")
    began = process_time()
    found, is_case = answer_line(text)
    took = process_time() - began
    json.dumps(found)
    if is_case:
        return found["verdict"], took
    assert "\n" not in found["error"]["what"]
    return f"{found['error']['code']}: {found['error']['what']}", took


HARD = {
    "nothing": "",
    "half a character": "\ud800",
    "NUL": "a\0b",
    "a long text": "a" * 100_000,
    "a long number": "9" * 5_000,
    "a number for no machine": "-1." + "9" * 100_000,
    "no number": "NaN",
    "a date before all dates": "0000-01-01",
    "the first date, earlier": "0001-01-01T00:00:00+23:59",
    "the last date, later": "9999-12-31T23:59:59-23:59",
    "a day that is not": "2025-02-30",
    "a network of no size": "10.0.0.0/999",
    "a network of a long size": "10.0.0.0/" + "0" * 5_000 + "8",
    "a network by mask": "10.0.0.0/255.0.0.0",
    "another script's digits": "٣/²",
    "an address with a zone": "fe80::1%eth0",
    "a long address": "1." * 50_000,
    "colons": ":" * 50_000,
    "open braces": "${" * 50_000,
    "an open variable": "${" + "a" * 100_000,
    "stars": "*" * 100_000,
    "question marks": "?" * 100_000,
    "wrong base64": "YQ=",
    "a flag": True,
    "a small number": 5e-324,
    "a number beyond all": 1e400,
}
OPERATORS = (
    *("StringEquals", "StringNotEqualsIgnoreCase", "StringLike", "NumericLessThan", "DateGreaterThanEquals"),
    *(
        "Bool",
        "BinaryEquals",
        "IpAddress",
        "ArnLike",
        "ArnNotEqualsIfExists",
        "Null",
        "ForAllValues:StringLike",
    ),
)


@pytest.mark.parametrize("operator", OPERATORS)
def test_no_value_of_a_condition_breaks_an_operator(operator: str) -> None:
    for policy in HARD.values():
        for asked in HARD.values():
            verdict, took = answered(condition(operator, policy, k=asked))
            assert verdict in ("ExplicitlyDenied", "ImplicitlyDenied")
            assert took < 2


@pytest.mark.parametrize("text", ["\ud800", "a\0b", "a" * 100_000, "٣", "\u202e\x1b[2J"])
def test_no_text_breaks_another_place(text: str) -> None:
    arn = f"arn:aws:s3:::{text}"
    assert answered(resource(arn, arn))[0] == "ExplicitlyDenied"
    found, _ = answered(case(ALL | {"Action": f"s3:{text}"}, action=f"S3:{text}"))
    assert found.startswith(("ExplicitlyDenied", "invalid-case: `S3:"))
    tagged = {f"aws:PrincipalTag/{text}": text}
    assert answered(case(ALL | {"Condition": {"StringEquals": tagged}}, **tagged))[0] == "ExplicitlyDenied"
    named = resource("arn:aws:s3:::${aws:PrincipalTag/" + text + "}", arn, **tagged)
    assert answered({**named, "id": text})[0] == "ExplicitlyDenied"


def test_what_is_much_is_answered_soon() -> None:
    allow = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"}
    values = [f"v{number}" for number in range(10_000)]
    for many, verdict in (
        (case(*(allow | {"Sid": f"S{number}"} for number in range(10_000)), ALL), "ExplicitlyDenied"),
        (case(ALL | {"Action": [f"s3:a{number}*" for number in range(10_000)]}), "ImplicitlyDenied"),
        (
            case(ALL | {"Resource": [f"arn:aws:s3:::b{number}/*" for number in range(10_000)]}),
            "ImplicitlyDenied",
        ),
        (condition("StringEquals", values, k="v9999"), "ExplicitlyDenied"),
        (condition("ForAllValues:StringEquals", values[:300], k=values[:300]), "ExplicitlyDenied"),
        (condition("StringEquals", "${v}" * 5_000, k="ab" * 5_000, v="ab"), "ExplicitlyDenied"),
        (
            case(
                ALL | {"Condition": {"StringEquals": {each: "${" + each + "}" for each in values}}},
                **dict.fromkeys(values, "x"),
            ),
            "ExplicitlyDenied",
        ),
    ):
        assert answered(many)[0] == verdict
        assert answered(many)[1] < 5


def test_what_is_deep_is_an_error_at_every_depth() -> None:
    places = (
        ALL | {"Condition": "@"},
        ALL | {"Condition": {"StringEquals": {"k": "@"}}},
        ALL | {"Resource": "@"},
    )
    lines = [json.dumps(case(place)) for place in places]
    lines += [json.dumps({**case(ALL), "request": "@"}), json.dumps({**case(ALL), "scps": "@"})]
    lines.append(json.dumps(case(ALL, k="@")))
    for depth in (100, 500, 900, *range(950, 1_000), 100_000):
        for opened, closed in (("[", "]"), ('{"a":', "}")):
            deep = opened * depth + "1" + closed * depth
            for line in lines:
                found, is_case = answer_line(line.replace('"@"', deep))
                assert not is_case
                assert len(found["error"]["what"]) < 200
            with pytest.raises(DocumentError):
                load_document(f'{{"Statement": {deep}}}', "identity")


@pytest.mark.parametrize(
    "wrong",
    [None, True, 1, 1.5, "", [], [[]], {}, [None], {"": ""}, {"AWS": []}, [{}], "\ud800", "x" * 100_000],
)
def test_a_wrong_type_anywhere_is_one_error_or_reads_as_it_stands(wrong: Any) -> None:
    whole = case(ALL | {"Sid": "S", "Condition": {"StringEquals": {"k": ["v"]}}}, k=["v"])
    whole["resource_policy"] = {"Id": "i", "Statement": [ALL | {"Principal": {"AWS": ["*"]}}]}
    for layer in ("permission_boundaries", "session_policies", "vpc_endpoint_policies"):
        whole[layer] = [{"Statement": ALL | ({"Principal": "*"} if layer.startswith("vpc") else {})}]
    whole["scps"] = [[{"Statement": [ALL]}]]
    whole["rcps"] = [[{"Statement": [ALL | {"Principal": "*"}]}]]
    assert answered(whole)[0] == "ExplicitlyDenied"
    for changed in _changed(whole, wrong):
        answered(changed)


def _changed(value: Any, wrong: Any) -> list[Any]:
    """Give the value with one part of it replaced, for every part."""
    found = [wrong]
    if isinstance(value, dict):
        found += [{**value, key: each} for key, part in value.items() for each in _changed(part, wrong)]
    elif isinstance(value, list):
        for index, part in enumerate(value):
            found += [[*value[:index], each, *value[index + 1 :]] for each in _changed(part, wrong)]
    return found


def test_a_key_given_twice_is_refused_wherever_it_stands() -> None:
    line = json.dumps(condition("StringEquals", "v", k="v"))
    for key in ("id", "request", "action", "arn", "Effect", "StringEquals", "k", "Statement"):
        twice = line.replace(f'"{key}":', f'"{key}": null, "{key}":', 1)
        assert twice != line
        assert answered(twice)[0] == f"not-json: `{key}` stands twice in one object"


SHAPES: Final = {
    "stars": ("*a", "a", "b"),
    "marks": ("?", "a", "b"),
    "letters and marks": ("*a?a", "a", "b"),
    "a star, then marks": ("a?", "ab", "*z"),
}
"""A unit of the pattern, a unit of the text, and what the pattern ends with, so that it fails late."""

ROADS: Final[dict[str, Callable[[str, str], Object]]] = {
    "Action": lambda pattern, text: case(ALL | {"Action": f"s3:{pattern}"}, action=f"s3:{text}"),
    "Resource": lambda pattern, text: resource(f"arn:aws:s3:::{pattern}", f"arn:aws:s3:::{text}"),
    "short ARN": lambda pattern, text: resource(f"arn:{pattern}", f"arn:aws:s3:::{text}"),
    "letter case": lambda pattern, text: resource(f"arn:aws:s:{pattern}:1:x", f"arn:aws:s:{text}A:1:x"),
    "crossing": lambda pattern, text: resource(
        f"arn:aws:s:*:{pattern}:x", f"arn:aws:s:r:{text}:{text}:{text}:y"
    ),
    "crossing, variable": lambda pattern, text: resource(
        f"arn:aws:s:*:{pattern}:${{k}}", f"arn:aws:s:r:{text}:{text}:{text}:y", k="x"
    ),
    "Resource, variable": lambda pattern, text: resource(
        f"arn:aws:s3:::{pattern}${{k}}", f"arn:aws:s3:::{text}", k="a"
    ),
    "NotResource": lambda pattern, text: case(
        {"Effect": "Deny", "Action": "*", "NotResource": f"arn:aws:s3:::{pattern}"},
        resource=f"arn:aws:s3:::{text}",
    ),
    "StringLike": lambda pattern, text: condition("StringLike", pattern, k=text),
    "StringLike, variable": lambda pattern, text: condition("StringLike", pattern + "${v}", k=text, v="a"),
    "StringLike, long value": lambda pattern, text: condition("StringLike", "${v}" + pattern, k=text, v=text),
    "StringLike, variables": lambda pattern, text: condition(
        "StringLike", pattern.replace("a", "${v}"), k=text, v="a"
    ),
    "ArnLike": lambda pattern, text: condition(
        "ArnLike", f"arn:aws:s3:::{pattern}", k=f"arn:aws:s3:::{text}"
    ),
    "near miss": lambda pattern, text: case(
        {"Effect": "Allow", "Action": [f"s3:{pattern}", f"s3:{text}*b"], "Resource": "*"}, action=f"s3:{text}"
    ),
}


@pytest.mark.parametrize("road", ROADS)
def test_time_grows_with_the_pattern_and_with_the_text_and_no_faster(road: str) -> None:
    few, many = 1_500, 12_000
    for pattern, text, end in SHAPES.values():

        def seconds(length: int, of_text: int, shape: tuple[str, str, str] = (pattern, text, end)) -> float:
            unit, letters, last = shape
            line = ROADS[road](unit * (length // len(unit)) + last, letters * (of_text // len(letters)))
            return min(answered(line)[1] for _ in range(3))

        small = seconds(few, few)
        assert small < 0.5
        assert (
            seconds(many, few) < 24 * small + 0.1
        )  # eight times as long; what is squared takes 64 times as long
        assert seconds(few, many) < 24 * small + 0.1


@pytest.mark.parametrize("pattern", ["?" * 1_000_000, "*" + "a?" * 500_000])
def test_a_pattern_of_a_million_is_ready_at_once(pattern: str) -> None:
    verdict, took = answered(condition("StringLike", pattern, k="a"))
    assert (verdict, took < 4) == ("ImplicitlyDenied", True)


def test_a_key_that_stands_twice_among_very_many_is_found_soon() -> None:
    many = ", ".join(f'"k{number}": 1' for number in range(50_000))
    found, took = answered(f'{{{many}, "k49999": 1}}')
    assert (found, took < 2) == ("not-json: `k49999` stands twice in one object", True)
