"""What holds of every context that is filled in, and of every key that a decision lacked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.differential.strategies import KEYS, SETS, conditions, policy_sets, requests

from leastkey.evaluate.context import fill
from leastkey.evaluate.context_keys import CallFacts
from leastkey.evaluate.decide import decide
from leastkey.evaluate.missing import missing
from leastkey.evaluate.reads import keys_read
from leastkey.evaluate.request import NamedDocument, Policies, Principal, Request, Verdict
from leastkey.iam.document import parse_document

ACCOUNT = "111122223333"
ALICE = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/alice", ACCOUNT)
FACTS = CallFacts(now=datetime(2026, 3, 1, tzinfo=UTC), is_secure=True, via=(), request_tags={"team": "a"})
VALUES: dict[str, tuple[Any, ...]] = {
    **{key: (*values, "another") for key, values in KEYS.items()},
    **{key: (*((value,) for value in values), values) for key, values in SETS.items()},
}
RESOURCES = ("*", "*", "*", "arn:aws:s3:::a/${aws:username}/*")
examples = settings(max_examples=150, deadline=None)


@st.composite
def guarded(draw: st.DrawFn) -> Policies:
    """Few statements about everything, each with conditions, so that a key often decides alone."""
    statements: list[Any] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}] * draw(st.integers(0, 1))
    for _ in range(draw(st.integers(1, 2))):
        effect, resource = draw(st.sampled_from(("Allow", "Deny"))), draw(st.sampled_from(RESOURCES))
        condition = draw(conditions())
        statements.append({"Effect": effect, "Action": "*", "Resource": resource, "Condition": condition})
    document = parse_document({"Version": "2012-10-17", "Statement": statements}, "identity")
    return Policies(identity=(NamedDocument("p", document),))


def context() -> st.SearchStrategy[dict[str, Any]]:
    return st.lists(st.sampled_from(sorted(VALUES)), max_size=3, unique=True).flatmap(
        lambda keys: st.fixed_dictionaries({key: st.sampled_from(VALUES[key]) for key in keys})
    )


def turned(policies: Policies) -> Policies:
    """The same policies with the statements the other way round."""

    def one(named: NamedDocument) -> NamedDocument:
        statements: list[Any] = [statement.to_json() for statement in reversed(named.document.statements)]
        version = named.document.version
        return NamedDocument(
            named.name, parse_document({"Version": version, "Statement": statements}, "identity")
        )

    return replace(policies, identity=tuple(map(one, policies.identity)))


@examples
@given(policies=guarded(), given_=context())
def test_a_key_is_named_with_a_value_exactly_where_one_turns_the_verdict(
    policies: Policies, given_: dict[str, Any]
) -> None:
    request = Request("s3:GetObject", "arn:aws:s3:::a/alice/x", ALICE, ACCOUNT, given_)
    decision = decide(request, policies)
    found = missing(request, policies, decision)
    read = {each.key.lower() for each in keys_read(policies, request.action)}
    assert {each.key.lower() for each in found} == read - {key.lower() for key in given_}
    for each in found:
        others = {key: value for key, value in VALUES.items() if key.lower() == each.key.lower()}
        ((key, values),) = others.items()
        verdicts = {
            decide(replace(request, context={**given_, key: value}), policies).verdict for value in values
        }
        if each.value is None:
            assert verdicts == {decision.verdict}
            continue
        changed = replace(request, context={**given_, each.key: each.value})
        assert decide(changed, policies).verdict is each.verdict is not decision.verdict
        assert each.verdict is Verdict.ALLOWED or Verdict.ALLOWED not in verdicts - {decision.verdict}
    assert missing(request, turned(policies), decision) == found


@examples
@given(request_=requests(), policies=policy_sets())
def test_filling_in_keeps_what_is_stated_and_is_done_once(request_: Request, policies: Policies) -> None:
    filled = fill(request_, FACTS, policies)
    assert filled.request.context == {**filled.added, **request_.context}
    assert len({key.lower() for key in filled.request.context}) == len(filled.request.context)
    again = fill(filled.request, FACTS, policies)
    assert again.request == filled.request
    assert again.added == {}
    named = {note.key.lower() for note in (*filled.unknown, *filled.absent)}
    read = {each.key.lower() for each in keys_read(policies, request_.action)}
    assert named == read - {key.lower() for key in filled.request.context}
    decision = decide(filled.request, policies)
    for each in missing(filled.request, policies, decision):
        assert each.key.lower() in named
