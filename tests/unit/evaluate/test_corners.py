"""Corners of filling in, of values that would turn a verdict, and of finding a fault's place."""

from __future__ import annotations

from datetime import UTC, datetime

from leastkey.evaluate import NamedDocument, Policies, Principal, Request, decide, load_document
from leastkey.evaluate.context import fill, filled_as_json
from leastkey.evaluate.context_keys import CallFacts
from leastkey.evaluate.missing import missing
from leastkey.iam.locate import line_and_column

ALICE = Principal("user", "arn:aws:iam::111122223333:user/alice", "111122223333")
JOB = Principal("session", "arn:aws:sts::111122223333:assumed-role/job/one", "111122223333")
NOW = CallFacts(now=datetime(2026, 1, 1, tzinfo=UTC))


def reading(resource: str) -> Policies:
    text = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "'
        + resource
        + '"}]}'
    )
    return Policies(identity=(NamedDocument("p", load_document(text, "identity")),))


def test_the_source_identity_of_a_session_is_filled_in() -> None:
    facts = CallFacts(now=NOW.now, source_identity="ann")
    filled = fill(Request("s3:GetObject", "arn:aws:s3:::acme/x", JOB), facts, Policies())
    assert filled.request.context["aws:SourceIdentity"] == "ann"


def test_what_was_assumed_is_said() -> None:
    filled = fill(Request("s3:GetObject", "arn:aws:s3:::acme/x", JOB), NOW, Policies())
    assert "aws:PrincipalArn" in [note["key"] for note in filled_as_json(filled)["assumed"]]


def test_a_variable_before_a_wildcard_can_stand_for_a_word() -> None:
    policies = reading("arn:aws:s3:::acme/${aws:username}*")
    request = Request("s3:GetObject", "arn:aws:s3:::acme/alice/x", ALICE)
    (lacked,) = missing(request, policies, decide(request, policies))
    assert lacked.key == "aws:username"
    assert lacked.value is not None
    filled = Request(request.action, request.resource, ALICE, context={lacked.key: lacked.value})
    assert decide(filled, policies).is_allowed


def test_what_does_not_stand_in_a_text_is_placed_at_its_beginning() -> None:
    assert line_and_column("$.none", '{"a": 1}') == (1, 1)
    assert line_and_column("$.none", '1, {"none": 2}') == (1, 5)
