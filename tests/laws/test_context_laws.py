"""What holds of every context that is filled in, and of every key that a decision lacked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from tests.differential.strategies import policy_sets, requests

from leastkey.evaluate.context import fill
from leastkey.evaluate.context_keys import CallFacts
from leastkey.evaluate.decide import decide
from leastkey.evaluate.missing import missing
from leastkey.evaluate.reads import keys_read
from leastkey.evaluate.request import NamedDocument, Policies, Request

FACTS = CallFacts(now=datetime(2026, 3, 1, tzinfo=UTC), is_secure=True, via=(), request_tags={"team": "a"})
examples = settings(max_examples=150, deadline=None)


def turned(policies: Policies) -> Policies:
    """The same policies with every document's statements the other way round."""

    def one(named: NamedDocument) -> NamedDocument:
        statements = tuple(reversed(named.document.statements))
        return replace(named, document=replace(named.document, statements=statements))

    return Policies(
        identity=tuple(map(one, policies.identity)),
        resource=None if policies.resource is None else one(policies.resource),
        boundaries=tuple(map(one, policies.boundaries)),
        sessions=tuple(map(one, policies.sessions)),
        scps=tuple(tuple(map(one, level)) for level in policies.scps),
        rcps=tuple(tuple(map(one, level)) for level in policies.rcps),
        endpoints=tuple(map(one, policies.endpoints)),
    )


@examples
@given(request_=requests(), policies=policy_sets())
def test_each_value_that_is_named_turns_the_verdict(request_: Request, policies: Policies) -> None:
    decision = decide(request_, policies)
    found = missing(request_, policies, decision)
    for each in found:
        assert each.key.lower() not in {key.lower() for key in request_.context}
        if each.value is not None:
            changed = replace(request_, context={**request_.context, each.key: each.value})
            assert decide(changed, policies).verdict is each.verdict is not decision.verdict
    assert missing(request_, turned(policies), decision) == found


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
    decide(filled.request, policies)
