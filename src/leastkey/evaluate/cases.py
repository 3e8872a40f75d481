"""The neutral case format: one JSON object a case, in and out. `leastkey policy simulate --cases` streams it.

`cases/` is written in it, and so is any comparison with another engine. Nothing is remembered from one case to the next.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, get_args

from leastkey.evaluate.asked import RequestError
from leastkey.evaluate.context import fill, filled_as_json
from leastkey.evaluate.decide import decide
from leastkey.evaluate.missing import missing, missing_as_json
from leastkey.evaluate.request import NamedDocument, Policies, Principal, PrincipalType, Request, Verdict
from leastkey.evaluate.trust import is_about_trust
from leastkey.iam.catalog import nearest
from leastkey.iam.document import DocumentError, DocumentKind, PolicyDocument, load_json, read_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.evaluate.context_keys import CallFacts
    from leastkey.evaluate.request import Decision, NearMiss, Reason
    from leastkey.iam.statement import Json

__all__ = ["Case", "CaseError", "answer", "answer_line", "read_case"]

_TYPES: Final[dict[str, PrincipalType]] = {kind: kind for kind in get_args(PrincipalType)}
_WITHOUT_ACCOUNT: Final = frozenset({"service", "anonymous", "federated"})
_FIELDS: Final = frozenset(
    {
        "id",
        "request",
        "identity_policies",
        "resource_policy",
        "permission_boundaries",
        "session_policies",
        "scps",
        "rcps",
        "vpc_endpoint_policies",
    }
)
_REMARKS: Final = frozenset(
    {"features", "says", "source", "expect", "expected", "note", "notes", "description", "category"}
)
"""Fields for readers and reports. Any other is an error: a misspelled `scps` must not pass for no policy at all."""
_KNOWN: Final = _FIELDS | _REMARKS
_OF_REQUEST: Final = frozenset({"action", "resource", "principal", "context"})


class CaseError(ValueError):
    """A case that cannot be asked: `code` is `not-json`, `invalid-case` or AWS's `MalformedPolicyDocument`."""

    def __init__(self, code: str, what: str, case_id: str | None = None) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.case_id = case_id


@dataclass(frozen=True, slots=True)
class Case:
    """One case, ready to be decided."""

    id: str
    request: Request
    policies: Policies


def answer_line(
    line: str | bytes, facts: CallFacts | None = None, *, with_missing: bool = False
) -> tuple[dict[str, Any], bool]:
    """Answer one line of cases; says whether it was a case. A malformed one is answered with an error on its line.

    With `facts` the context is filled in first, and the answer says so. `with_missing` names the absent keys too.
    """
    try:
        try:
            value = load_json(line if isinstance(line, str) else line.decode())
        except DocumentError as error:
            raise CaseError("not-json", error.what) from None
        except UnicodeDecodeError as error:
            raise CaseError("not-json", f"not UTF-8 at byte {error.start}") from None
        case = read_case(value)
        request, more = case.request, dict[str, Any]()
        if facts is not None:
            facts = replace(facts, principal_tags=_tags(value, case.id))
            filled = fill(request, facts, case.policies)
            request, more = filled.request, filled_as_json(filled)
        try:
            decision = decide(request, case.policies)
        except RequestError as error:
            raise CaseError("invalid-case", str(error), case.id) from None
        if with_missing and (found := missing(request, case.policies, decision)):
            more["missing"] = missing_as_json(found)
    except CaseError as error:
        return {"id": error.case_id, "error": {"code": error.code, "what": error.what}}, False
    return {"id": case.id, **answer(decision), **more}, True


def read_case(value: Json) -> Case:
    """Read one case. Raises CaseError, which names the field (`request.principal.type`) and what it must be."""
    if not isinstance(value, dict):
        raise CaseError("invalid-case", "a case is a JSON object")
    case_id = value.get("id")
    if not isinstance(case_id, str):
        raise CaseError("invalid-case", "`id` is a text")
    try:
        _refuse_unknown(value)
        request = _request(_object(value, "request", "request"))
        return Case(case_id, request, _policies(value, request.action))
    except CaseError as error:
        raise CaseError(error.code, error.what, case_id) from None


