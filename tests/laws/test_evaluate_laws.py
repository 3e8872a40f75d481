"""What holds of every decision, whatever the policies are."""

from __future__ import annotations

from dataclasses import replace
from time import process_time
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.differential.naive import like
from tests.differential.strategies import documents, policy_sets, requests

from leastkey.evaluate.decide import Compiled, decide
from leastkey.evaluate.match import glob, tokens
from leastkey.evaluate.request import NamedDocument, Policies, Request, Verdict
from leastkey.iam.document import PolicyDocument, parse_document

if TYPE_CHECKING:
    from random import Random

DENY_ALL = parse_document({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}, "identity")
ALLOW_ALL = parse_document({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, "identity")
examples = settings(max_examples=60, deadline=None)


def alone(values: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [(value,) for value in values] or [()]


def verdict(request: Request, policies: Policies) -> Verdict:
    return decide(request, policies, explain=False).verdict


@examples
@given(request_=requests(), policies=policy_sets())
def test_a_matching_deny_wins_in_any_layer(request_: Request, policies: Policies) -> None:
    deny = NamedDocument("deny", DENY_ALL)
    if request_.principal.type in ("user", "session"):
        for changed in (
            replace(policies, identity=(*policies.identity, deny)),
            replace(policies, boundaries=(*policies.boundaries, deny)),
            replace(policies, sessions=(*policies.sessions, deny)),
            replace(policies, scps=((deny,),)),
        ):
            assert verdict(request_, changed) is Verdict.EXPLICITLY_DENIED
    assert verdict(request_, replace(policies, endpoints=(deny,))) is Verdict.EXPLICITLY_DENIED


@examples
@given(request_=requests(), policies=policy_sets(), more=documents())
def test_one_more_allow_never_removes_permission(
    request_: Request, policies: Policies, more: PolicyDocument
) -> None:
    allows = tuple(statement for statement in more.statements if statement.effect == "Allow")
    grown = replace(
        policies,
        identity=(*policies.identity, NamedDocument("more", replace(more, statements=allows))),
    )
    if verdict(request_, policies) is Verdict.ALLOWED:
        assert verdict(request_, grown) is Verdict.ALLOWED


@examples
@given(request_=requests(), policies=policy_sets(), more=documents())
def test_one_more_deny_never_adds_permission(
    request_: Request, policies: Policies, more: PolicyDocument
) -> None:
    denies = tuple(statement for statement in more.statements if statement.effect == "Deny")
    grown = replace(
        policies, identity=(*policies.identity, NamedDocument("more", replace(more, statements=denies)))
    )
    if verdict(request_, policies) is not Verdict.ALLOWED:
        assert verdict(request_, grown) is not Verdict.ALLOWED


@examples
@given(request_=requests(), policies=policy_sets(), order=st.randoms(use_true_random=False))
def test_the_order_of_statements_and_policies_does_not_matter(
    request_: Request, policies: Policies, order: Random
) -> None:
    def shuffled(named: NamedDocument) -> NamedDocument:
        statements = list(named.document.statements)
        order.shuffle(statements)
        return replace(named, document=replace(named.document, statements=tuple(statements)))

    identity = [shuffled(named) for named in policies.identity]
    order.shuffle(identity)
    changed = replace(
        policies,
        identity=tuple(identity),
        resource=policies.resource and shuffled(policies.resource),
        boundaries=tuple(shuffled(named) for named in policies.boundaries),
    )
    one, other = decide(request_, policies), decide(request_, changed)
    assert (one.verdict, one.decided_by, one.layers) == (other.verdict, other.decided_by, other.layers)
    assert one.undocumented == other.undocumented


@examples
@given(request_=requests(), policies=policy_sets())
def test_splitting_a_statement_by_action_and_resource_changes_nothing(
    request_: Request, policies: Policies
) -> None:
    def split(named: NamedDocument) -> NamedDocument:
        statements = tuple(
            replace(statement, actions=actions, resources=resources)
            for statement in named.document.statements
            for actions in alone(statement.actions)
            for resources in alone(statement.resources)
        )
        return replace(named, document=replace(named.document, statements=statements))

    changed = replace(policies, identity=tuple(split(named) for named in policies.identity))
    assert verdict(request_, changed) is verdict(request_, policies)


@examples
@given(request_=requests(), policies=policy_sets(), limit=documents())
def test_a_boundary_only_takes_away_outside_resource_grants(
    request_: Request, policies: Policies, limit: PolicyDocument
) -> None:
    bounded = replace(policies, boundaries=(*policies.boundaries, NamedDocument("limit", limit)))
    if verdict(request_, bounded) is Verdict.ALLOWED:
        assert verdict(request_, policies) is Verdict.ALLOWED
    free = replace(policies, boundaries=(NamedDocument("all", ALLOW_ALL),))
    assert verdict(request_, free) is verdict(request_, replace(policies, boundaries=()))


@examples
@given(request_=requests(), policies=policy_sets(), limit=documents(), door=documents("resource"))
def test_one_more_layer_that_must_allow_never_adds_permission(
    request_: Request, policies: Policies, limit: PolicyDocument, door: PolicyDocument
) -> None:
    level, gate = NamedDocument("limit", limit), NamedDocument("door", door)
    for narrowed in (
        replace(policies, scps=((level,),)),
        replace(policies, scps=((NamedDocument("all", ALLOW_ALL),), (level,))),
        replace(policies, rcps=((gate,),)),
        replace(policies, endpoints=(gate,)),
        replace(policies, sessions=policies.sessions or (level,)),
    ):
        if verdict(request_, policies) is not Verdict.ALLOWED:
            assert verdict(request_, narrowed) is not Verdict.ALLOWED


@examples
@given(asked=st.lists(requests(), min_size=4, max_size=8), policies=policy_sets())
def test_what_is_compiled_once_answers_as_what_is_compiled_for_each_question(
    asked: list[Request], policies: Policies
) -> None:
    compiled = Compiled(policies)
    for request in [*asked, *asked, *asked]:
        assert compiled.decide(request) == decide(request, policies)
        assert compiled.verdict(request) is verdict(request, policies)


@examples
@given(request_=requests(), policies=policy_sets())
def test_the_brief_answer_is_the_full_one(request_: Request, policies: Policies) -> None:
    full, brief = decide(request_, policies), decide(request_, policies, explain=False)
    assert (full.verdict, full.decided_by) == (brief.verdict, brief.decided_by)
    if full.verdict is Verdict.EXPLICITLY_DENIED:
        assert full.because
        assert {reason.effect for reason in full.because} == {"Deny"}


@given(
    pattern=st.text(alphabet="ab*?.", max_size=12),
    text=st.text(alphabet="ab.", max_size=12),
)
def test_a_glob_matches_what_the_naive_reading_matches(pattern: str, text: str) -> None:
    assert glob(tokens(pattern))(text) is like(pattern, text)


def test_hostile_globs_take_linear_time() -> None:
    text = "a" * 100_000
    start = process_time()
    assert not glob(tokens("*a" * 10_000 + "b"))(text)
    assert glob(tokens("*a" * 10_000))(text)
    assert not glob(tokens("*a?" * 3_000 + "b"))(text)
    assert not glob(tokens("*" + "a?" * 2_000 + "b*"))(text[:5_000])
    assert process_time() - start < 2
