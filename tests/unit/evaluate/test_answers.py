"""Answers and errors of the neutral case format, whole, as a program reads them; and requests that cannot be asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.support.statement import ACCOUNT, OTHER, matches

from leastkey.evaluate.asked import RequestError
from leastkey.evaluate.cases import CaseError, answer_line, read_case
from leastkey.evaluate.context_keys import CallFacts
from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import Policies, Principal, Request

Object = dict[str, Any]
USER = f"arn:aws:iam::{ACCOUNT}:user/a"
DENY = {"Sid": "No", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}
READ = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::b/*"}
REQUEST: Object = {
    "action": "s3:GetObject",
    "resource": {"arn": "arn:aws:s3:::b/k", "account": ACCOUNT},
    "principal": {"type": "user", "arn": USER, "account": ACCOUNT},
}


def case(**request: Any) -> Object:
    document = {"Version": "2012-10-17", "Statement": [DENY, READ]}
    return {
        "id": "x",
        "request": REQUEST | request,
        "identity_policies": [{"name": "own", "document": document}],
    }


NOT_APPLICABLE = dict.fromkeys(
    ("rcps", "scps", "endpoint", "resource", "boundary", "session"), "not applicable"
)
READING = {"layer": "identity", "policy": "own", "statement": 1, "sid": None, "effect": "Allow"}
DENYING = {"layer": "identity", "policy": "own", "statement": 0, "sid": "No", "effect": "Deny"}


@pytest.mark.parametrize(
    ("request_", "verdict", "layer", "because"),
    [
        ({}, "Allowed", "allows", [READING]),
        ({"action": "s3:DeleteObject"}, "ExplicitlyDenied", "explicit deny", [DENYING]),
        (
            {"resource": {"arn": "arn:aws:s3:::c/k", "account": ACCOUNT}},
            "ImplicitlyDenied",
            "implicit deny",
            [
                DENYING | {"failed": "action", "asked": "s3:GetObject", "pattern": "s3:Delete*"},
                READING | {"failed": "resource", "asked": "arn:aws:s3:::c/k", "pattern": "arn:aws:s3:::b/*"},
            ],
        ),
    ],
)
def test_a_case_is_answered_whole(request_: Object, verdict: str, layer: str, because: list[Object]) -> None:
    line = json.dumps(case(**request_))
    answer = {
        "id": "x",
        "verdict": verdict,
        "decided_by": "identity",
        "layers": NOT_APPLICABLE | {"identity": layer},
        "because": because,
    }
    assert answer_line(line) == answer_line(line.encode()) == (answer, True)


def test_an_answer_that_rests_on_an_open_question_names_it() -> None:
    short = {
        **case(),
        "identity_policies": [{"document": {"Statement": {**READ, "Resource": "arn:aws:s3*"}}}],
    }
    found, _ = answer_line(json.dumps(short))
    assert (found["verdict"], found["undocumented"]) == ("Allowed", ["short-arn-pattern"])
    assert found["because"][0]["policy"] == "identity_policies[0]"


KINDS = "`anonymous`, `federated`, `feduser`, `role`, `root`, `service`, `session`, `user`"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"\xff", {"code": "not-json", "what": "not UTF-8 at byte 0"}),
        ("[]", {"code": "invalid-case", "what": "a case is a JSON object"}),
        ("{}", {"code": "invalid-case", "what": "`id` is a text"}),
        ({"id": "x"}, {"code": "invalid-case", "what": "`request` is an object"}),
        (
            case(resource=None),
            {"code": "invalid-case", "what": "`request.resource` is an object of `arn` and `account`"},
        ),
        (case(resource={}), {"code": "invalid-case", "what": "`request.resource.arn` is a text"}),
        (
            case(resource={"arn": "a", "account": 1}),
            {"code": "invalid-case", "what": "`request.resource.account` is a text"},
        ),
        (case(action=1), {"code": "invalid-case", "what": "`request.action` is a text"}),
        (case(principal=[]), {"code": "invalid-case", "what": "`request.principal` is an object"}),
        (case(principal={}), {"code": "invalid-case", "what": "`request.principal.type` is a text"}),
        (
            case(principal={"type": "group"}),
            {"code": "invalid-case", "what": f"`request.principal.type` is one of {KINDS}"},
        ),
        (
            case(principal={"type": "user"}),
            {"code": "invalid-case", "what": "`request.principal.arn` is a text"},
        ),
        (
            case(principal={"type": "root", "arn": "a"}),
            {"code": "invalid-case", "what": "`request.principal.account` is a text"},
        ),
        (
            case(context=1),
            {"code": "invalid-case", "what": "`request.context` is an object of condition keys"},
        ),
        (
            case(context={"k": [{}]}),
            {"code": "invalid-case", "what": "`request.context` key `k` holds a text or a list of texts"},
        ),
        (
            case() | {"identity_policies": [{}]},
            {"code": "invalid-case", "what": "`identity_policies[0]` is an object of `name` and `document`"},
        ),
        (
            case() | {"identity_policies": ["document"]},
            {"code": "invalid-case", "what": "`identity_policies[0]` is an object of `name` and `document`"},
        ),
        (
            case() | {"identity_policies": [{"name": 1, "document": {}}]},
            {"code": "invalid-case", "what": "`identity_policies[0].name` is a text"},
        ),
        (
            case() | {"identity_policies": [{"document": {}}]},
            {
                "code": "MalformedPolicyDocument",
                "what": "identity_policies[0].document $: Statement is missing",
            },
        ),
        (
            case() | {"resource_policy": {}},
            {"code": "MalformedPolicyDocument", "what": "resource_policy $: Statement is missing"},
        ),
        (
            case() | {"vpc_endpoint_policies": [{}]},
            {"code": "MalformedPolicyDocument", "what": "vpc_endpoint_policies[0] $: Statement is missing"},
        ),
        (
            case() | {"permission_boundaries": [{}]},
            {"code": "MalformedPolicyDocument", "what": "permission_boundaries[0] $: Statement is missing"},
        ),
        (
            case() | {"scps": [[], [{}]]},
            {"code": "MalformedPolicyDocument", "what": "scps[1][0] $: Statement is missing"},
        ),
        (
            case() | {"rcps": [[{}]]},
            {"code": "MalformedPolicyDocument", "what": "rcps[0][0] $: Statement is missing"},
        ),
        (
            case() | {"rcps": [1]},
            {"code": "invalid-case", "what": "`rcps[0]` is a level: a list of documents"},
        ),
        (case() | {"scps": {}}, {"code": "invalid-case", "what": "`scps` is a list"}),
        (case() | {"notice": 1}, {"code": "invalid-case", "what": "`notice` is no field of a case"}),
    ],
)
def test_what_is_no_case_is_told(line: bytes | str | Object, error: Object) -> None:
    found = answer_line(json.dumps(line) if isinstance(line, dict) else line)
    assert found == ({"id": "x" if isinstance(line, dict) else None, "error": error}, False)


@pytest.mark.parametrize(
    ("action", "fault"),
    [
        ("sts:AssumeRole", "Statement[1].Resource: Resource does not belong into a trust policy"),
        ("s3:GetObject", "Statement[0]: Resource is missing"),
    ],
)
def test_a_resource_policy_that_fits_no_kind_is_told_what_its_actions_kind_wants(
    action: str, fault: str
) -> None:
    trust = {"Effect": "Allow", "Principal": "*", "Action": "*"}
    line = case(action=action) | {"resource_policy": {"Statement": [trust, {**trust, "Resource": "*"}]}}
    error = {"code": "MalformedPolicyDocument", "what": f"resource_policy $.{fault}"}
    assert answer_line(json.dumps(line)) == ({"id": "x", "error": error}, False)


def test_remarks_are_let_pass_and_what_may_lack_may_lack() -> None:
    remarks = ("features", "says", "source", "expect", "expected", "note", "notes", "description", "category")
    bare = case(resource={"arn": "arn:aws:s3:::b/k"}) | dict.fromkeys(remarks, 1) | {"resource_policy": None}
    assert read_case(bare).request.context == {}
    for kind, principal in (("anonymous", {}), ("service", {"arn": "s"}), ("federated", {"arn": "f"})):
        assert read_case(case(principal={"type": kind, **principal})).request.principal.account == ""
    nameless = case(resource={"arn": "arn:aws:s3:::b/k", "account": ""})
    assert read_case(nameless).request.resource_account == ""
    with pytest.raises(CaseError, match=r"^`id` is a text$"):
        read_case({})
    every: Object = {field: [] for field in ("permission_boundaries", "session_policies", "scps", "rcps")}
    assert read_case({**bare, **every, "vpc_endpoint_policies": []}).policies.resource is None


@pytest.mark.parametrize("field", ["action", "resource", "principal", "context"])
def test_a_misspelled_field_of_a_request_is_told_what_is_meant(field: str) -> None:
    line = case(context={})
    line["request"][f"{field}s"] = line["request"].pop(field)
    what = f"`request.{field}s` is no field of a case: `request.{field}` is"
    assert answer_line(json.dumps(line))[0]["error"]["what"] == what


NOW = CallFacts(now=datetime(2026, 1, 1, tzinfo=UTC), is_secure=True)
TAGGED = {**READ, "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}}


def tagged(**principal: Any) -> str:
    return json.dumps(
        {
            **case(principal=REQUEST["principal"] | principal),
            "identity_policies": [{"document": {"Statement": TAGGED}}],
        }
    )


def test_what_is_known_of_a_call_and_the_tags_of_its_caller_are_filled_in_and_told() -> None:
    found, _ = answer_line(tagged(tags={"team": "red"}), NOW)
    assert (found["verdict"], found["filled"]["aws:PrincipalTag/team"]) == ("Allowed", "red")
    assert found["filled"]["aws:SecureTransport"] == "true"
    untold, _ = answer_line(tagged(), NOW)
    assert untold["verdict"] == "ImplicitlyDenied"
    assert "aws:PrincipalTag/team" in [each["key"] for each in untold["unknown"]]
    untagged, _ = answer_line(tagged(tags={}), NOW)
    assert "aws:PrincipalTag/team" in [each["key"] for each in untagged["absent"]]
    assert "filled" not in answer_line(tagged(tags={"team": "red"}))[0]


@pytest.mark.parametrize("tags", [[], {"team": 1}, {"team": "red", "size": None}])
def test_tags_of_a_caller_are_texts(tags: Any) -> None:
    error = {"code": "invalid-case", "what": "`request.principal.tags` is an object of texts"}
    assert answer_line(tagged(tags=tags), NOW) == ({"id": "x", "error": error}, False)


def test_keys_that_lack_are_told_where_they_are_asked_for_and_lack() -> None:
    lacking, _ = answer_line(tagged(), with_missing=True)
    assert [(each["key"], each["value"]) for each in lacking["missing"]] == [("aws:PrincipalTag/team", "red")]
    assert "missing" not in answer_line(tagged())[0]
    assert "missing" not in answer_line(json.dumps(case()), with_missing=True)[0]


@pytest.mark.parametrize("kind", ["user", "role", "session", "feduser", "root"])
def test_who_belongs_to_an_account_names_it(kind: Any) -> None:
    with pytest.raises(RequestError, match=f"a {kind} belongs to an account, and none is named"):
        decide(Request("s3:GetObject", "*", Principal(kind, "a", "")), Policies())


@pytest.mark.parametrize("action", ["", "s3", "s3:", ":Get", "s3:Get*", "s3:Get?bject", "s?:GetObject"])
def test_an_action_is_asked_without_wildcards(action: str) -> None:
    user = Principal("user", USER, ACCOUNT)
    with pytest.raises(RequestError, match="is no action: write `service:Action` without wildcards"):
        decide(Request(action, "*", user), Policies())


def test_a_resource_that_is_no_arn_matches_a_star_alone() -> None:
    for resource in ("x:aws:s3:::b", "arn:aws:s3"):
        assert matches({"Resource": "*"}, resource=resource) is True
        assert matches({"Resource": "*:*:*:*:*:*"}, resource=resource) is False


def test_a_resource_without_an_owner_belongs_to_the_caller() -> None:
    policy = {"Statement": {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "*", "Resource": "*"}}
    line = {**case(resource={"arn": "arn:aws:s3:::b/k"}), "identity_policies": [], "resource_policy": policy}
    found, _ = answer_line(json.dumps(line))
    assert (found["verdict"], found["because"][0]["policy"]) == ("Allowed", "resource_policy")
    line["request"]["resource"]["account"] = OTHER
    assert answer_line(json.dumps(line))[0]["verdict"] == "ImplicitlyDenied"
