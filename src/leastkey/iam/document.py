"""Policy documents: parse JSON into values, print them minimal and stable.

`parse_document` accepts what AWS accepts and names the JSON path of the first fault; `load_document` takes text
and adds line and column, which are located only when there is a fault.
Source: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, TypeGuard

from leastkey.iam.columns import (
    ELEMENTS,
    KINDS_OF_PRINCIPAL,
    TOP,
    VERSIONS,
    WITHOUT_VERSION,
    Columns,
    columns,
)
from leastkey.iam.locate import line_and_column
from leastkey.iam.statement import Condition, Effect, Json, Principals, Statement

__all__ = [
    "DocumentError",
    "DocumentKind",
    "PolicyDocument",
    "load_document",
    "load_json",
    "parse_document",
    "read_document",
    "statement_of",
]

DocumentKind: TypeAlias = Literal["identity", "resource", "trust"]
"""`identity` needs Resource and has no Principal, `resource` needs both, `trust` needs Principal and has no Resource."""

_MARK: Final = "\ufeff"
"""Some editors put it before a text in UTF-8."""


class DocumentError(ValueError):
    """A document AWS would refuse: what is wrong and where, as a JSON path (`$.Statement[0].Action`).

    `line` and `column` count from 1 and are 0 where the text is not at hand.
    """

    def __init__(self, what: str, path: str, *, line: int = 0, column: int = 0) -> None:
        super().__init__(f"{path}: {what}")
        self.what = what
        self.path = path
        self.line = line
        self.column = column


class _Read:
    """What a document was read from, and what its readers keep with it; neither is part of its value."""

    __slots__ = ("columns", "kept")

    columns: Columns | None
    kept: object


@dataclass(frozen=True, slots=True)
class PolicyDocument(_Read):
    """A policy as a value. Two documents with the same text are equal; for equality by meaning see `canonical`.

    A document that was read from text is checked as a whole, and its statements are made when first asked for: `columns`
    holds them as JSON, None where the document was built from statements. `kept` is for what a reader makes of the
    document once and uses often.
    """

    statements: tuple[Statement, ...]
    version: str = "2012-10-17"
    id: str | None = None

    def __post_init__(self) -> None:
        """Begin with nothing read and nothing kept."""
        object.__setattr__(self, "columns", None)
        object.__setattr__(self, "kept", None)

    @classmethod
    def of_columns(cls, laid_out: Columns, version: str, identifier: str | None) -> PolicyDocument:
        """Give a document whose statements are not made yet."""
        document = cls.__new__(cls)
        given = (("columns", laid_out), ("kept", None), ("version", version), ("id", identifier))
        for name, value in given:
            object.__setattr__(document, name, value)
        return document

    def __getattr__(self, name: str) -> Any:
        """Make the statements: Python asks here only for what is not set yet."""
        if name != "statements":
            raise AttributeError(name)
        made = tuple(map(statement_of, self.columns.entries if self.columns else ()))
        object.__setattr__(self, "statements", made)
        return made

    def __reduce__(self) -> tuple[type[PolicyDocument], tuple[object, ...]]:
        """Copy and pickle the value alone: what is kept with a document is made anew."""
        return PolicyDocument, (self.statements, self.version, self.id)

    def keep(self, made: object) -> None:
        """Keep what a reader made of this document; it lives as long as the document."""
        object.__setattr__(self, "kept", made)

    def to_json(self) -> dict[str, Json]:
        """Give the document as a JSON object."""
        result: dict[str, Json] = {"Version": self.version}
        if self.id is not None:
            result["Id"] = self.id
        result["Statement"] = [statement.to_json() for statement in self.statements]
        return result

    def text(self) -> str:
        """Give the document as AWS gets it: JSON without white space between its parts."""
        return json.dumps(self.to_json(), separators=(",", ":"), ensure_ascii=False)

    def characters(self) -> int:
        """Count the characters AWS counts against its quotas: all but white space."""
        return sum(map(len, self.text().split()))


def load_document(text: str, kind: DocumentKind) -> PolicyDocument:
    """Parse a document from text. Raises DocumentError with line and column."""
    try:
        return read_document(load_json(text), kind)
    except DocumentError as fault:
        raise (fault if fault.line else _located(fault, text)) from None


def statement_of(value: dict[str, Any]) -> Statement:
    """Give the statement that a well-formed entry of `columns` is."""
    return _built(value, "$", "Allow" if value["Effect"] == "Allow" else "Deny", value.get("Sid"))


def load_json(text: str) -> Json:
    """Read JSON in which nothing stands twice, and no number is longer than a number. Raises DocumentError."""
    try:
        value: Json = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        what = "it begins with a byte order mark" if text.startswith(_MARK) else error.msg
        raise DocumentError(f"not JSON: {what}", "$", line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise DocumentError("nested too deeply", "$", line=1, column=1) from None
    except DocumentError:
        raise
    except ValueError:  # Python reads no number of more than 4,300 digits
        raise DocumentError("a number has too many digits", "$", line=1, column=1) from None
    return value


def _located(fault: DocumentError, text: str) -> DocumentError:
    line, column = line_and_column(fault.path, text)
    return DocumentError(fault.what, fault.path, line=line, column=column)


def read_document(value: Json, kind: DocumentKind) -> PolicyDocument:
    """Turn a JSON value into a document that keeps it: nobody may change the value afterwards. Raises DocumentError."""
    laid_out = columns(value, kind)
    if laid_out is None or not isinstance(value, dict):
        return parse_document(value, kind)
    version, identifier = value.get("Version", WITHOUT_VERSION), value.get("Id")
    return PolicyDocument.of_columns(laid_out, str(version), None if identifier is None else str(identifier))


def parse_document(value: Json, kind: DocumentKind) -> PolicyDocument:
    """Turn a JSON value into a document, statement by statement. Raises DocumentError."""
    if not isinstance(value, dict):
        raise DocumentError("a policy document is a JSON object", "$")
    _known(value, TOP, "$")
    version = value.get("Version", WITHOUT_VERSION)
    if version not in VERSIONS:
        raise DocumentError("Version is `2012-10-17` or `2008-10-17`", "$.Version")
    identifier = value.get("Id")
    if identifier is not None and not isinstance(identifier, str):
        raise DocumentError("Id is a text", "$.Id")
    if "Statement" not in value:
        raise DocumentError("Statement is missing", "$")
    raw = value["Statement"]
    entries = raw if isinstance(raw, list) else [raw]
    if not entries:
        raise DocumentError("Statement is empty", "$.Statement")
    paths = (
        [f"$.Statement[{index}]" for index in range(len(entries))]
        if isinstance(raw, list)
        else ["$.Statement"]
    )
    statements = tuple(_statement(entry, path, kind) for entry, path in zip(entries, paths, strict=True))
    _unique_sids(statements, paths)
    return PolicyDocument(statements, str(version), identifier)


def _statement(value: Json, path: str, kind: DocumentKind) -> Statement:
    if not isinstance(value, dict):
        raise DocumentError("a statement is a JSON object", path)
    _known(value, ELEMENTS, path)
    effect = _effect(value, path)
    sid = value.get("Sid")
    if sid is not None and not isinstance(sid, str):
        raise DocumentError("Sid is a text", f"{path}.Sid")
    _one_of(value, "Action", "NotAction", path, needed=True)
    _one_of(value, "Resource", "NotResource", path, needed=kind != "trust")
    _one_of(value, "Principal", "NotPrincipal", path, needed=kind != "identity")
    _fits(value, path, kind)
    return _built(value, path, effect, sid)


def _effect(value: dict[str, Json], path: str) -> Effect:
    match value.get("Effect"):
        case "Allow":
            return "Allow"
        case "Deny":
            return "Deny"
        case _:
            raise DocumentError(
                "Effect is `Allow` or `Deny`", f"{path}.Effect" if "Effect" in value else path
            )


def _built(value: dict[str, Json], path: str, effect: Effect, sid: str | None) -> Statement:
    return Statement(
        effect=effect,
        actions=_texts(value, "Action", path),
        not_actions=_texts(value, "NotAction", path),
        resources=_texts(value, "Resource", path),
        not_resources=_texts(value, "NotResource", path),
        principal=_principals(value["Principal"], f"{path}.Principal") if "Principal" in value else None,
        not_principal=_principals(value["NotPrincipal"], f"{path}.NotPrincipal")
        if "NotPrincipal" in value
        else None,
        conditions=_conditions(value["Condition"], f"{path}.Condition") if "Condition" in value else (),
        sid=sid,
    )


def _fits(value: dict[str, Json], path: str, kind: DocumentKind) -> None:
    if kind == "identity":
        for element in ("Principal", "NotPrincipal"):
            if element in value:
                raise DocumentError(f"{element} does not belong into an identity policy", f"{path}.{element}")
    if kind == "trust":
        for element in ("Resource", "NotResource"):
            if element in value:
                raise DocumentError(f"{element} does not belong into a trust policy", f"{path}.{element}")


def _known(value: dict[str, Json], names: frozenset[str], path: str) -> None:
    if not value.keys() <= names:
        unknown = next(name for name in value if name not in names)
        raise DocumentError(f"`{unknown}` is no element of a policy", f"{path}.{unknown}")


def _one_of(value: dict[str, Json], plain: str, negated: str, path: str, *, needed: bool) -> None:
    if plain in value and negated in value:
        raise DocumentError(f"a statement has {plain} or {negated}, not both", f"{path}.{negated}")
    if needed and plain not in value and negated not in value:
        raise DocumentError(f"{plain} is missing", path)


def _texts(value: dict[str, Json], name: str, path: str) -> tuple[str, ...]:
    if name not in value:
        return ()
    raw = value[name]
    if isinstance(raw, str):
        if raw:
            return (raw,)
    elif isinstance(raw, list) and raw and _are_texts(raw) and "" not in raw:
        return tuple(raw)
    raise _no_texts(raw, name, path)


def _are_texts(values: list[Json]) -> TypeGuard[list[str]]:
    return set(map(type, values)) == {str}


def _no_texts(raw: Json, name: str, path: str) -> DocumentError:
    if raw == []:
        return DocumentError(f"{name} is empty", f"{path}.{name}")
    where = f"{path}.{name}"
    if isinstance(raw, list):
        wrong = next(index for index, entry in enumerate(raw) if not isinstance(entry, str) or not entry)
        where = f"{where}[{wrong}]"
    return DocumentError(f"{name} holds texts that are not empty", where)


def _principals(value: Json, path: str) -> Principals:
    if value == "*":
        return Principals(anyone=True)
    if not isinstance(value, dict) or not value:
        raise DocumentError(
            'a principal is `"*"` or an object with AWS, Service, Federated or CanonicalUser', path
        )
    unknown = next((kind for kind in value if kind not in KINDS_OF_PRINCIPAL), None)
    if unknown is not None:
        raise DocumentError(f"`{unknown}` is no kind of principal", f"{path}.{unknown}")
    return Principals(
        aws=_texts(value, "AWS", path),
        service=_texts(value, "Service", path),
        federated=_texts(value, "Federated", path),
        canonical_user=_texts(value, "CanonicalUser", path),
    )


def _conditions(value: Json, path: str) -> tuple[Condition, ...]:
    if not isinstance(value, dict):
        raise DocumentError("Condition is an object of operators", path)
    found: list[Condition] = []
    for operator, keys in value.items():
        if not isinstance(keys, dict):
            raise DocumentError(f"{operator} holds an object of condition keys", f"{path}.{operator}")
        found.extend(
            Condition(operator, key, _values(raw, f"{path}.{operator}.{key}")) for key, raw in keys.items()
        )
    return tuple(found)


def _values(raw: Json, path: str) -> tuple[str, ...]:
    entries = raw if isinstance(raw, list) else [raw]
    return tuple(_scalar(entry, path) for entry in entries)


def _scalar(value: Json, path: str) -> str:
    """Give a condition value as text: AWS takes JSON booleans and numbers and reads them as their text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return json.dumps(value)
    raise DocumentError("a condition value is a text, number or boolean", path)


def _unique_sids(statements: tuple[Statement, ...], paths: list[str]) -> None:
    seen: set[str] = set()
    for statement, path in zip(statements, paths, strict=True):
        if statement.sid and statement.sid in seen:
            raise DocumentError(f"Sid `{statement.sid}` stands twice", f"{path}.Sid")
        seen.add(statement.sid or "")


def _no_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(pairs)
    if len(result) != len(pairs):
        twice, _times = Counter(key for key, _ in pairs).most_common(1)[0]
        raise DocumentError(f"`{twice}` stands twice in one object", f"$..{twice}")
    return result


def _no_constants(name: str) -> Json:
    raise DocumentError(f"`{name}` is no JSON number", "$")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constants)
