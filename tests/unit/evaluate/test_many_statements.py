"""A policy of many statements, in which those that can concern a request are looked up, answers as each alone would."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from tests.support.statement import ACCOUNT, ALICE

from leastkey.evaluate import compiled as compiled_module
from leastkey.evaluate import layer as layer_module
from leastkey.evaluate import near as near_module
from leastkey.evaluate.asked import Asked
from leastkey.evaluate.compiled import CompiledDocument
from leastkey.evaluate.decide import Compiled, decide
from leastkey.evaluate.layer import Layer
from leastkey.evaluate.near import Near
from leastkey.evaluate.request import NamedDocument, Policies, Request
from leastkey.evaluate.statement import CompiledStatement
from leastkey.iam.document import PolicyDocument, parse_document

SNS = f"arn:aws:sns:eu-west-1:{ACCOUNT}"
PATTERNS: list[str | list[str]] = [
    *("*", "arn:*", "arn:aws:s3*", "arn:aws:s3:::*", "arn:aws:s3:::a", "arn:aws:s3:::a*", "arn:aws:s3:::A"),
    *("arn:aws:s3:::a/*", "arn:aws:s3:::a/b", "arn:aws:s3:::a/b/*", "arn:aws:s3:::a/b*", "arn:aws:s3:::a?b"),
    *(
        "arn:aws:s3:::*/b",
        "arn:aws:s3:::?/b",
        "arn:aws:s3:::${aws:username}",
        "arn:aws:s3:::a/${aws:username}",
    ),
    *(
        "arn:aws:s3:::a/${aws:username}/x",
        "arn:aws:s3:::${$}a",
        "arn:aws:s3:::a${$}",
        "arn:${aws:username}:s3:::a",
    ),
    *(
        "arn:aws:s3:::",
        "arn:aws:s3:::/",
        "arn:aws:s3:::/b",
        "arn:aws:s3:::a:b",
        "arn:aws:s3:::a:b/c",
        "arn:aws:s3:::a/",
    ),
    *("arn:aws:S3:::a", "arn:aws:s3:EU-west-1::a", "arn:aws:s3:*:*:a", "*:*:*:*:*:b", "arn:aws:s3:::K"),
    *(
        f"{SNS}:t",
        f"{SNS}:t:s",
        f"arn:aws:sns:*:{ACCOUNT}:t",
        f"arn:aws:sns:*:{ACCOUNT}:s",
        "arn:aws:sns:*:*:t:s",
    ),
    *(f"arn:aws:sns:*:*:{ACCOUNT}:s", "arn:aws:sns:*:*:*:s", "arn:aws:sns:*:*:*"),
    ["arn:aws:s3:::a", "arn:aws:s3:::b/*"],
    ["arn:aws:s3:::b", "arn:aws:s3:::a/b"],
    ["arn:aws:s3:::z", "arn:aws:s3*"],
    ["arn:aws:s3:::z", f"arn:aws:sns:*:{ACCOUNT}:s"],
]
RESOURCES = [
    *(
        "*",
        "arn:aws:s3",
        "none",
        ":::::a",
        "arn:aws:s3:::",
        "arn:aws:s3:::/",
        "arn:aws:s3:::/b",
        "arn:aws:s3:::a",
    ),
    *(
        "arn:aws:s3:::A",
        "arn:aws:s3:::a/",
        "arn:aws:s3:::a/b",
        "arn:aws:s3:::a/b/",
        "arn:aws:s3:::a/b/c",
        "arn:aws:s3:::axb",
    ),
    *(
        "arn:aws:s3:::a/alice",
        "arn:aws:s3:::a/alice/x",
        "arn:aws:s3:::alice",
        "arn:aws:s3:::a$",
        "arn:aws:s3:::$a",
    ),
    *(
        "arn:aws:s3:::a:b",
        "arn:aws:s3:::a:b/c",
        "arn:aws:s3:::a/b:c",
        "arn:aws:s3:::b/c",
        "arn:aws:s3:::b",
        "arn:aws:S3:::a",
    ),
    *(
        "arn:aws:s3:eu-west-1::a",
        "arn:aws:s3:EU-WEST-1::a",
        "arn:alice:s3:::a",
        "arn:aws:s3:::\u212a",
        "arn:aws:s3:::\nb",
    ),
    *(
        f"{SNS}:t",
        f"{SNS}:t:s",
        f"{SNS}:s",
        f"{SNS}:t:{ACCOUNT}:s",
        f"{SNS}:t:{ACCOUNT}:x",
        f"{SNS}:t/s:{ACCOUNT}:s",
    ),
]


def document(patterns: list[str | list[str]], element: str = "Resource", **more: Any) -> PolicyDocument:
    value: Any = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Deny", "Action": "s3:GetObject", element: pattern, **more} for pattern in patterns
        ],
    }
    return parse_document(value, "identity")


def matching(document: PolicyDocument, resource: str, action: str = "s3:GetObject") -> list[int]:
    request = Request(action, resource, ALICE, ACCOUNT, {"aws:username": "alice"})
    decision = decide(request, Policies(identity=(NamedDocument("p", document),)))
    return [reason.statement for reason in decision.because]


def test_policies_that_are_kept_compiled_answer_as_those_asked_once() -> None:
    some = document(PATTERNS[6:])
    reading = document(PATTERNS[6:])
    allowing = replace(
        reading, statements=tuple(replace(each, effect="Allow") for each in reading.statements)
    )
    for own in (some, allowing):
        named = NamedDocument("p", own)
        policies = Policies(identity=(named,), boundaries=(NamedDocument("b", allowing),))
        for less in (policies, Policies(identity=(named,))):
            kept = Compiled(less)
            for _, resource in itertools.product(range(3), RESOURCES):
                request = Request("s3:GetObject", resource, ALICE, ACCOUNT, {"aws:username": "alice"})
                assert kept.decide(request) == decide(request, less)
                assert kept.verdict(request) is decide(request, less, explain=False).verdict


@pytest.mark.parametrize("element", ["Resource", "NotResource"])
def test_statements_that_are_looked_up_by_resource_are_those_that_match_alone(element: str) -> None:
    many = document(PATTERNS, element)
    alone = [document([pattern], element) for pattern in PATTERNS]
    for resource in RESOURCES:
        expected = [index for index, each in enumerate(alone) if matching(each, resource)]
        for _ in range(3):
            assert matching(many, resource) == expected, resource


def test_it_makes_no_difference_how_many_there_are_and_in_which_order() -> None:
    for size, start in itertools.product((6, 7), range(0, len(PATTERNS), 7)):
        some = list(reversed([*PATTERNS, *PATTERNS][start : start + size]))
        together, alone = document(some), [document([pattern]) for pattern in some]
        for resource in RESOURCES:
            expected = [index for index, each in enumerate(alone) if matching(each, resource)]
            assert matching(together, resource) == matching(together, resource) == expected, (some, resource)


ACTIONS: list[str | list[str]] = [
    *(
        "*",
        "s3:*",
        "S3:*",
        "s3:Get*",
        "s3:GetObject",
        "s3:getobject",
        "s3:?etObject",
        "s3:PutObject",
        "ec2:*",
        "s?:*",
    ),
    *(
        "s*",
        "*:*",
        "*:GetObject",
        "?3:GetObject",
        "s3:GetObject?",
        "s3:Get",
        "s3:GetObjectAcl",
        "a\0s3:GetObject",
        "s3",
    ),
    ["ec2:*", "s3:GetObject"],
    ["ec2:RunInstances", "s3:G*"],
    ["s3:Put*", "ec2:*"],
    ["s3:GetObjectAcl", "s3:GetObject"],
]


@pytest.mark.parametrize("element", ["Action", "NotAction"])
@pytest.mark.parametrize(
    "action",
    [
        *("s3:GetObject", "S3:GETOBJECT", "s3:GetObjectAcl", "ec2:RunInstances", "a:b", "s3:s3"),
        "a\0s3:GetObject",
    ],
)
def test_statements_that_are_looked_up_by_action_are_those_that_match_alone(
    element: str, action: str
) -> None:
    def stating(patterns: list[str | list[str]]) -> PolicyDocument:
        entries = [{"Effect": "Deny", element: pattern, "Resource": "*"} for pattern in patterns]
        value: Any = {"Version": "2012-10-17", "Statement": entries}
        return parse_document(value, "identity")

    many = stating(ACTIONS)
    expected = [index for index, each in enumerate(ACTIONS) if matching(stating([each]), "*", action)]
    assert matching(many, "*", action) == matching(many, "*", action) == expected
    assert 0 < len(expected) < len(ACTIONS)


def test_an_action_that_holds_what_joins_patterns_is_the_pattern_that_holds_it_too() -> None:
    some = document([["ec2:a", "s3:b"], "ec2:a\0s3:b", "ec2:*", "s3:b"], "Action", Resource="*")
    assert matching(some, "*", "ec2:a\0s3:b") == [1, 2]


def test_a_slash_before_the_name_of_the_resource_is_covered_by_a_short_pattern() -> None:
    assert matching(document(["arn:aws:s3/*", "arn:aws:s3/z*"]), "arn:aws:s3/y:::a") == [0]


def test_what_is_remembered_of_actions_stays_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_module, "_ACTIONS", 3)
    own = Layer((NamedDocument("p", document(["*"])),))
    for number in range(10):
        own.speaking_to(Asked(Request(f"s3:a{number}", "*", ALICE), has_boundary=False))
        assert 1 <= len(own._by_action) <= 3


LOOKED_UP: list[tuple[list[str], str]] = [
    ([], "none /b a a/ a/b a/b/c a:b b b:a b/c"),
    (["*"], "none /b a a/ a/b a/b/c a:b b b:a b/c"),
    (["arn:aws:s3"], "none /b a a/ a/b a/b/c a:b b b:a b/c"),
    (["arn:aws:s3::a"], "none /b a a/ a/b a/b/c a:b b b:a b/c"),
    (["arn:aws:s3:${aws:username}::a"], "none /b a a/ a/b a/b/c a:b b b:a b/c"),
    (["arn:aws:s3:::z", "arn:aws:s3*"], "none /b a a/ a/b a/b/c a:b b b:a b/c"),
    (["arn:aws:s3:::z", "arn:aws:s3:::a*"], "none /b a a/ a/b a/b/c a:b b b:a b/c"),
    (["arn:aws:s3:::a*"], "none /b a a/ a/b a/b/c a:b b b:a b/c"),
    (["arn:aws:s3:::?/b"], "none /b a a/ a/b a/b/c a:b b b:a b/c"),
    (["arn:aws:s3:::${aws:username}"], "none /b a a/ a/b a/b/c a:b b b:a b/c"),
    (["arn:aws:s3:::a"], "a a/ a/b a/b/c a:b"),
    ([":::::a"], "a a/ a/b a/b/c a:b"),
    (["arn:aws:s3:::a/*"], "a a/ a/b a/b/c a:b"),
    (["arn:aws:s3:::a/?"], "a a/ a/b a/b/c a:b"),
    (["arn:aws:s3:::a/${aws:username}"], "a a/ a/b a/b/c a:b"),
    (["arn:aws:s3:::a/b"], "a/b a/b/c"),
    (["arn:aws:s3:::a/b/*"], "a/b a/b/c"),
    (["arn:aws:s3:::a:b"], "a:b"),
    (["arn:aws:s3:::"], "none /b"),
    (["arn:aws:s3:::/b"], "/b"),
    (["arn:aws:s3:::/*"], "none /b"),
    (["arn:aws:s3:::a/b", "arn:aws:s3:::b/*"], "a/b a/b/c b b:a b/c"),
    (["arn:aws:s3:*:*:b"], "a:b b b:a b/c"),
    (["arn:aws:s3:::z", "arn:aws:s3:*:*:a/b"], "a/b a/b/c a:b b:a"),
]
"""Patterns of one statement, and after the bucket's ARN the resources for which it is asked, `none` for no more."""


