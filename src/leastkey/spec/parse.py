"""A spec from its text: every key, every check that needs no account. The format is described in `docs/`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from leastkey.errors import LeastkeyError
from leastkey.spec import keys
from leastkey.spec.faults import invalid, shown, syntax
from leastkey.spec.fields import check_keys, items_of, needed, table_of, text_of
from leastkey.spec.grants import GrantReader
from leastkey.spec.keys import names_of
from leastkey.spec.model import Identity, Names, Place, Spec
from leastkey.spec.settings import (
    check_identity_name,
    project_fault,
    read_description,
    read_iam_name,
    read_output,
    read_project,
    read_region,
    read_session,
    read_target,
    read_version,
)
from leastkey.spec.uses import read_account, read_uses
from leastkey.spec.yaml_nodes import Table, read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.spec.grants import Side
    from leastkey.spec.model import Grant
    from leastkey.spec.yaml_nodes import Node, Text

__all__ = ["DEFAULT_OUTPUT", "DEFAULT_REGION", "DEFAULT_SESSION_SECONDS", "parse_spec"]

DEFAULT_REGION: Final = "us-east-1"
DEFAULT_OUTPUT: Final = "json"
DEFAULT_SESSION_SECONDS: Final = 3_600

_T = TypeVar("_T")


def parse_spec(
    text: str, file: str, read_document: Callable[[str], str], *, default_project: str = "project"
) -> Spec:
    """Parse a spec. Raises LeastkeyError with file, line, column and the fix.

    `file` is the name as the user gave it. `read_document` gives a raw document's text by the path the spec names,
    or raises OSError. `default_project` is the project where the spec names none.
    """
    table = _root(read_yaml(text, file), file)
    check_keys(table, names_of(keys.SPEC), "a spec")
    read_version(needed(table, "version", "the spec"))
    account = table.find("account")
    account_text = None if account is None else text_of(account, "account")
    return Spec(
        file=file,
        project=_project(table, default_project),
        account=None if account_text is None else read_account(account_text),
        account_place=None if account_text is None else account_text.place,
        region=_read(table, "region", read_region, DEFAULT_REGION),
        output=_read(table, "output", read_output, DEFAULT_OUTPUT),
        target=_read(table, "target", read_target, "aws"),
        identities=_identities(needed(table, "identities", "the spec"), GrantReader(read_document)),
        text=text,
    )


def _root(node: Node | None, file: str) -> Table:
    if node is None:
        raise invalid(Place(file, 1, 1), "the spec is empty", remedy="write one: `leastkey init`")
    if not isinstance(node, Table):
        raise syntax(
            node.place,
            "a spec is a table of keys and values",
            remedy="begin with `version: 1`, or `leastkey init`",
        )
    if not node.entries:
        raise invalid(node.place, "the spec is empty", remedy="write one: `leastkey init`")
    return node


def _read(table: Table, name: str, read: Callable[[Node], _T], default: _T) -> _T:
    node = table.find(name)
    return default if node is None else read(node)


def _project(table: Table, default: str) -> str:
    node = table.find("project")
    if node is not None:
        return read_project(node)
    fault = project_fault(default)
    if fault is not None:
        slug = re.sub(r"[^a-z0-9._-]+", "-", default.lower()).strip("-._")[:32]
        raise invalid(
            table.place,
            f"the spec names no project, and its folder's name `{shown(default)}` cannot be one",
            why=fault,
            remedy=f"add the line `project: {slug or 'acme-reports'}`",
        )
    return default


def _identities(node: Node, grants: GrantReader) -> tuple[Identity, ...]:
    found: list[Identity] = []
    taken: dict[tuple[str, str], str] = {}
    for name, value in table_of(node, "identities").entries:
        check_identity_name(name)
        identity = _identity(name, value, grants)
        _refuse_clash(identity, taken)
        found.append(identity)
    return tuple(found)


def _identity(name: Text, node: Node, grants: GrantReader) -> Identity:
    table = table_of(node, "identity")
    what = f"the identity `{name.value}`"
    check_keys(table, names_of(keys.IDENTITY), "an identity")
    boundary = table.find("boundary")
    return Identity(
        name=name.value,
        description=_read(table, "description", read_description, f"What {name.value} may do, from its spec"),
        names=_read(table, "names", _names, Names()),
        allow=_grants(needed(table, "allow", what), "allow", grants),
        deny=_read(table, "deny", lambda node: _grants(node, "deny", grants), ()),
        boundary=None if boundary is None else grants.boundary(boundary),
        session_seconds=_read(table, "session", read_session, DEFAULT_SESSION_SECONDS),
        used_by=read_uses(needed(table, "used-by", what)),
        place=name.place,
    )


def _grants(node: Node, side: Side, grants: GrantReader) -> tuple[Grant, ...]:
    return tuple(grants.grant(item, side) for item in items_of(node, side))


def _names(node: Node) -> Names:
    table = table_of(node, "names")
    check_keys(table, names_of(keys.NAMES), "`names`")
    return Names(
        role=_read(table, "role", lambda node: read_iam_name(node, "role", "role"), None),
        policy=_read(table, "policy", lambda node: read_iam_name(node, "policy", "policy"), None),
    )


def _refuse_clash(identity: Identity, taken: dict[tuple[str, str], str]) -> None:
    """Refuse a name that another identity wants, as far as the spec spells both out. IAM compares without case."""
    user = identity.user
    wanted = (
        ("identity", identity.name),
        ("role", identity.names.role),
        ("policy", identity.names.policy),
        ("user", None if user is None else user.name),
    )
    for kind, name in wanted:
        if name is None:
            continue
        other = taken.setdefault((kind, name.lower()), identity.name)
        if other != identity.name:
            raise LeastkeyError(
                "name-clash",
                f"`{identity.name}` and `{other}` want one {kind} name: `{name}`",
                why="IAM's names are the same in upper and lower case",
                remedy=f"give one of them another {kind} name",
                place=str(identity.place),
            )
