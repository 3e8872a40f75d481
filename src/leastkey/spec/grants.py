"""The entries of `allow:` and `deny:`, and `boundary:`: levels, actions, raw documents, AWS-managed policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from leastkey.errors import LeastkeyError
from leastkey.iam.arn import Arn
from leastkey.iam.catalog import nearest, service_exists, services
from leastkey.iam.document import DocumentError, load_document
from leastkey.iam.names import name_fault
from leastkey.spec.actions import read_actions, read_levels
from leastkey.spec.conditions import read_conditions
from leastkey.spec.faults import invalid, shown, unknown
from leastkey.spec.fields import check_keys, only_form, table_of, text_of
from leastkey.spec.keys import BOUNDARY, GRANT_FORMS, GRANT_LIMITS, names_of
from leastkey.spec.model import ActionsGrant, Boundary, DocumentGrant, LevelGrant, ManagedGrant
from leastkey.spec.resources import read_resources

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.iam.document import PolicyDocument
    from leastkey.spec.model import Grant, Place
    from leastkey.spec.yaml_nodes import Node, Table, Text

__all__ = ["GrantReader", "Side"]

Side = Literal["allow", "deny"]

DOCUMENT_CHARACTERS: Final = 256 * 1024
"""Far past what any quota lets a policy have."""

_RAW_FORMS: Final = names_of(BOUNDARY)
_LIMITS: Final = names_of(GRANT_LIMITS)
_FORMS: Final = names_of(GRANT_FORMS)
_MEANT: Final = {
    "action": "actions",
    "condition": "when",
    "conditions": "when",
    "resource": "on",
    "resources": "on",
    "policy": "document",
}
"""AWS's words for what the spec calls otherwise."""


@dataclass(frozen=True, slots=True)
class GrantReader:
    """Reads grants. `read_document` gives a raw document's text by the path the spec names."""

    read_document: Callable[[str], str]

    def grant(self, node: Node, side: Side) -> Grant:
        """Read one entry of `allow:` or `deny:`. Raises LeastkeyError."""
        table = table_of(node, "grant")
        form, value = self._form(table)
        if form.value in _RAW_FORMS:
            _refuse_limits(table, form)
        if form.value == "document":
            return self._document(value, side, table.place)
        if form.value == "managed":
            return ManagedGrant(_managed(form, value, side), table.place)
        when = table.find("when")
        conditions = () if when is None else read_conditions(when)
        if form.value == "actions":
            actions = read_actions(value)
            on = _resources(table, has_s3=any(action.startswith("s3:") for action in actions))
            return ActionsGrant(actions, on, conditions, table.place)
        levels = read_levels(value, form.value)
        on = _resources(table, has_s3=form.value == "s3")
        return LevelGrant(form.value, levels, on, conditions, table.place)

    def boundary(self, node: Node) -> Boundary:
        """Read `boundary:`. Raises LeastkeyError."""
        table = table_of(node, "boundary")
        check_keys(table, _RAW_FORMS, "a boundary")
        form, value = only_form(
            table, _RAW_FORMS, "a boundary", remedy="keep one of the two: a role has one boundary"
        )
        if form.value == "managed":
            return Boundary(_managed(form, value, "allow"), None, table.place)
        return Boundary(None, self._document(value, "allow", table.place), table.place)

    def _form(self, table: Table) -> tuple[Text, Node]:
        """Give the entry that names the form: `actions`, `document`, `managed` or a service."""
        for key, _ in table.entries:
            if key.value not in _LIMITS and key.value not in _FORMS and not service_exists(key.value):
                raise _unknown_form(key)
        forms = [key.value for key, _ in table.entries if key.value not in _LIMITS]
        return only_form(table, forms or ("a service", *_FORMS), "a grant")

    def _document(self, node: Node, side: Side, place: Place) -> DocumentGrant:
        path = text_of(node, "document")
        document = _parsed(self._text(path), path)
        if side == "deny" and any(statement.effect == "Allow" for statement in document.statements):
            raise invalid(
                path.place,
                f"`{shown(path.value)}` stands under `deny` and holds a statement that allows",
                why="a document is taken over as it is",
                remedy="make every statement of it a Deny, or move the line to `allow`",
            )
        return DocumentGrant(path.value, document, place)

    def _text(self, path: Text) -> str:
        try:
            text = self.read_document(path.value)
        except OSError as error:
            raise invalid(
                path.place,
                f"the document `{shown(path.value)}` cannot be read",
                why=error.strerror or "the file cannot be opened",
                remedy="name a file, seen from the spec's folder",
            ) from None
        except ValueError:
            raise invalid(
                path.place,
                f"the document `{shown(path.value)}` cannot be read",
                why="it is not UTF-8 text, or its name is none",
                remedy="save it as UTF-8",
            ) from None
        if len(text) > DOCUMENT_CHARACTERS:
            raise invalid(
                path.place,
                f"the document `{shown(path.value)}` is larger than {DOCUMENT_CHARACTERS // 1024} KiB",
                remedy="AWS takes 6,144 characters a policy: split it",
            )
        return text


