"""Lines of the neutral case format: what is no case, what its fields may be, and whose a resource is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leastkey.evaluate.cases import answer_line, read_case

GOOD: dict[str, Any] = {
    "id": "x",
    "request": {
        "action": "s3:GetObject",
        "resource": {"arn": "arn:aws:s3:::b/k", "account": "111122223333"},
        "principal": {"type": "user", "arn": "arn:aws:iam::111122223333:user/a", "account": "111122223333"},
        "context": {},
    },
}


def with_request(**changes: Any) -> dict[str, Any]:
    return {**GOOD, "request": {**GOOD["request"], **changes}}


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("{", "not-json", "not JSON"),
        ("[" * 100_000, "not-json", "nested"),
        (f'{{"id": {"1" * 5_000}}}', "not-json", "too many digits"),
        ('{"id": "x", "scps": [], "scps": null}', "not-json", "`scps` stands twice"),
        ('{"id": "x", "note": NaN}', "not-json", "`NaN`"),
        ("[]", "invalid-case", "object"),
        ("{}", "invalid-case", "`id`"),
        ({**GOOD, "scp": []}, "invalid-case", "`scp`"),
        ({**GOOD, "scps": [{}]}, "invalid-case", "`scps[0]`"),
        ({**GOOD, "rcps": {}}, "invalid-case", "`rcps`"),
        ({**GOOD, "identity_policies": ["x"]}, "invalid-case", "`identity_policies[0]`"),
        ({"id": "x"}, "invalid-case", "`request`"),
        (with_request(action=""), "invalid-case", "`request.action`"),
        (with_request(action="s3:*"), "invalid-case", "s3:*"),
        (with_request(resource=7), "invalid-case", "`request.resource`"),
        (with_request(resource={"arn": "arn:aws:s3:::b/*"}), "invalid-case", "wildcard"),
        (
            with_request(principal={"type": "group", "arn": "a", "account": "b"}),
            "invalid-case",
            "principal.type",
        ),
        (with_request(principal={"type": "user", "arn": "a"}), "invalid-case", "principal.account"),
        (with_request(context=[]), "invalid-case", "`request.context`"),
        (with_request(context={"aws:x": None}), "invalid-case", "`aws:x`"),
        (with_request(context={"aws:x": "1", "AWS:X": "2"}), "invalid-case", "twice"),
        (
            {**GOOD, "session_policies": [{"Version": "2012-10-17", "Statement": [{"Effect": "Maybe"}]}]},
            "MalformedPolicyDocument",
            "session_policies[0] $.Statement[0].Effect",
        ),
    ],
)
def test_a_malformed_case_is_answered_on_its_line(line: str | dict[str, Any], code: str, words: str) -> None:
    found, is_case = answer_line(line if isinstance(line, str) else json.dumps(line))
    assert not is_case
    assert found["error"]["code"] == code
    assert words in found["error"]["what"]
    assert found["id"] == ("x" if isinstance(line, dict) else None)


def test_a_case_is_answered_with_what_lacked() -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:Put*", "Resource": "*"}],
    }
    case = {**GOOD, "identity_policies": [{"name": "p", "document": policy}], "features": ["a"]}
    found, is_case = answer_line(json.dumps(case))
    assert is_case
    assert found["verdict"] == "ImplicitlyDenied"
    assert found["because"][0]["failed"] == "action"
    assert found["because"][0]["pattern"] == "s3:Put*"
    assert found["layers"]["identity"] == "implicit deny"


def test_numbers_and_booleans_of_a_context_are_their_json_text() -> None:
    case = read_case(with_request(context={"aws:MultiFactorAuthPresent": True, "s3:max-keys": [10, 2.5]}))
    assert case.request.context == {"aws:MultiFactorAuthPresent": "true", "s3:max-keys": ("10", "2.5")}


def test_a_resource_may_be_its_arn_alone_and_belongs_to_the_caller() -> None:
    asked = read_case(with_request(resource="arn:aws:s3:::b/k")).request
    assert (asked.resource, asked.resource_account) == ("arn:aws:s3:::b/k", "")


def test_a_trust_policy_that_names_its_resource_is_read_as_it_stands() -> None:
    role = "arn:aws:iam::111122223333:role/r"
    trust = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": role}
    for resource, verdict in ((role, "Allowed"), (f"{role}2", "ImplicitlyDenied")):
        case = {
            **with_request(action="sts:AssumeRole", resource={"arn": resource, "account": "111122223333"}),
            "resource_policy": {"Version": "2012-10-17", "Statement": [trust]},
        }
        assert answer_line(json.dumps(case))[0]["verdict"] == verdict


def asked(resource: dict[str, str], **more: object) -> tuple[str, str]:
    everything = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    alice = {"type": "user", "arn": "arn:aws:iam::111122223333:user/alice", "account": "111122223333"}
    case = {
        "id": "x",
        "request": {"action": "sns:Publish", "resource": resource, "principal": alice},
        "identity_policies": [{"name": "p", "document": everything}],
        **more,
    }
    answer, _ = answer_line(json.dumps(case))
    return answer["verdict"], answer["decided_by"]


def test_a_resource_belongs_to_the_account_its_arn_names() -> None:
    assert asked({"arn": "arn:aws:sns:eu-west-1:444455556666:t"}) == ("ImplicitlyDenied", "resource")
    assert asked({"arn": "arn:aws:sns:eu-west-1:111122223333:t"}) == ("Allowed", "identity")
    assert asked({"arn": "arn:aws:s3:::bucket"}) == ("Allowed", "identity")
    assert asked({"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}) == ("Allowed", "identity")
    stream = "arn:aws:logs:eu-west-1:444455556666:log-group:/acme/x:log-stream:s"
    assert asked({"arn": stream}) == ("ImplicitlyDenied", "resource")
    assert asked({"arn": "arn:aws:sns:eu-west-1:4444555566667:thirteen"}) == ("Allowed", "identity")


def test_a_topic_policy_without_resource_speaks_of_its_topic() -> None:
    deny = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "sns:*"}}
    topic = {"arn": "arn:aws:sns:eu-west-1:111122223333:t"}
    assert asked(topic, resource_policy=deny) == ("ExplicitlyDenied", "resource")


@pytest.mark.parametrize(("field", "is_refused"), [("contexts", True), ("Context", True), ("colour", False)])
def test_a_misspelled_context_is_no_empty_one(field: str, is_refused: bool) -> None:  # noqa: FBT001  # a row of the table
    alice = {"type": "user", "arn": "arn:aws:iam::111122223333:user/alice", "account": "111122223333"}
    request = {"action": "s3:GetObject", "resource": {"arn": "*"}, "principal": alice, field: {}}
    answer, is_case = answer_line(json.dumps({"id": "x", "request": request}))
    assert is_case is not is_refused
    if is_refused:
        assert answer["error"]["what"] == f"`request.{field}` is no field of a case: `request.context` is"
