"""Policy documents: what is refused, and that the refusal points at the very place."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from leastkey.iam.document import DocumentError, DocumentKind, load_document, parse_document
from leastkey.iam.statement import Condition, Principals, Statement

GOOD = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"}}


def broken(**changes: Any) -> dict[str, Any]:
    """Give one good identity statement with elements changed, or left out where the value is None."""
    statement = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return {"Version": "2012-10-17", "Statement": [GOOD, statement]}


FAULTS: list[tuple[DocumentKind, Any, str, str]] = [
    ("identity", [], "a policy document is a JSON object", "$"),
    ("identity", {"Statement": [GOOD], "Extra": 1}, "`Extra` is no element of a policy", "$.Extra"),
    ("identity", {"Version": "2012-10-18", "Statement": [GOOD]}, "Version is", "$.Version"),
    ("identity", {"Id": 7, "Statement": [GOOD]}, "Id is a text", "$.Id"),
    ("identity", {"Version": "2012-10-17"}, "Statement is missing", "$"),
    ("identity", {"Statement": []}, "Statement is empty", "$.Statement"),
    ("identity", {"Statement": "all"}, "a statement is a JSON object", "$.Statement"),
    ("identity", broken(Effekt="Allow"), "`Effekt` is no element of a policy", "$.Statement[1].Effekt"),
    ("identity", broken(Effect="allow"), "Effect is `Allow` or `Deny`", "$.Statement[1].Effect"),
    ("identity", broken(Effect=None), "Effect is `Allow` or `Deny`", "$.Statement[1]"),
    ("identity", broken(Sid=1), "Sid is a text", "$.Statement[1].Sid"),
    ("identity", broken(Action=None), "Action is missing", "$.Statement[1]"),
    ("identity", broken(Resource=None), "Resource is missing", "$.Statement[1]"),
    ("identity", broken(NotAction="s3:*"), "Action or NotAction, not both", "$.Statement[1].NotAction"),
    ("identity", broken(Action=[]), "Action is empty", "$.Statement[1].Action"),
    ("identity", broken(Action=["s3:*", ""]), "Action holds texts", "$.Statement[1].Action[1]"),
    ("identity", broken(Resource=3), "Resource holds texts", "$.Statement[1].Resource"),
    ("identity", broken(Action=""), "Action holds texts", "$.Statement[1].Action"),
    ("identity", broken(Principal="*"), "does not belong into an identity", "$.Statement[1].Principal"),
    ("identity", broken(Condition=[]), "Condition is an object", "$.Statement[1].Condition"),
    (
        "identity",
        broken(Condition={"Bool": 1}),
        "Bool holds an object of condition keys",
        "$.Statement[1].Condition.Bool",
    ),
    (
        "identity",
        broken(Condition={"Bool": {"a.b[": {}}}),
        "a condition value is",
        "$.Statement[1].Condition.Bool.a.b[",
    ),
    ("resource", {"Statement": GOOD}, "Principal is missing", "$.Statement"),
    ("trust", {"Statement": TRUST | {"Resource": "*"}}, "into a trust policy", "$.Statement.Resource"),
    ("trust", {"Statement": TRUST | {"Principal": {}}}, "a principal is", "$.Statement.Principal"),
    ("trust", {"Statement": TRUST | {"Principal": "me"}}, "a principal is", "$.Statement.Principal"),
    ("trust", {"Statement": TRUST | {"Principal": {"Aws": "*"}}}, "`Aws` is no kind", "$.Statement.Principal.Aws"),
    (
        "identity",
        {"Statement": [GOOD | {"Sid": "A"}, GOOD, GOOD | {"Sid": "A"}]},
        "Sid `A` stands twice",
        "$.Statement[2].Sid",
    ),
]  # fmt: skip

BEGINS: dict[str, str | tuple[str, ...]] = {
    "$": ("{", "["),
    "$.Statement[1]": "{",
    "$.Statement[1].Action[1]": '""',
    "$.Statement[1].Condition.Bool.a.b[": '"a.b["',
}
"""What stands at a path that does not end in a key."""


@pytest.mark.parametrize(("kind", "value", "what", "path"), FAULTS)
def test_a_fault_is_named_with_its_path_and_found_in_the_text(
    kind: DocumentKind, value: Any, what: str, path: str
) -> None:
    with pytest.raises(DocumentError) as parsed:
        parse_document(value, kind)
    assert what in parsed.value.what
    assert (parsed.value.path, parsed.value.line) == (path, 0)
    text = json.dumps(value, indent=2)
    with pytest.raises(DocumentError) as loaded:
        load_document(text, kind)
    assert (loaded.value.what, loaded.value.path) == (parsed.value.what, path)
    pointed = text.splitlines()[loaded.value.line - 1][loaded.value.column - 1 :]
    assert pointed.startswith(BEGINS.get(path, json.dumps(path.rpartition(".")[2])))


@pytest.mark.parametrize(
    ("text", "what", "line", "column"),
    [
        ("", "not JSON", 1, 1),
        ('\ufeff{"Statement": []}', "it begins with a byte order mark", 1, 1),
        ('{\n  "Statement": [}', "not JSON", 2, 17),
        ("[" * 100_000, "nested too deeply", 1, 1),
        (f'{{"Statement": {"1" * 5_000}}}', "too many digits", 1, 1),
        ('\n {"Version": NaN}', "`NaN` is no JSON number", 2, 2),
        ('{"Id": "a",\n "Id": "b"}', "`Id` stands twice in one object", 2, 2),
        # The second place counts, though what follows it is no JSON any more.
        ('{"Id": "a",\n "x": [1, {"y": 2}], "Id": "b"} , ] }', "`Id` stands twice in one object", 2, 22),
        # Neither a longer key that ends so, nor the same key of another object.
        ('{"d": 1,\n"d": 2,\n"Id": 3, "x": {"d": 4}}', "`d` stands twice", 2, 1),
        ('{"Statement": [{"Sid": "a"}, {"Sid": "b",\n"Sid": 1}]}', "`Sid` stands twice", 2, 1),
    ],
)
def test_what_is_no_json_is_refused_at_its_place(text: str, what: str, line: int, column: int) -> None:
    with pytest.raises(DocumentError) as caught:
        load_document(text, "identity")
    assert what in caught.value.what
    assert (caught.value.line, caught.value.column) == (line, column)


def test_a_document_is_read_whole_and_printed_as_it_was() -> None:
    value: dict[str, Any] = {
        "Version": "2012-10-17",
        "Id": "mine",
        "Statement": [
            {
                "Sid": "A",
                "Effect": "Deny",
                "NotPrincipal": {"AWS": ["111122223333", "444455556666"], "Service": "ec2.amazonaws.com"},
                "NotAction": ["s3:*", "sts:*"],
                "NotResource": "arn:aws:s3:::a/*",
                "Condition": {
                    "Bool": {"aws:SecureTransport": "false"},
                    "StringLike": {"aws:userid": ["a", "b"], "s3:prefix": "x"},
                },
            },
            {
                "Effect": "Allow",
                "Principal": {"CanonicalUser": "79a5", "Federated": "graph.facebook.com"},
                "Action": "s3:GetObject",
                "Resource": "*",
            },
        ],
    }
    document = load_document(json.dumps(value), "resource")
    assert json.loads(document.text()) == value
    assert document.statements[0].not_principal == Principals(
        aws=("111122223333", "444455556666"), service=("ec2.amazonaws.com",)
    )
    assert document.statements[1].principal == Principals(
        canonical_user=("79a5",), federated=("graph.facebook.com",)
    )


def test_numbers_and_booleans_of_conditions_are_read_as_their_text() -> None:
    conditions: dict[str, Any] = {
        "NumericEquals": {"s3:max-keys": [10, 2.5, "3"]},
        "Bool": {"aws:SecureTransport": True},
    }
    document = parse_document({"Statement": {**GOOD, "Condition": conditions}}, "identity")
    assert document.version == "2008-10-17", "without Version the old rules hold"
    assert document.statements[0].conditions == (
        Condition("NumericEquals", "s3:max-keys", ("10", "2.5", "3")),
        Condition("Bool", "aws:SecureTransport", ("true",)),
    )


def test_anyone_is_written_as_a_bare_star() -> None:
    statement = Statement("Allow", actions=("s3:GetObject",), principal=Principals(anyone=True))
    assert statement.to_json()["Principal"] == "*"


def test_a_place_is_found_in_a_text_of_long_names_without_much_memory() -> None:
    long = "k" * 20_000
    text = f'{{"Statement": [], "{long}": [{", ".join("1" * 20_000)}], "Extra": 1}}'
    tracemalloc.start()
    with pytest.raises(DocumentError) as caught:
        load_document(text, "identity")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (caught.value.line, caught.value.column) == (1, 19)
    assert peak < 100 * len(text)