def _refuse_unknown(case: Mapping[str, Json]) -> None:
    if not case.keys() <= _KNOWN:
        unknown = next(field for field in case if field not in _KNOWN)
        raise CaseError("invalid-case", f"`{unknown}` is no field of a case")


def _refuse_misspelled(value: Mapping[str, Json], known: frozenset[str], where: str) -> None:
    """Refuse a field whose name is close to one that counts; others are remarks."""
    for field in value.keys() - known:
        meant = nearest(field, known - value.keys())
        if meant is not None:
            raise CaseError("invalid-case", f"`{where}.{field}` is no field of a case: `{where}.{meant}` is")


def answer(decision: Decision) -> dict[str, Any]:
    """Give a decision as the format has it: verdict, layers, and what it is because of."""
    because: list[dict[str, Any]] = [_because(reason) for reason in decision.because]
    if decision.verdict is Verdict.IMPLICITLY_DENIED:
        because = [_missed(miss) for miss in decision.near_misses]
    found: dict[str, Any] = {
        "verdict": decision.verdict.value,
        "decided_by": decision.decided_by,
        "layers": {name: result.value for name, result in decision.layers.items()},
        "because": because,
    }
    if decision.undocumented:
        found["undocumented"] = list(decision.undocumented)
    return found


def _because(reason: Reason) -> dict[str, Any]:
    return {
        "layer": reason.layer,
        "policy": reason.policy,
        "statement": reason.statement,
        "sid": reason.sid,
        "effect": reason.effect,
    }


def _missed(miss: NearMiss) -> dict[str, Any]:
    return {
        "layer": miss.layer,
        "policy": miss.policy,
        "statement": miss.statement,
        "sid": miss.sid,
        "effect": miss.effect,
        "failed": miss.element,
        "asked": miss.asked,
        "pattern": miss.pattern,
    }


def _request(value: Mapping[str, Json]) -> Request:
    _refuse_misspelled(value, _OF_REQUEST, "request")
    resource = value.get("resource")
    if isinstance(resource, str):
        resource = {"arn": resource}
    if not isinstance(resource, dict):
        raise CaseError("invalid-case", "`request.resource` is an object of `arn` and `account`")
    return Request(
        _text(value, "action", "request"),
        _text(resource, "arn", "request.resource"),
        _principal(_object(value, "principal", "request.principal")),
        _text(resource, "account", "request.resource", may_lack=True),
        _context(value.get("context", {})),
    )


def _principal(value: Mapping[str, Json]) -> Principal:
    kind = _TYPES.get(_text(value, "type", "request.principal"))
    if kind is None:
        known = ", ".join(f"`{each}`" for each in sorted(_TYPES))
        raise CaseError("invalid-case", f"`request.principal.type` is one of {known}")
    return Principal(
        kind,
        _text(value, "arn", "request.principal", may_lack=kind == "anonymous"),
        _text(value, "account", "request.principal", may_lack=kind in _WITHOUT_ACCOUNT),
    )


def _tags(case: Json, case_id: str) -> dict[str, str] | None:
    """Give the principal's tags, None where the case does not say."""
    request = case.get("request") if isinstance(case, dict) else None
    principal = request.get("principal") if isinstance(request, dict) else None
    tags = principal.get("tags") if isinstance(principal, dict) else None
    if tags is None:
        return None
    if not isinstance(tags, dict):
        raise CaseError("invalid-case", "`request.principal.tags` is an object of texts", case_id)
    texts = {key: value for key, value in tags.items() if isinstance(value, str)}
    if len(texts) != len(tags):
        raise CaseError("invalid-case", "`request.principal.tags` is an object of texts", case_id)
    return texts


def _context(value: Json) -> dict[str, str | tuple[str, ...]]:
    if not isinstance(value, dict):
        raise CaseError("invalid-case", "`request.context` is an object of condition keys")
    return {key: _context_value(key, each) for key, each in value.items()}


