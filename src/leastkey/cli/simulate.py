"""One request asked from the command line: policies from files, the decision as people read it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leastkey.cli.context import ANY_ACCOUNT, absent_keys, key_values
from leastkey.cli.explain_view import VERDICTS
from leastkey.cli.wrap import wrapped
from leastkey.clock import SystemClock
from leastkey.errors import LeastkeyError
from leastkey.evaluate.asked import RequestError
from leastkey.evaluate.cases import answer
from leastkey.evaluate.context import fill, filled_as_json
from leastkey.evaluate.context_keys import CallFacts
from leastkey.evaluate.decide import decide
from leastkey.evaluate.missing import missing, missing_as_json
from leastkey.evaluate.reads import keys_read
from leastkey.evaluate.request import LayerResult, NamedDocument, Policies, Principal, Request, Verdict
from leastkey.evaluate.trust import is_about_trust
from leastkey.iam.document import DocumentError, load_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leastkey.cli.show import Show
    from leastkey.evaluate.context import Filled
    from leastkey.evaluate.request import Decision, NearMiss, PrincipalType, Reason
    from leastkey.iam.document import DocumentKind

__all__ = ["ask", "facts_now", "show_decision"]

_SERVICE: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?", re.ASCII)
_KINDS: Final[tuple[tuple[str, str, PrincipalType], ...]] = (
    ("iam", "user/", "user"),
    ("iam", "role/", "role"),
    ("iam", "root", "root"),
    ("sts", "assumed-role/", "session"),
    ("sts", "federated-user/", "feduser"),
)


def ask(
    action: str,
    identity: tuple[str, ...],
    more: Mapping[str, str | tuple[str, ...] | None],
) -> tuple[Request, Policies]:
    """Put a request and its policies together from a command line. Raises LeastkeyError."""
    caller = _principal(_one(more, "principal") or f"arn:aws:iam::{ANY_ACCOUNT}:user/someone")
    request = Request(
        action,
        _one(more, "resource") or "*",
        caller,
        _one(more, "resource_account") or "",
        _context(_several(more, "context")),
    )
    kind: DocumentKind = "trust" if is_about_trust(action) else "resource"
    resource = _one(more, "resource_policy")
    boundary = _one(more, "boundary")
    return request, Policies(
        identity=_documents(identity, "identity"),
        resource=None if resource is None else _document(resource, kind),
        boundaries=() if boundary is None else (_document(boundary, "identity"),),
        sessions=_documents(_several(more, "session_policy"), "identity"),
        scps=tuple((each,) for each in _documents(_several(more, "scp"), "identity")),
        rcps=tuple((each,) for each in _documents(_several(more, "rcp"), "resource")),
        endpoints=_documents(_several(more, "endpoint_policy"), "resource"),
    )


def facts_now() -> CallFacts:
    """Give what is taken for granted of a call: it is made now, over TLS, by the caller and by no service for him."""
    return CallFacts(now=SystemClock().now(), is_secure=True, via=())


def show_decision(show: Show, request: Request, policies: Policies, facts: CallFacts | None) -> None:
    """Decide, and print verdict, deciding statements and, of the others, what each lacks. Raises LeastkeyError.

    With `facts` the context is filled in first.
    """
    filled = None if facts is None else fill(request, facts, policies)
    request = request if filled is None else filled.request
    try:
        decision = decide(request, policies)
    except RequestError as error:
        raise LeastkeyError("usage", str(error)) from None
    lacked = missing(request, policies, decision)
    show.document(
        "policy simulate",
        {
            **answer(decision),
            **({} if filled is None else filled_as_json(filled)),
            **({"missing": missing_as_json(lacked)} if lacked else {}),
        },
    )
    show.data(VERDICTS[decision.verdict])
    if decision.verdict is not Verdict.EXPLICITLY_DENIED:
        show.data(f"  decided by {decision.decided_by}")
    _show_layers(show, decision)
    for reason in decision.because:
        show.data(f"  {reason.effect} by {_statement(reason)}")
    if decision.verdict is Verdict.IMPLICITLY_DENIED:
        _show_misses(show, decision)
    for line in _about_context(show, filled, policies, request):
        show.data(line)
    for key, words in absent_keys(lacked, filled):
        for line in wrapped(f"  absent: {key}: ", words, 4, columns=show.columns):
            show.data(line)
    for slug in decision.undocumented:
        show.data(f"  undocumented at AWS: {slug}")


def _about_context(show: Show, filled: Filled | None, policies: Policies, request: Request) -> Iterator[str]:
    """Say what was filled in of the keys that the policies read."""
    if filled is None:
        return
    read = {each.key.lower() for each in keys_read(policies, request.action)}
    for key, value in filled.added.items():
        if key.lower() in read:
            shown = value if isinstance(value, str) else ", ".join(value)
            yield from wrapped("  filled in: ", f"{key} is {shown}", 4, columns=show.columns)
    for note in filled.assumed:
        if note.key.lower() in read:
            yield from wrapped(f"  assumed: {note.key}: ", note.why, 4, columns=show.columns)


def _show_layers(show: Show, decision: Decision) -> None:
    """Say what each layer answers by itself, where there are several."""
    said = [
        f"{name} {result.value}"
        for name, result in decision.layers.items()
        if result is not LayerResult.NOT_APPLICABLE
    ]
    if len(said) > 1:
        for line in wrapped("  layers: ", ", ".join(said), 4, columns=show.columns):
            show.data(line)


def _show_misses(show: Show, decision: Decision) -> None:
    misses = [miss for miss in decision.near_misses if miss.effect == "Allow"]
    for miss in misses:
        for line in wrapped(f"  {_statement(miss)}  ", _lacks(miss), 4, columns=show.columns):
            show.data(line)
    if not misses:
        show.data("  no statement allows it")


def _statement(found: Reason | NearMiss) -> str:
    """Name a statement on one line, whatever its Sid holds."""
    sid = " ".join((found.sid or "").split())
    return f"{found.policy}, statement {found.statement + 1} {sid}".rstrip()


def _lacks(miss: NearMiss) -> str:
    return f"{miss.element} does not match: {miss.pattern}; asked: {miss.asked}"


def _principal(name: str) -> Principal:
    """Read who asks: an ARN, a service (`ec2.amazonaws.com`), or `anonymous`."""
    if name == "anonymous":
        return Principal("anonymous", "", "")
    if _SERVICE.fullmatch(name):
        return Principal("service", name, "")
    parts = name.split(":", 5)
    if len(parts) == 6 and parts[0] == "arn":
        for service, start, kind in _KINDS:
            if parts[2] == service and parts[5].startswith(start):
                return Principal(kind, name, parts[4])
    raise LeastkeyError(
        "usage",
        f"`{name}` names no user, role, session, federated user, root or service",
        remedy=(
            "--principal arn:aws:iam::111122223333:user/alice",
            "--principal ec2.amazonaws.com, or --principal anonymous",
        ),
    )


def _context(given: tuple[str, ...]) -> dict[str, str | tuple[str, ...]]:
    """Give the context; a key that stands several times has several values."""
    found: dict[str, list[str]] = {}
    for key, value in key_values(given):
        found.setdefault(key, []).append(value)
    return {key: values[0] if len(values) == 1 else tuple(values) for key, values in found.items()}


def _documents(files: tuple[str, ...], kind: DocumentKind) -> tuple[NamedDocument, ...]:
    return tuple(_document(file, kind) for file in files)


def _document(file: str, kind: DocumentKind) -> NamedDocument:
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise LeastkeyError(
            "usage",
            f"`{file}` cannot be read",
            why=str(why),
            remedy="name a policy's JSON file, seen from this folder",
        ) from None
    try:
        return NamedDocument(file, load_document(text, kind))
    except DocumentError as error:
        raise LeastkeyError(
            "policy-invalid",
            f"MalformedPolicyDocument: {error.what}",
            why=f"at {error.path}",
            place=f"{file}:{error.line}:{error.column}",
            remedy="put it right, then run the same command again: AWS would refuse it too",
        ) from None


def _one(more: Mapping[str, str | tuple[str, ...] | None], name: str) -> str | None:
    value = more.get(name)
    return value if isinstance(value, str) else None


def _several(more: Mapping[str, str | tuple[str, ...] | None], name: str) -> tuple[str, ...]:
    value = more.get(name)
    return value if isinstance(value, tuple) else ()