def _parsed(text: str, path: Text) -> PolicyDocument:
    try:
        return load_document(text, "identity")
    except DocumentError as fault:
        raise LeastkeyError(
            "policy-invalid",
            f"{shown(path.value)}: {fault.what}",
            why=(f"at {shown(fault.path)}", f"named in {path.place}"),
            remedy="correct the document: AWS would refuse it too",
            place=f"{path.value}:{fault.line}:{fault.column}",
        ) from None


def _managed(form: Text, node: Node, side: Side) -> str:
    if side == "deny":
        raise invalid(
            form.place,
            "`managed` stands under `deny`, where no managed policy can stand",
            why="AWS's own policies allow, and a policy is attached as it is",
            remedy="deny with levels, actions or a document",
        )
    text = text_of(node, "managed")
    fault = _managed_fault(text.value)
    if fault is not None:
        raise invalid(
            text.place,
            f"`{shown(text.value)}` is no AWS-managed policy",
            why=fault,
            remedy="as in `AmazonEC2ReadOnlyAccess` or `job-function/ViewOnlyAccess`",
        )
    return text.value


def _managed_fault(name: str) -> str | None:
    """Say why a text is neither a name (with its path, where it has one) nor an ARN of an AWS-managed policy."""
    if name.startswith("arn:"):
        try:
            arn = Arn.parse(name)
        except ValueError:
            return "an ARN is six parts with colons between them"
        if (arn.service, arn.region, arn.account) != ("iam", "", "aws") or not arn.resource.startswith(
            "policy/"
        ):
            return "AWS's own policies have ARNs that begin with `arn:aws:iam::aws:policy/`"
        name = arn.resource.removeprefix("policy/")
    return next(
        (fault for part in name.split("/") if (fault := name_fault("policy", part)) is not None), None
    )


def _resources(table: Table, *, has_s3: bool) -> tuple[str, ...]:
    node = table.find("on")
    return () if node is None else read_resources(node, has_s3=has_s3)


def _refuse_limits(table: Table, form: Text) -> None:
    for key, _ in table.entries:
        if key.value in _LIMITS:
            raise invalid(
                key.place,
                f"`{key.value}` stands beside `{form.value}`, which is taken over as it is",
                remedy="write the limit into the document, or use levels or `actions`",
            )


def _unknown_form(key: Text) -> LeastkeyError:
    forms = (*_FORMS, *_LIMITS)
    what = "no AWS service and no key of a grant"
    meant = _MEANT.get(key.value.lower()) or nearest(key.value[:40], forms)
    if meant is not None:
        return unknown(key.place, key.value, what, (meant,), remedy=f"did you mean `{meant}`?")
    if ":" in key.value:
        return unknown(key.place, key.value, what, (), remedy=f"write `- actions: [{shown(key.value)}]`")
    return unknown(key.place, key.value, what, services())