@pytest.mark.parametrize(("patterns", "expected"), LOOKED_UP)
def test_a_statement_among_many_is_asked_where_the_first_names_of_its_resource_are(
    patterns: list[str], expected: str
) -> None:
    places = LOOKED_UP[0][1].split()
    others = [(f"arn:aws:s3:::other{number}",) for number in range(near_module._FEW)]
    few = Near(tuple(range(near_module._FEW)), [tuple(patterns), *others[1:]])
    many = Near(tuple(range(near_module._FEW + 1)), [tuple(patterns), *others])
    found = []
    for place in places:
        resource = f"arn:aws:s3:::{'' if place == 'none' else place}"
        asked = Asked(Request("s3:GetObject", resource, ALICE), has_boundary=False)
        assert few.to(asked) == tuple(range(near_module._FEW))
        assert list(many.to(asked)) in ([], [0])
        found += [place] if many.to(asked) else []
    assert found == expected.split()


BEGUN: list[tuple[list[str], str]] = [
    (["*"], "a/b b a:b"),
    (["arn:aws:s3:::a"], "a/b a:b"),
    (["arn:aws:s3:::A/b"], "a/b"),
    (["arn:aws:s3:::a/*"], "a/b"),
    (["arn:aws:s3:::b*"], "b"),
    (["arn:aws:s3:::?"], "a/b b a:b"),
    (["arn:aws:s3:::${aws:username}"], "a/b b a:b"),
    (["arn:aws:s3:::z", "arn:aws:s3:::y", "arn:aws:s3:::x*"], ""),
    (["arn:aws:s3:::z", "arn:aws:s3:::y", "arn:aws:s3:::b"], "b"),
]
"""Patterns of one statement, and the resources for which it is looked at when the action is first asked for."""


