"""What decides when several layers speak: the layer named, the open questions named, and the statements told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.statement import ACCOUNT, ALICE, OTHER

from leastkey.evaluate.cases import read_case
from leastkey.evaluate.decide import Compiled, decide
from leastkey.evaluate.request import LayerResult, NamedDocument, Policies, Principal, Request, Verdict
from leastkey.iam.document import DocumentKind, parse_document

OBJECT = "arn:aws:s3:::b/k"
ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
DENY = ALLOW | {"Effect": "Deny"}
ROOT = Principal("root", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
ANYBODY = Principal("anonymous", "", "")
SERVICE = Principal("service", "sns.amazonaws.com", "")
PROVIDER = Principal("federated", "accounts.google.com", "")
USERS_OWN = {"AWS": ALICE.arn}


def policy(*statements: dict[str, Any], kind: DocumentKind = "identity", name: str = "p") -> NamedDocument:
    document: Any = {"Version": "2012-10-17", "Statement": list(statements)}
    return NamedDocument(name, parse_document(document, kind))


def bucket(principal: Any, **more: Any) -> NamedDocument:
    return policy({**ALLOW, "Principal": principal, **more}, kind="resource")


def asked(
    who: Principal = ALICE, owner: str = ACCOUNT, action: str = "s3:GetObject", **context: str
) -> Request:
    return Request(action, OBJECT, who, owner, context)


ALL = (policy(ALLOW),)
NONE = (policy(ALLOW | {"Action": "ec2:*"}),)


@pytest.mark.parametrize(
    ("who", "policies", "by"),
    [
        (ALICE, Policies(identity=ALL), "identity"),
        (ALICE, Policies(identity=ALL, resource=bucket({"AWS": ACCOUNT})), "identity"),
        (ALICE, Policies(identity=ALL, resource=bucket(USERS_OWN)), "resource"),
        (ALICE, Policies(resource=bucket(USERS_OWN)), "resource"),
        (ROOT, Policies(), "identity"),
        (ROOT, Policies(resource=bucket({"AWS": ACCOUNT})), "resource"),
        (SERVICE, Policies(resource=bucket({"Service": SERVICE.arn})), "resource"),
    ],
)
def test_an_allow_is_decided_by_the_layer_that_grants(who: Principal, policies: Policies, by: str) -> None:
    for explain in (True, False):
        decision = decide(asked(who), policies, explain=explain)
        assert (decision.verdict, decision.decided_by) == (Verdict.ALLOWED, by)


@pytest.mark.parametrize(
    ("who", "owner", "policies", "by"),
    [
        (ALICE, ACCOUNT, Policies(), "identity"),
        (ALICE, ACCOUNT, Policies(identity=ALL, scps=(NONE,), endpoints=NONE), "scps"),
        (ALICE, ACCOUNT, Policies(identity=ALL, scps=(ALL, NONE)), "scps"),
        (ALICE, ACCOUNT, Policies(identity=ALL, scps=((*ALL, *NONE),), endpoints=NONE), "endpoint"),
        (ALICE, ACCOUNT, Policies(identity=ALL, boundaries=NONE, sessions=NONE), "boundary"),
        (ALICE, ACCOUNT, Policies(identity=ALL, boundaries=(*ALL, *NONE)), "boundary"),
        (ALICE, ACCOUNT, Policies(identity=ALL, boundaries=ALL, sessions=NONE), "session"),
        (ALICE, OTHER, Policies(identity=ALL), "resource"),
        (ALICE, OTHER, Policies(resource=bucket(USERS_OWN)), "identity"),
        (ROOT, OTHER, Policies(), "resource"),
        (ANYBODY, ACCOUNT, Policies(identity=ALL), "resource"),
        # nobody owns the resource and nobody asks: that is not one account
        (ANYBODY, "", Policies(identity=ALL), "resource"),
        (SERVICE, "", Policies(identity=ALL), "resource"),
        (PROVIDER, "", Policies(identity=ALL), "resource"),
    ],
)
def test_a_missing_allow_is_told_of_the_first_layer_that_withholds_it(
    who: Principal, owner: str, policies: Policies, by: str
) -> None:
    for explain in (True, False):
        decision = decide(asked(who, owner), policies, explain=explain)
        assert (decision.verdict, decision.decided_by) == (Verdict.IMPLICITLY_DENIED, by)
        assert decision.because == ()


def test_calls_that_need_no_permission_need_somebody_who_calls() -> None:
    for action in ("sts:GetCallerIdentity", "STS:GetSessionToken"):
        decision = decide(asked(action=action), Policies(identity=(policy(DENY),)))
        assert (decision.verdict, decision.decided_by) == (Verdict.ALLOWED, "identity")
        assert set(decision.layers.values()) == {LayerResult.NOT_APPLICABLE}
        for nobody in (ANYBODY, SERVICE, PROVIDER):
            assert not decide(asked(nobody, action=action), Policies()).is_allowed


CASES = [
    case
    for file in sorted((Path(__file__).parents[3] / "cases").glob("*.json"))
    for case in json.loads(file.read_text(encoding="utf-8"))
]


def test_the_verdict_alone_is_that_of_the_whole_decision() -> None:
    for case in CASES:
        read = read_case(case)
        assert Compiled(read.policies).verdict(read.request) == case["expect"]["verdict"], case["id"]


def test_the_resource_can_be_required_to_allow() -> None:
    kept = Compiled(Policies(identity=ALL))
    assert kept.verdict(asked()) is kept.decide(asked()).verdict is Verdict.ALLOWED
    decision = kept.decide(asked(), resource_must_allow=True)
    assert (decision.verdict, decision.decided_by) == (Verdict.IMPLICITLY_DENIED, "resource")
    assert kept.verdict(asked(), resource_must_allow=True) is Verdict.IMPLICITLY_DENIED


def test_what_is_not_explained_has_no_reasons() -> None:
    decision = decide(asked(), Policies(identity=ALL), explain=False)
    assert (decision.because, decide(asked(), Policies(identity=ALL)).because != ()) == ((), True)


SHORT = DENY | {"Resource": "arn:aws:s3*"}
ODD = DENY | {"Condition": {"NumericEquals": {"k": "x"}}}
STRANGE = DENY | {"Condition": {"Resembles": {"k": "x"}}}


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        ([ODD], ("unparsable-value",)),
        # either would deny alone: the verdict turns only where both are answered the other way
        ([ODD, STRANGE], ("unknown-operator", "unparsable-value")),
        ([ODD, STRANGE, SHORT], ("short-arn-pattern", "unknown-operator", "unparsable-value")),
        # an Allow that hangs on another question changes nothing beside one that does not
        ([ODD, STRANGE | {"Effect": "Allow"}], ("unparsable-value",)),
        ([ODD, DENY], ()),
        ([ODD, STRANGE, DENY], ()),
        # it denies only where both questions are answered towards deny
        ([ODD | {"Resource": "arn:aws:s3*"}], ("short-arn-pattern", "unparsable-value")),
    ],
)
def test_the_questions_named_are_those_the_verdict_turns_on(
    statements: list[dict[str, Any]], named: tuple[str, ...]
) -> None:
    decision = decide(asked(k="1"), Policies(identity=(policy(ALLOW, *statements),)))
    assert (decision.verdict, decision.undocumented) == (Verdict.EXPLICITLY_DENIED, named)


def test_a_question_that_does_not_count_is_not_named() -> None:
    silent = policy(ALLOW | {"Condition": {"Resembles": {"k": "x"}}})
    assert decide(asked(k="1"), Policies(identity=(silent,), boundaries=NONE)).undocumented == ()
    assert decide(asked(k="1"), Policies(identity=(silent,))).undocumented == ("unknown-operator",)


def test_near_misses_are_of_layers_that_apply_and_of_statements_that_did_not_match() -> None:
    policies = Policies(identity=NONE, scps=(NONE,), boundaries=NONE, resource=bucket("*"))
    assert decide(asked(ANYBODY), policies).near_misses == ()
    odd = decide(asked(k="1"), Policies(identity=(policy(ODD),)))
    assert (odd.verdict, odd.near_misses) == (Verdict.EXPLICITLY_DENIED, ())
    cut = decide(asked(), Policies(identity=(policy(ALLOW),), boundaries=NONE))
    assert [(miss.layer, miss.element) for miss in cut.near_misses] == [("boundary", "action")]


def test_a_near_miss_shows_the_one_element_that_failed() -> None:
    two = {"StringEquals": {"k": "a"}, "StringLike": {"other": ["b*", "c"]}}
    statements = (
        ALLOW | {"Condition": two},
        ALLOW | {"Action": ["s3:PUTObject", "s3:GETObjectAcl", "ec2:*"]},
    )
    decision = decide(asked(k="a", other="x"), Policies(identity=(policy(*statements),)))
    assert [(miss.element, miss.asked, miss.pattern) for miss in decision.near_misses] == [
        ("condition", "other is x", "StringLike other b*, c"),
        ("action", "s3:GetObject", "s3:GETObjectAcl"),
    ]


def test_a_near_miss_shows_who_was_not_meant() -> None:
    decision = decide(asked(ANYBODY), Policies(resource=bucket(USERS_OWN)))
    (miss,) = decision.near_misses
    assert (miss.element, miss.asked, miss.pattern) == ("principal", "anonymous", f'{{"AWS": "{ALICE.arn}"}}')
    spared = policy(DENY | {"NotPrincipal": {"Service": SERVICE.arn}}, kind="resource")
    (miss,) = decide(asked(SERVICE), Policies(resource=spared)).near_misses
    assert (miss.element, miss.pattern) == ("principal", f'{{"Service": "{SERVICE.arn}"}}')


def test_an_allow_tells_the_statements_of_both_granting_layers() -> None:
    policies = Policies(
        identity=(policy(ALLOW, name="own"),), resource=bucket(USERS_OWN), boundaries=ALL, scps=(ALL,)
    )
    decision = decide(asked(), policies)
    assert [(reason.layer, reason.policy) for reason in decision.because] == [
        ("resource", "p"),
        ("identity", "own"),
    ]
    denied = decide(asked(), Policies(identity=(policy(ALLOW, DENY),), boundaries=(policy(DENY),)))
    assert [(reason.layer, reason.statement) for reason in denied.because] == [
        ("identity", 1),
        ("boundary", 0),
    ]


@pytest.mark.parametrize("action", ["s3:Get:Object", "s3:x"])
def test_an_action_belongs_to_the_service_before_its_first_colon(action: str) -> None:
    for pattern in ("s3:*", "S3:*", "*", "s*:*"):
        assert decide(
            asked(action=action), Policies(identity=(policy(ALLOW | {"Action": pattern}),))
        ).is_allowed
    only = ALLOW | {"Action": ["ec2:*", "s3:y"]}
    assert not decide(asked(action=action), Policies(identity=(policy(only),))).is_allowed
    other = {"Effect": "Allow", "NotAction": "ec2:*", "Resource": "*"}
    assert decide(asked(action=action), Policies(identity=(policy(only, other),))).is_allowed
