"""What is kept between questions: right for every thread that asks, bounded, and no part of a document's value."""

from __future__ import annotations

import copy
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.statement import ACCOUNT, ALICE

from leastkey.evaluate import compiled as compiled_module
from leastkey.evaluate import layer as layer_module
from leastkey.evaluate import match
from leastkey.evaluate.cases import answer_line
from leastkey.evaluate.decide import Compiled, decide
from leastkey.evaluate.request import NamedDocument, Policies, Request, Verdict
from leastkey.iam import columns as columns_module
from leastkey.iam.document import PolicyDocument, parse_document, read_document
from leastkey.iam.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Iterator

THREADS = 32


def policies(document: PolicyDocument) -> Policies:
    return Policies(identity=(NamedDocument("p", document), NamedDocument("again", document)))


@pytest.fixture
def switching() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("switching")
def test_threads_that_ask_while_lookups_are_built_get_the_one_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # So few actions are remembered that threads take them away from one another.
    monkeypatch.setattr(layer_module, "_ACTIONS", 2)
    monkeypatch.setattr(compiled_module, "_ACTIONS", 2)
    for turn in range(6):
        denies = [
            {"Effect": "Deny", "Action": "s3:*", "Resource": f"arn:aws:s3:::*{turn}?{index}{'x?' * 30}*"}
            for index in range(9)
        ]
        value: Any = {"Statement": [*denies, {"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        kept = Compiled(policies(read_document(value, "identity")))

        def ask(number: int, turn: int = turn, kept: Compiled = kept) -> list[tuple[Verdict, int]]:
            found = []
            for step in range(9):
                resource = f"arn:aws:s3:::b/{turn}-{(number + step) % 9}{'xy' * 30}z"
                decision = kept.decide(Request(f"s3:a{(number + step) % 5}", resource, ALICE))
                found.append((decision.verdict, len(decision.because)))
            return found

        with ThreadPoolExecutor(THREADS) as pool:
            for answers in pool.map(ask, range(THREADS)):
                assert answers == [(Verdict.EXPLICITLY_DENIED, 2)] * 9


def test_a_search_that_comes_while_the_marks_are_made_finds_what_is_there() -> None:
    passes: list[int] = []
    meanwhile: list[int] = []

    class Watched(tuple[str | None, ...]):
        __slots__ = ()

        def __iter__(self) -> Iterator[str | None]:
            passes.append(len(passes))
            number = passes[-1]
            for index in range(len(self)):
                if (number, index) == (1, 2):
                    meanwhile.append(mask.find("xabc", 0, 4))
                yield self[index]

    mask = match._Mask(Watched(("a", None, "c")))
    assert mask.find("xabc", 0, 4) == 1
    assert meanwhile == [1]


def test_no_text_of_any_length_is_remembered() -> None:
    long = "a" * 10_000
    shapes = columns_module._is_shape.cache_info().currsize
    globs = match._remembered.cache_info().currsize
    for number in range(50):
        value: Any = {
            "Effect": "Allow",
            "Action": [f"s3:{number}{long}*"],
            "Resource": f"arn:aws:s3:::*{number}{long}*",
        }
        document = read_document({"Statement": [value]}, "identity")
        request = Request(f"s3:{number}{long}b", f"arn:aws:s3:::{number}{long}", ALICE)
        assert decide(request, policies(document)).is_allowed
        answer_line('{"id": "x", "scps": [[{"Statement": [{"%d%s": 1}]}]]}' % (number, long))  # noqa: UP031  # braces
    assert columns_module._is_shape.cache_info().currsize - shapes < 5
    assert match._remembered.cache_info().currsize - globs < 20


@pytest.mark.parametrize("asked_before", [False, True])
def test_a_document_is_copied_and_pickled_by_its_value_alone(*, asked_before: bool) -> None:
    value: Any = {"Id": "i", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    request = Request("s3:GetObject", "arn:aws:s3:::b/k", ALICE, ACCOUNT)
    for document in (read_document(value, "identity"), parse_document(value, "identity")):
        if asked_before:
            assert decide(request, policies(document)).is_allowed
        for other in (copy.copy(document), copy.deepcopy(document), pickle.loads(pickle.dumps(document))):
            assert other == document
            assert decide(request, policies(other)).is_allowed


def test_a_statement_without_action_speaks_of_none() -> None:
    for effect, verdict in (("Allow", "ImplicitlyDenied"), ("Deny", "Allowed")):
        nothing: Any = Statement(effect, resources=("*",))  # type: ignore[arg-type]  # a text from a tuple
        allow = Statement("Allow", actions=("*",), resources=("*",))
        document = PolicyDocument((nothing, *((allow,) if effect == "Deny" else ())))
        request = Request("s3:GetObject", "*", ALICE)
        assert decide(request, policies(document)).verdict == verdict
