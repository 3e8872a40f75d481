"""Reading a table's fields: which keys it knows, which it needs, and whether each holds a text, a list or a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.spec.faults import invalid, shown, unknown
from leastkey.spec.yaml_nodes import Items, Table, Text

if TYPE_CHECKING:
    from collections.abc import Collection

    from leastkey.spec.yaml_nodes import Node

__all__ = ["EXAMPLES", "check_keys", "items_of", "needed", "only_form", "table_of", "text_of", "texts_of"]

EXAMPLES: Final = {
    "version": "version: 1",
    "project": "project: acme-reports",
    "account": 'account: "111122223333"',
    "region": "region: eu-west-1",
    "output": "output: json",
    "target": "target: aws",
    "identities": "identities: {automation: {allow: [s3: [list]], used-by: [user]}}",
    "identity": "automation: {allow: [s3: [list]], used-by: [user]}",
    "description": "description: Nightly report job",
    "names": "names: {role: automation_role, policy: AutomationPolicy}",
    "role": "role: automation_role",
    "policy": "policy: AutomationPolicy",
    "allow": "allow: [s3: [list, read]]",
    "deny": "deny: [s3: [write]]",
    "grant": "- s3: [list, read]",
    "levels": "- s3: [list, read]",
    "on": "on: s3://acme-reports/nightly/",
    "when": "when: {StringEquals: {aws:ResourceTag/team: reports}}",
    "actions": "- actions: [ec2:StartInstances, ec2:StopInstances]",
    "document": "- document: policies/extra.json",
    "managed": "- managed: AmazonEC2ReadOnlyAccess",
    "boundary": "boundary: {managed: PowerUserAccess}",
    "session": "session: 1h",
    "used-by": "used-by: [user]",
    "use": "- user",
    "user": "- user: automation_user",
    "service": "- service: ec2",
    "external-id": "external-id: acme-7f3a91c2",
    "github": "- github: {repository: acme/reports, repository-id: 123456, environment: production}",
    "gitlab": "- gitlab: {project: acme/reports, branch: main}",
    "oidc": "- oidc: {issuer: https://issuer.example, audience: sts.amazonaws.com, subject: job-7}",
    "repository": "repository: acme/reports",
    "repository-id": "repository-id: 123456",
    "owner-id": "owner-id: 654321",
    "environment": "environment: production",
    "branch": "branch: main",
    "tag": "tag: v1",
    "ref": "ref: refs/heads/main",
    "workflow": "workflow: .github/workflows/deploy.yml",
    "issuer": "issuer: https://issuer.example",
    "audience": "audience: sts.amazonaws.com",
    "subject": "subject: job-7",
}
"""A line that is right, for each key a fault can be about."""

_WITHOUT_KEY: Final = {
    "identity": "an identity",
    "grant": "a grant",
    "levels": "a list of levels",
    "use": "a use",
}
"""Values that stand under no key of that name."""

_LINE_BREAKS: Final = re.compile(r"[\t\r\n]")


def check_keys(table: Table, known: Collection[str], what: str) -> None:
    """Refuse a key that is not known there, with the nearest one that is."""
    for key, _ in table.entries:
        if key.value not in known:
            raise unknown(key.place, key.value, f"no key of {what}", known, code="spec-invalid")


def needed(table: Table, name: str, what: str) -> Node:
    """Give the value under a key that must be there."""
    value = table.find(name)
    if value is None:
        raise invalid(table.place, f"{what} has no `{name}`", remedy=_as_in(name))
    return value


def text_of(node: Node, name: str) -> Text:
    """Give a value that is one text and not empty."""
    if not isinstance(node, Text):
        raise invalid(node.place, f"{_called(name)} holds one text, not {_kind(node)}", remedy=_as_in(name))
    if node.is_empty or not node.value.strip():
        raise invalid(
            node.place,
            f"{_called(name)} has no value",
            remedy=(_as_in(name), "or remove the line, where it is optional"),
        )
    if name != "description" and _LINE_BREAKS.search(node.value):
        raise invalid(node.place, f"{_called(name)} holds a tab or a line break", remedy=_as_in(name))
    return node


def texts_of(node: Node, name: str) -> tuple[Text, ...]:
    """Give a value that is one text or a list of texts, none of them twice."""
    if not isinstance(node, Items):
        if isinstance(node, Table):
            raise invalid(
                node.place,
                f"{_called(name)} holds one text or a list of texts, not a table",
                remedy=_as_in(name),
            )
        return (text_of(node, name),)
    texts = tuple(text_of(item, name) for item in _filled(node, name))
    seen: set[str] = set()
    for text in texts:
        if text.value in seen:
            raise invalid(
                text.place,
                f"`{shown(text.value)}` stands twice in {_called(name)}",
                remedy="keep one of the two",
            )
        seen.add(text.value)
    return texts


def items_of(node: Node, name: str) -> tuple[Node, ...]:
    """Give a value that is a list with something in it."""
    if not isinstance(node, Items):
        raise invalid(node.place, f"{_called(name)} holds a list, not {_kind(node)}", remedy=_as_in(name))
    return _filled(node, name)


def table_of(node: Node, name: str) -> Table:
    """Give a value that is a table with something in it."""
    if not isinstance(node, Table):
        raise invalid(node.place, f"{_called(name)} holds a table, not {_kind(node)}", remedy=_as_in(name))
    if not node.entries:
        raise invalid(node.place, f"{_called(name)} is empty", remedy=_as_in(name))
    return node


def only_form(
    table: Table, forms: Collection[str], what: str, *, remedy: str = "write two entries, one for each"
) -> tuple[Text, Node]:
    """Give the one entry that says which form a table has, where `forms` lists every key that may say it."""
    found = [(key, value) for key, value in table.entries if key.value in forms]
    if not found:
        raise invalid(table.place, f"{what} names none of: {', '.join(forms)}", remedy="name one of them")
    if len(found) > 1:
        raise invalid(
            found[1][0].place,
            f"{what} names both `{shown(found[0][0].value)}` and `{shown(found[1][0].value)}`",
            remedy=remedy,
        )
    return found[0]


def _filled(node: Items, name: str) -> tuple[Node, ...]:
    if not node.items:
        raise invalid(node.place, f"{_called(name)} is empty", remedy=_as_in(name))
    return node.items


def _called(name: str) -> str:
    return _WITHOUT_KEY.get(name, f"`{name}`")


def _kind(node: Node) -> str:
    match node:
        case Items():
            return "a list"
        case Table():
            return "a table"
        case _:
            return "nothing" if node.is_empty else f"the text `{shown(node.value)}`"


def _as_in(name: str) -> str:
    return f"as in `{EXAMPLES[name]}`"
