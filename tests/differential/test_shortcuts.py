"""What is passed over at a glance could not match: the engine answers as the same engine without its quick looks."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from tests.differential.nasty import Nasty

from leastkey.evaluate import compiled, near, resources
from leastkey.evaluate.asked import RequestError
from leastkey.evaluate.decide import Compiled, decide
from leastkey.evaluate.request import Decision, NamedDocument, Policies, Request
from leastkey.evaluate.statement import speaks_of
from leastkey.evaluate.truth import any_of
from leastkey.iam import document as document_module
from leastkey.iam.columns import columns
from leastkey.iam.document import PolicyDocument, parse_document, read_document

if TYPE_CHECKING:
    from typing import Any

    from leastkey.evaluate.asked import Asked
    from leastkey.evaluate.truth import Truth

POLICY_SETS = 120
"""In each of three rounds."""


class EachInTurn:
    """Several resource patterns, every one of them asked."""

    def __init__(self, patterns: tuple[str, ...], *, variables: bool) -> None:
        self.matchers = [resources.resources((each,), variables=variables) for each in patterns]

    def __call__(self, asked: Asked) -> Truth:
        return any_of(matcher(asked) for matcher in self.matchers)


def look_at_everything(patch: pytest.MonkeyPatch) -> None:
    """Switch every quick look off."""

    def matching(self: Any, action: str) -> list[int]:
        return [index for index, entry in enumerate(self._entries) if speaks_of(entry, action)]

    patch.setattr(compiled.CompiledDocument, "_matching", matching)
    patch.setattr(compiled.CompiledDocument, "_in_reach", lambda _self, indexes, _asked: indexes)
    patch.setattr(near.Near, "to", lambda self, _asked: self.items)
    patch.setattr(resources, "_OneOf", EachInTurn)
    patch.setattr(document_module, "columns", lambda _value, _kind: None)


def policies(identity: list[Any], resource: Any, *, shared: bool) -> Policies:
    documents = [read_document(value, "identity") for value in identity]
    named = tuple(NamedDocument(f"p{index}", document) for index, document in enumerate(documents))
    again = (NamedDocument("again", documents[0]),) if shared else ()
    bucket = None if resource is None else NamedDocument("r", read_document(resource, "resource"))
    return Policies(identity=(*named, *again), resource=bucket, boundaries=again, sessions=again)


def answer(request: Request, asked: Compiled | Policies) -> Decision | str:
    try:
        return asked.decide(request) if isinstance(asked, Compiled) else decide(request, asked)
    except RequestError as error:
        return str(error)


@pytest.mark.parametrize("part", range(3))
def test_a_quick_look_hides_nothing_and_lets_nothing_through(
    part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = set()
    for number in range(POLICY_SETS):
        nasty = Nasty(Random(f"{part}/{number}"))
        identity = [nasty.document() for _ in range(nasty.pick((1, 1, 2)))]
        resource = nasty.document(with_principal=True) if nasty.chance(0.3) else None
        shared = nasty.chance(0.2)
        requests = [nasty.request() for _ in range(6)]
        with monkeypatch.context() as patch:
            look_at_everything(patch)
            plain = policies(identity, resource, shared=shared)
            expected = [answer(request, plain) for request in requests]
        kept = Compiled(policies(identity, resource, shared=shared))
        # The first question scans, the second builds what the third looks up.
        for request, right in (*zip(requests, expected, strict=True),) * 3:
            assert answer(request, kept) == right, (part, number)
        for request, right in zip(requests, expected, strict=True):
            found = answer(request, policies(identity, resource, shared=shared))
            assert found == right, (part, number)
            verdicts.add(right.verdict if isinstance(right, Decision) else "refused")
    assert len(verdicts) == 4


def test_what_is_checked_in_bulk_is_what_the_parser_reads() -> None:
    taken = 0
    for number in range(400):
        nasty = Nasty(Random(number))
        value = nasty.document(with_principal=nasty.chance(0.5))
        kind: Any = "resource" if "Principal" in value["Statement"][0] else "identity"
        if columns(value, kind) is None:
            continue
        taken += 1
        read, parsed = read_document(value, kind), parse_document(value, kind)
        assert read == parsed
        assert columns(value, kind) == read.columns != parsed.columns is None
        assert actions_of(read) == actions_of(parsed)
    assert taken > 100


def actions_of(document: PolicyDocument) -> list[str]:
    return compiled.CompiledDocument(document)._actions