@pytest.mark.parametrize(("patterns", "expected"), BEGUN)
def test_a_statement_is_passed_over_where_no_pattern_begins_as_the_resource_does(
    patterns: list[str], expected: str
) -> None:
    found = []
    for place in ("a/b", "b", "a:b"):
        request = Request("s3:GetObject", f"arn:aws:s3:::{place}", ALICE)
        own = CompiledDocument(document([patterns]))
        found += [place] * len(own.concerning(Asked(request, has_boundary=False)))
    assert found == expected.split()


def test_what_was_compiled_is_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_module, "_ACTIONS", 3)
    own = CompiledDocument(document(PATTERNS))
    assert own.statements[0] is own.statements[0]
    for number in range(10):
        asked = Asked(Request(f"s3:a{number}", "*", ALICE), has_boundary=False)
        assert list(own.concerning(asked)) == list(own.concerning(asked)) == []
        assert own._by_action[asked.action] is own._near(asked.action)
        assert len(own._by_action) == number % 3 + 1


def test_a_statement_keeps_what_it_was_compiled_to() -> None:
    entry = {"Effect": "Deny", "Action": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    own = CompiledStatement({**entry, "Resource": "arn:aws:s3:::a"}, 0, "2012-10-17")
    asked = Asked(
        Request("s3:GetObject", "arn:aws:s3:::a", ALICE, "", {"aws:SecureTransport": "false"}),
        has_boundary=False,
    )
    assert own.resource_patterns == ("arn:aws:s3:::a",)
    assert own.resource(asked) is True
    matcher = own._resource
    assert own.resource(asked) is own.applies(asked) is True
    assert own._resource is matcher is not None
    assert own.conditions is own.conditions
    assert own.source is own.source


def test_a_statement_without_resource_speaks_of_every_request_and_of_one_without_a_resource() -> None:
    own = CompiledStatement(
        {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}, 0, "2012-10-17"
    )
    assert own.resource(Asked(Request("sts:AssumeRole", "*", ALICE), has_boundary=False)) is True
