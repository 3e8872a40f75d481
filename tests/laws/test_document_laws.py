"""A document checked in bulk is one the parser takes, and the same; what the bulk check does not take, the parser judges."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.differential.strategies import documents, requests

from leastkey.evaluate import NamedDocument, Policies, decide
from leastkey.iam.columns import columns
from leastkey.iam.document import DocumentError, DocumentKind, load_document, parse_document, statement_of

if TYPE_CHECKING:
    from leastkey.evaluate import PolicyDocument, Request

examples = settings(max_examples=150, deadline=None)
KINDS: tuple[DocumentKind, ...] = ("identity", "resource", "trust")
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        "",
        [],
        {},
        0,
        1.5,
        True,
        "x",
        "a\0b",
        ["x", ""],
        ["x", 1],
        [["x"]],
        [None],
        {"AWS": []},
        {"AWS": "*"},
        {"Bool": {"k": None}},
    ]
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Give every container of a JSON value with each of its keys."""
    found: list[tuple[Any, Any]] = []
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        found.append((value, key))
        found.extend(places(value[key]))
    return found


@examples
@given(document=documents(), as_kind=st.sampled_from(KINDS), odd=ODD, data=st.data())
def test_the_bulk_check_takes_nothing_that_the_parser_refuses(
    document: PolicyDocument, as_kind: DocumentKind, odd: Any, data: st.DataObject
) -> None:
    value = document.to_json()
    where, key = data.draw(st.sampled_from(places(value)))
    where[key] = copy.deepcopy(odd)
    if columns(value, as_kind) is not None:
        assert load_document(json.dumps(value), as_kind) == parse_document(value, as_kind)


@examples
@given(document=st.one_of(documents(), documents("resource")))
def test_a_document_read_from_text_is_the_document(document: PolicyDocument) -> None:
    kind: DocumentKind = "identity" if document.statements[0].principal is None else "resource"
    read = load_document(document.text(), kind)
    assert read.columns is not None
    assert [statement_of(entry) for entry in read.columns.entries] == [*document.statements]
    assert read == document
    assert hash(read) == hash(document)
    assert copy.deepcopy(read) == document


@examples
@given(document=documents(), request_=requests())
def test_a_document_read_from_text_decides_as_one_that_was_built(
    document: PolicyDocument, request_: Request
) -> None:
    built, read = (
        decide(request_, Policies(identity=(NamedDocument("p", each),)))
        for each in (document, load_document(document.text(), "identity"))
    )
    assert built == read


@pytest.mark.parametrize(
    ("fault", "at"),
    [
        ('{"Effect": "Allow", "Action": ["s3:*", ""], "Resource": "*"}', '""'),
        ('{"Effect": "Allow", "Action": "s3:*", "Resource": [1]}', "1]"),
        (
            '{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"k": [null]}}}',
            '"k"',
        ),
    ],
)
def test_a_fault_found_in_bulk_has_its_place(fault: str, at: str) -> None:
    line = f'"Statement": [{fault}]}}'
    with pytest.raises(DocumentError) as found:
        load_document(f'{{"Version": "2012-10-17",\n{line}', "identity")
    assert (found.value.line, found.value.column) == (2, line.index(at) + 1)
