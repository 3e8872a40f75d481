"""Every fault of a spec is told with its place, its line and its fix."""

from __future__ import annotations

import pytest
from tests.unit.spec.bad_specs import BAD, Bad, grants
from tests.unit.spec.bad_tokens import BAD_TOKENS

from leastkey.errors import LeastkeyError
from leastkey.spec.parse import parse_spec

ALLOW = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}'
)
DOCUMENTS = {
    "allow.json": ALLOW,
    "deny.json": ALLOW.replace("Allow", "Deny"),
    "huge.json": " " * (256 * 1024 + 1),
    "broken.json": '{\n  "Version": "2012-10-17",\n  "Statement": {"Effect": "Allow"\n}',
    "unknown.json": '{\n "Version": "2012-10-17",\n "Statement": [{"Effect": "Allow", "Acton": "s3:*", "Resource": "*"}]}',
}


def read_document(path: str) -> str:
    if path == "latin1.json":
        return b"\xe9".decode()
    if path not in DOCUMENTS:
        raise FileNotFoundError(2, "No such file or directory", path)
    return DOCUMENTS[path]


def fault_of(text: str, project: str = "reports") -> LeastkeyError:
    with pytest.raises(LeastkeyError) as caught:
        parse_spec(text, "leastkey.yaml", read_document, default_project=project)
    return caught.value


@pytest.mark.parametrize("bad", [pytest.param(bad, id=name) for name, bad in {**BAD, **BAD_TOKENS}.items()])
def test_a_fault_is_told_with_its_place_and_its_fix(bad: Bad) -> None:
    fault = fault_of(bad.text)
    assert (fault.code, fault.place) == (bad.code, f"leastkey.yaml:{bad.at}")
    told = "\n".join((fault.what, *fault.why, *fault.remedy))
    assert [words for words in bad.says if words not in told] == []
    assert fault.remedy
    assert "\n" not in fault.what
    assert fault.what[0].islower() or fault.what[0] == "`"
    assert not fault.what.endswith(".")
    assert max(len(line) for line in (fault.what, *fault.why, *fault.remedy)) < 160


@pytest.mark.parametrize(
    ("name", "line", "column", "words"),
    [("broken.json", 4, 2, "not JSON"), ("unknown.json", 3, 36, "`Acton` is no element")],
)
def test_a_fault_in_a_raw_document_is_placed_in_that_document(
    name: str, line: int, column: int, words: str
) -> None:
    fault = fault_of(grants(f"      - document: {name}"))
    assert fault.code == "policy-invalid"
    assert fault.place == f"{name}:{line}:{column}"
    assert words in fault.what
    assert "named in leastkey.yaml:5:19" in fault.why


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("names: {role: Nightly}", "names: {role: nightly}", "role"),
        ("names: {policy: p}", "names: {policy: P}", "policy"),
        ("used-by: [{user: bot}]", "used-by: [{user: BOT}]", "user"),
    ],
)
def test_two_identities_cannot_want_one_name_in_any_case(one: str, other: str, kind: str) -> None:
    def block(name: str, line: str) -> str:
        uses = "" if line.startswith("used-by") else "    used-by: [service: ec2]\n"
        return f"  {name}:\n    allow: [s3: [list]]\n    {line}\n{uses}"

    fault = fault_of(f"version: 1\nidentities:\n{block('first', one)}{block('second', other)}")
    assert fault.code == "name-clash"
    assert f"`second` and `first` want one {kind} name" in fault.what
    assert fault.place is not None
    assert fault.place.endswith(":3")


def test_two_identities_cannot_differ_by_case_alone() -> None:
    one = "{allow: [s3: [list]], used-by: [user]}"
    fault = fault_of(f"version: 1\nidentities:\n  Bot: {one}\n  bot: {one}\n")
    assert (fault.code, fault.place) == ("name-clash", "leastkey.yaml:4:3")


def test_one_identity_may_call_its_role_policy_and_user_alike() -> None:
    text = "version: 1\nidentities: {bot: {names: {role: bot, policy: bot}, allow: [s3: [list]], used-by: [user: bot]}}"
    assert parse_spec(text, "f", read_document).identities[0].names.role == "bot"


@pytest.mark.parametrize(
    ("folder", "line"),
    [("Mein Ordner", "project: mein-ordner"), ("日本", "project: acme-reports"), ("-x", "project: x")],
)
def test_a_folder_that_cannot_name_a_project_is_told_with_the_line_to_add(folder: str, line: str) -> None:
    fault = fault_of("version: 1\nidentities: {a: {allow: [s3: [list]], used-by: [user]}}\n", folder)
    assert fault.code == "spec-invalid"
    assert folder in fault.what
    assert line in fault.remedy[0]


def test_a_long_word_is_cut_in_the_error() -> None:
    fault = fault_of("version: 1\n" + "x" * 1_000 + ": 1\n")
    assert "..." in fault.what
    assert len(fault.what) < 120
