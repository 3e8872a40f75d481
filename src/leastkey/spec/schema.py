"""The spec's JSON Schema, for editors: made from the tables the parser reads by, so that the two cannot part.

It knows the structure, the names and the enumerations. What hangs on two places at once (a name taken twice, an action
that does not exist, a bucket's rules) is the parser's alone. Source: JSON Schema, draft 2020-12.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, get_args

from leastkey.iam.arn import ACCOUNT
from leastkey.iam.catalog import services
from leastkey.iam.names import pattern_of
from leastkey.spec import keys
from leastkey.spec.actions import ACTION
from leastkey.spec.conditions import CONDITION_KEY, OPERATORS
from leastkey.spec.federated import WORKFLOW
from leastkey.spec.fields import EXAMPLES
from leastkey.spec.model import Level, Target
from leastkey.spec.refs import REF_FORMS
from leastkey.spec.resources import S3_SCHEME
from leastkey.spec.settings import DURATION, NAME, NAME_CHARACTERS, OUTPUTS, REGION, REGIONS, UNFIT_IDENTITY
from leastkey.spec.token_values import (
    AUDIENCES,
    ENVIRONMENT,
    ISSUER,
    NUMBER,
    PATH,
    REPOSITORY,
    SUBJECT,
)
from leastkey.spec.uses import PRINCIPAL_ENDING, principals
from leastkey.spec.yaml_nodes import Items, Table, read_yaml

if TYPE_CHECKING:
    import re

    from leastkey.spec.keys import Key
    from leastkey.spec.token_values import Rule
    from leastkey.spec.yaml_nodes import Node

__all__ = ["schema_text", "spec_schema"]

Schema = dict[str, Any]

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_LARGEST_ACCOUNT: Final = 999_999_999_999
_SHORTEST_DURATION: Final = 2


def schema_text() -> str:
    """Give the schema as `leastkey help schema` prints it."""
    return json.dumps(spec_schema(), indent=1, ensure_ascii=True)


def spec_schema() -> Schema:
    """Give the schema of a whole spec."""
    values = {
        "version": {"enum": [1, "1"]},
        "project": _name(),
        "account": _account(),
        "region": {"type": "string", "pattern": _whole(REGION), "examples": list(REGIONS)},
        "output": {"enum": list(OUTPUTS)},
        "target": {"enum": list(get_args(Target))},
        "identities": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {**_name(), "not": {"const": UNFIT_IDENTITY}},
            "additionalProperties": {"$ref": "#/$defs/identity"},
        },
    }
    return {
        "$schema": DRAFT,
        "title": "leastkey.yaml",
        "description": "What scripts may do in AWS, and who may wear their roles.",
        **_table(keys.SPEC, values),
        "$defs": {
            "identity": _identity(),
            "grant": _grant(),
            "denial": {"$ref": "#/$defs/grant", "not": {"required": ["managed"]}},
            "levels": _one_or_more({"enum": [level.value for level in Level]}),
            "use": _use(),
        },
    }


def _identity() -> Schema:
    values: dict[str, Schema] = {
        "description": _text(),
        "names": _table(
            keys.NAMES, {name: _text(pattern=pattern_of(name)) for name in ("role", "policy")}, least=1
        ),
        "allow": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/grant"}},
        "deny": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/denial"}},
        "boundary": {**_table(keys.BOUNDARY, _raw(), least=1), "maxProperties": 1},
        "session": {"type": "string", "pattern": _whole(DURATION), "minLength": _SHORTEST_DURATION},
        "used-by": {
            "type": "array",
            "minItems": 1,
            "items": {"$ref": "#/$defs/use"},
            "contains": {"anyOf": [{"const": "user"}, {"type": "object", "required": ["user"]}]},
            "minContains": 0,
            "maxContains": 1,
        },
    }
    return _table(keys.IDENTITY, values)


def _grant() -> Schema:
    """Give one entry of `allow` or `deny`: exactly one form, and limits where the form is not taken as it is."""
    forms = {"actions": _one_or_more({"type": "string", "pattern": _whole(ACTION)}), **_raw()}
    limits = _table(keys.GRANT_LIMITS, {"on": _one_or_more(_resource()), "when": _conditions()})
    properties = {
        **_table(keys.GRANT_FORMS, forms)["properties"],
        **limits["properties"],
        **{service: {"$ref": "#/$defs/levels"} for service in services()},
    }
    alone = {"maxProperties": 1}
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "dependentSchemas": {key.name: alone for key in keys.BOUNDARY},
        "oneOf": [
            {"minProperties": 1, "maxProperties": 1, "properties": {"on": False, "when": False}},
            {"minProperties": 2, "maxProperties": 2, "required": ["on"], "properties": {"when": False}},
            {"minProperties": 2, "maxProperties": 2, "required": ["when"], "properties": {"on": False}},
            {"minProperties": 3, "maxProperties": 3, "required": ["on", "when"]},
        ],
        "examples": [_example("grant")],
    }


def _raw() -> dict[str, Schema]:
    """Give the forms that are taken as they are."""
    name = pattern_of("policy")[1:-1]
    return {
        "document": _text(),
        "managed": _text(pattern=f"^(arn:[^:]*:iam::aws:policy/)?{name}(/{name})*$"),
    }


def _use() -> Schema:
    values = {
        "user": {"user": _text(pattern=pattern_of("user"))},
        "service": {
            "service": {
                "anyOf": [
                    {"enum": sorted(principals())},
                    {"type": "string", "pattern": rf"^.+{PRINCIPAL_ENDING.replace('.', '[.]')}$"},
                ]
            }
        },
        "account": {"account": _account(), "external-id": _text(pattern=pattern_of("external id"))},
        **{form: {form: _federated(form)} for form in keys.FEDERATED},
    }
    forms = [
        {**_table(table, values[form]), "required": [form, *_needed(table)]}
        for form, table in keys.USES.items()
    ]
    return {"anyOf": [{"const": "user", "description": keys.USES["user"][0].says}, *forms]}


def _federated(form: str) -> Schema:
    ref = _text(pattern=r"^(?:refs/(?:heads|tags)/)?[^*?]+$")
    values = {
        "repository": _value(REPOSITORY),
        "repository-id": _value(NUMBER),
        "owner-id": _value(NUMBER),
        "environment": _value(ENVIRONMENT),
        **dict.fromkeys(REF_FORMS, ref),
        "workflow": _text(pattern=_whole(WORKFLOW)),
        "project": _value(PATH),
        "issuer": _value(ISSUER),
        "audience": _value(AUDIENCES),
        "subject": _value(SUBJECT),
    }
    one = {"anyOf": [{"required": [name]} for name in REF_FORMS]}
    environment = {"anyOf": [{"required": ["environment"]}, *one["anyOf"]]}
    needed = {"github": environment, "gitlab": one}
    return {
        **_table(keys.FEDERATED[form], values),
        **needed.get(form, {}),
        "examples": [_example(form)],
    }


def _value(rule: Rule) -> Schema:
    """Give a claim's value, which is no pattern."""
    found = _data(read_yaml(rule.example, rule.example))
    return {**_text(pattern=_whole(rule.pattern)), "examples": [*found.values()]}


