"""The schema for editors: valid itself, never stricter than the parser, and told apart from it by name."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from tests.support.home import SPEC as HOME_SPEC
from tests.unit.spec.bad_specs import BAD
from tests.unit.spec.bad_tokens import BAD_TOKENS
from tests.unit.spec.test_parse import DESIGN

from leastkey.cli.main import run
from leastkey.cli.topic_spec import SPEC as TOPIC
from leastkey.errors import LeastkeyError
from leastkey.spec import keys
from leastkey.spec.parse import parse_spec
from leastkey.spec.schema import spec_schema
from leastkey.spec.starter import ANY_DOCUMENT, Starter, starter_spec

ROOT = Path(__file__).parents[3]
SCHEMA = spec_schema()
VALIDATOR = Draft202012Validator(SCHEMA)

THE_PARSERS = {
    "an anchor",
    "an account that lost its zero",
    "a session too short",
    "a session too long",
    "a description IAM refuses",
    "a description too long",
    "an unknown action",
    "an action like no other",
    "an action pattern without a match",
    "an action of no service",
    "an action twice",
    "a document that is missing",
    "a document that is not text",
    "a document that is huge",
    "a document that allows, in deny",
    "a partition unknown",
    "an ARN without a service",
    "an ARN with a region shouted",
    "an ARN with an account cut",
    "a star beside others",
    "a bucket under EC2",
    "a bucket under others' actions",
    "a bucket with capitals",
    "a bucket of two letters",
    "a bucket with a star",
    "a bucket like an address",
    "a bucket with two dots",
    "a bucket S3 keeps",
    "a prefix with an empty part",
    "a prefix too long",
    "a condition key twice",
    "Bool of neither",
    "a number in words",
    "a date in words",
    "an address misspelt",
    "an ARN that is none",
    "a service twice",
    "an account twice",
    "a pull request",
    "everybody's audience",
    "a variable",
    "github by oidc",
    "gitlab by oidc",
    "github as gitlab's issuer",
    "an issuer built in",
    "github's old name by oidc",
    "a subject of any ref",
    "a subject of pull requests",
    "a project of any ref",
    "a number that is none",
    "an owner's number alone",
    "a branch and a tag",
    "a branch git refuses",
    "a branch as a ref",
    "a workflow of no ref",
    "a job twice",
}
"""What a schema cannot say: what hangs on two places, on a file, on numbers inside a text, or on names in the catalogue."""


def as_editors_read(text: str) -> Any:
    """Give a spec as YAML 1.2 reads it, numbers and truth values among it; dates stay texts, as in JSON."""
    return jsonable(YAML(typ="safe", pure=True).load(text))


def jsonable(value: Any) -> Any:
    match value:
        case dict():
            return {str(key): jsonable(each) for key, each in value.items()}
        case list():
            return [jsonable(each) for each in value]
        case bool() | int() | float() | str() | None:
            return value
        case _:
            return str(value)


def faults(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(as_editors_read(text))]


def good_specs() -> dict[str, str]:
    found = {"topic": TOPIC, "design": DESIGN, "home": HOME_SPEC}
    found["starter"] = starter_spec(
        Starter(project="p", identity="i", allow=("s3 list on *",), account="0" * 12)
    )
    for path in (ROOT / "examples").glob("*/leastkey.yaml"):
        found[path.parent.name] = path.read_text()
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", path.read_text(), re.DOTALL)):
            if "version: 1" in block:
                found[f"{path.name} {number}"] = block
    return found


def test_the_schema_is_one_by_its_own_metaschema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_help_prints_the_schema_and_the_reference_keeps_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help", "schema"]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == SCHEMA
    assert printed == (ROOT / "docs/reference/leastkey.schema.json").read_text()


@pytest.mark.parametrize("name", good_specs())
def test_every_spec_that_is_shown_somewhere_is_right_by_the_schema(name: str) -> None:
    text = good_specs()[name]
    parse_spec(text, "leastkey.yaml", lambda _path: ANY_DOCUMENT)
    assert faults(text) == []


def test_every_example_in_the_schema_is_right_where_it_stands() -> None:
    def walk(value: Any, inside: bool = False) -> None:  # noqa: FBT001, FBT002  # a test's own walk
        if isinstance(value, dict):
            if not inside:
                here = Draft202012Validator({**value, "$defs": SCHEMA["$defs"]})
                wrong.extend(example for example in value.get("examples", ()) if not here.is_valid(example))
            for key, each in value.items():
                if key != "examples":
                    walk(each, inside=key in {"properties", "$defs", "dependentSchemas"})
        elif isinstance(value, list):
            for each in value:
                walk(each)

    wrong: list[Any] = []
    walk(SCHEMA)
    assert wrong == []


def test_what_only_the_parser_refuses_is_known_by_name() -> None:
    taken = set()
    for name, bad in {**BAD, **BAD_TOKENS}.items():
        try:
            data = as_editors_read(bad.text)
        except (YAMLError, ArithmeticError, AttributeError, LookupError, ValueError):
            continue
        if VALIDATOR.is_valid(data):
            taken.add(name)
    assert taken == THE_PARSERS


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (keys.SPEC, "version: 1\nidentities: {a: {allow: [s3: [list]], used-by: [user]}}\n"),
        (keys.IDENTITY, "allow: [s3: [list]]\nused-by: [user]\n"),
    ],
)
def test_the_keys_that_are_marked_as_needed_are_those_the_parser_needs(
    table: tuple[keys.Key, ...], text: str
) -> None:
    lines = dict(line.split(": ", 1) for line in text.splitlines())
    assert set(lines) == {key.name for key in table if key.is_needed}
    for name in lines:
        rest = "\n".join(f"{key}: {value}" for key, value in lines.items() if key != name)
        whole = (
            rest
            if table is keys.SPEC
            else "version: 1\nidentities:\n  a:\n    " + rest.replace("\n", "\n    ")
        )
        with pytest.raises(LeastkeyError, match=f"has no `{name}`"):
            parse_spec(whole, "f", lambda _path: ANY_DOCUMENT)
        assert any(f"'{name}' is a required property" in fault for fault in faults(whole))
