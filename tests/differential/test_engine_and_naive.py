"""The engine against a second evaluator that shares nothing with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import assume, given, settings
from tests.differential.naive import verdict
from tests.differential.strategies import policy_sets, requests

from leastkey.evaluate.decide import decide

if TYPE_CHECKING:
    from leastkey.evaluate.request import Policies, Request


@settings(max_examples=250, deadline=None)
@given(request_=requests(), policies=policy_sets())
def test_both_evaluators_agree_where_aws_documents_the_answer(request_: Request, policies: Policies) -> None:
    decision = decide(request_, policies)
    assume(not decision.undocumented)
    assert decision.verdict == verdict(request_, policies)
