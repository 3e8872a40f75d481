"""Laws of the compiler, over the whole catalogue and over random grants."""

from __future__ import annotations

from itertools import chain, combinations
from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.compile.specs import ACCOUNT, actions, allows, at, identity, level, one, spec

from leastkey.compile.levels import VERBS, actions_of, folded, matching
from leastkey.compile.pack import pack
from leastkey.compile.policy import statements_of
from leastkey.compile.rule import Placed
from leastkey.iam.catalog import LEVELS, service_catalog, services
from leastkey.iam.document import PolicyDocument
from leastkey.iam.statement import Statement
from leastkey.spec.model import Level

if TYPE_CHECKING:
    from random import Random

    from leastkey.spec.model import Grant

SUBSETS = tuple(
    frozenset(Level(name) for name in chosen)
    for chosen in chain.from_iterable(combinations(LEVELS, count) for count in range(1, len(LEVELS) + 1))
)
BUSY = (
    "ec2",
    "s3",
    "iam",
    "dynamodb",
    "lambda",
    "rds",
    "ssm",
    "sns",
    "logs",
    "glue",
    "cognito-idp",
    "apigateway",
)


def _check_fold(service: str, levels: frozenset[Level]) -> None:
    wanted = {action.full_name for action in actions_of(service, levels)}
    entries = folded(frozenset(wanted))
    reached = [found for entry in entries for found in matching(entry)]
    assert {found.full_name for found in reached} == wanted
    assert {found.level for found in reached} <= {name.value for name in levels}
    for entry in entries:
        verb = entry.partition(":")[2]
        assert "?" not in verb
        assert "*" not in verb or (verb.endswith("*") and verb[:-1] in VERBS)
    assert sum(map(len, entries)) <= sum(map(len, wanted))


def test_no_wildcard_of_any_service_and_level_reaches_another_level() -> None:
    for service in services():
        for levels in SUBSETS:
            _check_fold(service, levels)


def test_every_verb_that_could_shorten_a_level_does() -> None:
    for service in BUSY:
        catalog = service_catalog(service)
        for levels in SUBSETS:
            wanted = {action.full_name for action in actions_of(service, levels)}
            entries = set(folded(frozenset(wanted)))
            for verb in VERBS:
                found = catalog.matching(f"{verb}*")
                if len(found) > 1 and all(action.full_name in wanted for action in found):
                    assert f"{service}:{verb}*" in entries


# --- packing

_words = st.integers(1, 60).map(lambda count: "A" * count)
_statements = st.builds(
    lambda effect, actions_, resources: Statement(
        effect=effect,
        actions=tuple(f"ec2:{word}{index}" for index, word in enumerate(actions_)),
        resources=tuple(f"arn:aws:ec2:*:*:{word}/{index}" for index, word in enumerate(resources)),
    ),
    st.sampled_from(["Allow", "Deny"]),
    st.lists(_words, min_size=1, max_size=250),
    st.lists(_words, min_size=1, max_size=150),
)


def _pairs(statements: list[Statement]) -> set[tuple[str, str, str]]:
    return {
        (statement.effect, action, resource)
        for statement in statements
        for action in statement.actions
        for resource in statement.resources
    }


@settings(deadline=None, max_examples=60)
@given(st.lists(_statements, max_size=6), st.integers(1, 10))
def test_packing_fits_and_neither_adds_nor_loses_a_permission(statements: list[Statement], most: int) -> None:
    placed = [Placed(statement, frozenset({at(index)})) for index, statement in enumerate(statements)]
    packs = pack(placed, most)
    assert all(packs)
    for packed in packs:
        assert PolicyDocument(tuple(one_.statement for one_ in packed)).characters() <= 6144
    assert _pairs([one_.statement for packed in packs for one_ in packed]) == _pairs(statements)
    assert {place for packed in packs for one_ in packed for place in one_.places} == {
        place for one_ in placed for place in one_.places
    }
    assert pack(placed, most) == packs


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1_000, 6_000), min_size=1, max_size=12))
def test_dense_packing_needs_hardly_more_than_the_characters_do(sizes: list[int]) -> None:
    placed = [
        Placed(
            Statement(
                effect="Allow",
                actions=tuple(f"ec2:{'A' * 40}{index:02}" for index in range(size // 49)),
                resources=(f"arn:aws:ec2:*:*:instance/{number}",),
            ),
            frozenset({at(number)}),
        )
        for number, size in enumerate(sizes)
    ]
    total = sum(PolicyDocument((one_.statement,)).characters() for one_ in placed)
    # Each policy wastes at most one action's room and one more statement head for each cut.
    assert len(pack(placed, 1)) <= total // 5_700 + 1


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(1, 9), min_size=150, max_size=300), st.booleans())
def test_many_small_statements_fit_with_the_commas_between_them(sizes: list[int], dense: bool) -> None:  # noqa: FBT001  # hypothesis passes it
    placed = [
        Placed(
            Statement(effect="Allow", actions=("a:B",), resources=("r" * size + str(number),)),
            frozenset({at(number)}),
        )
        for number, size in enumerate(sizes)
    ]
    for packed in pack(placed, 1 if dense else 10):
        assert PolicyDocument(tuple(one_.statement for one_ in packed)).characters() <= 6144