def _context_value(key: str, value: Json) -> str | tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_context_text(key, each) for each in value)
    return _context_text(key, value)


def _context_text(key: str, value: Json) -> str:
    """Give a value as its text: numbers and booleans are taken as JSON writes them, as in a policy."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise CaseError("invalid-case", f"`request.context` key `{key}` holds a text or a list of texts")


def _policies(case: Mapping[str, Json], action: str) -> Policies:
    resource = case.get("resource_policy")
    return Policies(
        identity=tuple(_named(each, index) for index, each in enumerate(_list(case, "identity_policies"))),
        resource=None
        if resource is None
        else NamedDocument(
            "resource_policy",
            _of_resource(resource, "trust", "resource")
            if is_about_trust(action)
            else _of_resource(resource, "resource", "trust"),
        ),
        boundaries=_of_field(case, "permission_boundaries", "identity"),
        sessions=_of_field(case, "session_policies", "identity"),
        scps=_levels(case, "scps", "identity"),
        rcps=_levels(case, "rcps", "resource"),
        endpoints=_of_field(case, "vpc_endpoint_policies", "resource"),
    )


def _named(value: Json, index: int) -> NamedDocument:
    where = f"identity_policies[{index}]"
    if not isinstance(value, dict) or "document" not in value:
        raise CaseError("invalid-case", f"`{where}` is an object of `name` and `document`")
    name = _text(value, "name", where, may_lack=True) or where
    return NamedDocument(name, _document(value["document"], "identity", f"{where}.document"))


def _of_field(case: Mapping[str, Json], field: str, kind: DocumentKind) -> tuple[NamedDocument, ...]:
    return _documents(_list(case, field), kind, field)


def _documents(values: list[Json], kind: DocumentKind, where: str) -> tuple[NamedDocument, ...]:
    return tuple(
        NamedDocument(f"{where}[{index}]", _document(value, kind, f"{where}[{index}]"))
        for index, value in enumerate(values)
    )


def _levels(
    case: Mapping[str, Json], field: str, kind: DocumentKind
) -> tuple[tuple[NamedDocument, ...], ...]:
    found = []
    for index, level in enumerate(_list(case, field)):
        if not isinstance(level, list):
            raise CaseError("invalid-case", f"`{field}[{index}]` is a level: a list of documents")
        found.append(_documents(level, kind, f"{field}[{index}]"))
    return tuple(found)


def _of_resource(value: Json, kind: DocumentKind, other: DocumentKind) -> PolicyDocument:
    """Read the policy of a resource as one kind or, where only that fits, as the other.

    A trust policy may name its resource and a topic's policy may not: without Resource a statement speaks of the resource
    it is attached to.
    """
    try:
        return _document(value, kind, "resource_policy")
    except CaseError as fault:
        try:
            return _document(value, other, "resource_policy")
        except CaseError:
            raise fault from None


def _document(value: Json, kind: DocumentKind, where: str) -> PolicyDocument:
    try:
        return read_document(value, kind)
    except DocumentError as error:
        raise CaseError("MalformedPolicyDocument", f"{where} {error.path}: {error.what}") from None


def _object(value: Mapping[str, Json], field: str, where: str) -> Mapping[str, Json]:
    found = value.get(field)
    if not isinstance(found, dict):
        raise CaseError("invalid-case", f"`{where}` is an object")
    return found


def _list(value: Mapping[str, Json], field: str) -> list[Json]:
    found = value.get(field)
    if found is None:
        return []
    if not isinstance(found, list):
        raise CaseError("invalid-case", f"`{field}` is a list")
    return found


def _text(value: Mapping[str, Json], field: str, where: str, *, may_lack: bool = False) -> str:
    found = value.get(field)
    if found is None and may_lack:
        return ""
    if not isinstance(found, str) or not (found or may_lack):
        raise CaseError("invalid-case", f"`{where}.{field}` is a text")
    return found