def _conditions() -> Schema:
    scalar = {"type": ["string", "number", "boolean"]}
    return {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"enum": sorted(OPERATORS)},
        "additionalProperties": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": _whole(CONDITION_KEY)},
            # Values that JSON takes for the same (1 and 1.0) are two texts: only the parser can tell a repetition.
            "additionalProperties": {"anyOf": [scalar, {"type": "array", "minItems": 1, "items": scalar}]},
        },
    }


def _resource() -> Schema:
    # A policy variable may hold more colons, never fewer.
    arn = r"arn:[^:]*:[^:]*:[^:]*:[^:]*:.+"
    return {"type": "string", "pattern": rf"^([*]|{S3_SCHEME}[^/]+/.*|{arn})$"}


def _account() -> Schema:
    # Without quotes YAML reads a number, whose text the parser still sees.
    return {
        "anyOf": [
            {"type": "string", "pattern": _whole(ACCOUNT)},
            {"type": "integer", "minimum": 0, "maximum": _LARGEST_ACCOUNT},
        ]
    }


def _name() -> Schema:
    return _text(pattern=_whole(NAME), maxLength=NAME_CHARACTERS)


def _text(**limits: Any) -> Schema:
    """Give a text: what YAML reads as a number or a truth value is one to the parser. `limits` bind real texts."""
    return {"type": ["string", "number", "boolean"], "minLength": 1, **limits}


def _one_or_more(item: Schema) -> Schema:
    return {"anyOf": [item, {"type": "array", "minItems": 1, "uniqueItems": True, "items": item}]}


def _table(table: tuple[Key, ...], values: dict[str, Schema], *, least: int = 0) -> Schema:
    """Give a table of known keys, each with its sentence and an example. Every key must have its value's schema."""
    needed = _needed(table)
    return {
        "type": "object",
        "properties": {
            key.name: {"description": key.says, **values[key.name], **_examples(key.name, values[key.name])}
            for key in table
        },
        "additionalProperties": False,
        **({"required": needed} if needed else {}),
        **({"minProperties": least} if least else {}),
    }


def _needed(table: tuple[Key, ...]) -> list[str]:
    return [key.name for key in table if key.is_needed]


def _examples(name: str, value: Schema) -> Schema:
    return {} if "enum" in value or "examples" in value else {"examples": [_example(name)]}


def _example(name: str) -> Any:
    """Give the value of the line that errors show for a key."""
    found = _data(read_yaml(EXAMPLES[name].removeprefix("- "), name))
    return found.get(name, found)


def _data(node: Node | None) -> Any:
    match node:
        case Items():
            return [_data(item) for item in node.items]
        case Table():
            return {key.value: _data(value) for key, value in node.entries}
        case _:
            return None if node is None else node.value


def _whole(pattern: re.Pattern[str]) -> str:
    """Give a pattern that must fit the whole text: a schema's pattern is searched for."""
    return f"^(?:{pattern.pattern})$"