# --- order and meaning

_uris = st.sampled_from(["s3://b/", "s3://b/x/", "s3://b/x/y/", "s3://c/x/"])
_levels = st.lists(st.sampled_from(LEVELS), min_size=1, max_size=5, unique=True).map(" ".join)
_grants = st.one_of(
    st.builds(level, st.just("s3"), _levels, _uris),
    st.builds(level, st.sampled_from(["sns", "sqs", "sts", "kms"]), _levels),
    st.builds(level, st.just("sqs"), _levels, st.sampled_from(["arn:aws:sqs:*:*:q", "arn:aws:sqs:*:*:*"])),
    st.builds(actions, st.sampled_from(["sns:Publish", "sqs:Get*", "sqs:SendMessage sns:publish"])),
    st.builds(actions, st.sampled_from(["s3:GetObject", "s3:Get* s3:ListBucket"]), _uris),
)


@settings(deadline=None, max_examples=80)
@given(st.lists(_grants, max_size=6), st.randoms())
def test_documents_do_not_depend_on_the_order_or_repetition_of_lines(
    grants: list[Grant], chance: Random
) -> None:
    shuffled = [*grants, *grants[:1]]
    chance.shuffle(shuffled)
    assert one(*shuffled).policies == one(*grants).policies


@settings(deadline=None, max_examples=80)
@given(
    _grants,
    _grants,
    st.sampled_from(["b/k", "b/x/k", "b/x/y/k", "c/x/k"]),
    st.sampled_from(["", "x/", "x/y/"]),
)
def test_two_lines_allow_what_either_allows(first: Grant, second: Grant, key: str, prefix: str) -> None:
    both, alone = one(first, second), (one(first), one(second))
    bucket = f"arn:aws:s3:::{key[0]}"
    asked = [(name, f"arn:aws:s3:::{key}") for name in ("s3:GetObject", "s3:PutObject", "s3:PutObjectAcl")]
    asked += [("s3:ListBucket", bucket), ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:q")]
    for action, resource in asked:
        either = any(allows(wanted, action, resource, s3_prefix=prefix) for wanted in alone)
        assert allows(both, action, resource, s3_prefix=prefix) is either


BEYOND_POLICIES = {"sts:GetCallerIdentity", "sts:GetSessionToken"}
"""AWS lets everybody call these, whatever a policy says."""


@settings(deadline=None, max_examples=40)
@given(st.lists(_grants, min_size=1, max_size=4), _grants)
@example([level("s3", "list")], level("sts", "read"))
def test_a_denied_line_leaves_nothing_of_itself(grants: list[Grant], denied: Grant) -> None:
    wanted = one(*grants, denied, deny=(denied,))
    only = one(denied)
    for statement in (s for policy in only.policies for s in policy.document.statements):
        for action in statement.actions:
            for resource in statement.resources:
                name, where = action.replace("*", "Object"), resource.replace("*", "z")
                prefix = statement.conditions[0].values[0].replace("*", "") if statement.conditions else ""
                assert name in BEYOND_POLICIES or not allows(wanted, name, where, s3_prefix=prefix)


def test_the_same_spec_gives_the_same_value() -> None:
    from leastkey.compile.project import compile_project

    made = spec(identity(level("ec2", "list read write"), level("s3", "list read", "s3://b/x/")))
    assert compile_project(made, ACCOUNT, "aws") == compile_project(made, ACCOUNT, "aws")


def test_nothing_asked_is_nothing_granted() -> None:
    assert statements_of(()) == ()
    assert pack((), 10) == ()
