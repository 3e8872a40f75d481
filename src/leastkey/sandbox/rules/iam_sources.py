"""The policies of a user, group or role as simulations and reports speak of them: by name, kind and text."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from leastkey.evaluate.request import NamedDocument
from leastkey.iam.document import DocumentError, DocumentKind
from leastkey.iam.locate import line_and_column
from leastkey.sandbox.state.world import PARTITION, document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leastkey.sandbox.state.world import World

__all__ = [
    "Source",
    "boundary_of",
    "entity_at",
    "given_sources",
    "groups_of",
    "kind_of",
    "policy_source",
    "sources_of",
    "span",
]

_HEADS: Final = {"AIDA": "user", "AROA": "role", "AGPA": "group"}


@dataclass(frozen=True, slots=True)
class Source:
    """One policy: the document under its name, the text it was written as, and where it hangs.

    `arn` is a managed policy's, "" for an inline one. `owner` is the user, group or role that has it, and
    `title` what the policy is called there.
    """

    named: NamedDocument
    text: str
    kind: str = "IAM Policy"
    arn: str = ""
    owner: Any = None
    title: str = ""


def given_sources(texts: Sequence[str], name: str, kind: DocumentKind) -> tuple[list[Source], str]:
    """Give policies that a request brings, or what is wrong with the first bad one."""
    found = []
    for number, text in enumerate(texts, 1):
        try:
            parsed = document(text, kind)
        except DocumentError as error:
            return [], f"{error.what} ({error.path})"
        source = "Resource Policy" if kind == "resource" else "IAM Policy"
        found.append(Source(NamedDocument(f"{name}.{number}", parsed), text, source))
    return found, ""


def entity_at(arn: str, account: str, world: World) -> Any | None:
    """Give the user, group or role an ARN names in an account."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[:3] != ["arn", PARTITION, "iam"] or parts[4] != account:
        return None
    if not world.accounts.has(account):
        return None
    kind, _, rest = parts[5].partition("/")
    name = rest.rsplit("/", 1)[-1]
    match kind:
        case "user":
            found = world.user(account, name)
        case "role":
            found = world.role(account, name)
        case "group":
            found = world.iam(account).groups.get(name)
        case _:
            return None
    return found if found is not None and found.arn == arn else None


def kind_of(entity: Any) -> str:
    """Say whether an entity is a user, a group or a role."""
    return _HEADS[str(entity.id)[:4]]


def groups_of(entity: Any, account: str, world: World) -> list[Any]:
    """Give the groups a user is in."""
    if kind_of(entity) != "user":
        return []
    return [group for group in world.iam(account).groups.values() if entity in group.users]


def sources_of(entity: Any, account: str, world: World) -> list[Source]:
    """Give inline and attached policies of an entity, and of a user's groups."""
    owners = [entity, *groups_of(entity, account, world)]
    found: dict[str, Source] = {}
    for each in (source for owner in owners for source in _own(owner)):
        same, name = found.get(each.named.name), each.named.name
        if same is not None and same.arn != each.arn:
            name = each.arn  # a policy of the account's may be called like one of AWS's
        found.setdefault(name, replace(each, named=NamedDocument(name, each.named.document)))
    return list(found.values())


def boundary_of(entity: Any, account: str, world: World) -> list[Source]:
    """Give an entity's permissions boundary."""
    arn = getattr(entity, "permissions_boundary_arn", None)
    policy = world.iam(account).managed_policies.get(arn) if arn else None
    return [] if policy is None else [policy_source(policy, entity)]


def span(text: str, statement: int) -> dict[str, dict[str, int]]:
    """Say where a statement begins and ends in a document's text, lines and columns counted from 1."""
    value = json.loads(text)
    path = f"$.Statement[{statement}]" if isinstance(value["Statement"], list) else "$.Statement"
    line, column = line_and_column(path, text)
    start = sum(len(each) + 1 for each in text.split("\n")[: line - 1]) + column - 1
    if text[start] != "{":  # the place of a key is told, not of what it holds
        start = text.index("{", start)
    end = json.JSONDecoder().raw_decode(text, start)[1]
    return {"StartPosition": _place(text, start), "EndPosition": _place(text, end)}


def _place(text: str, offset: int) -> dict[str, int]:
    before = text[:offset]
    return {"Line": before.count("\n") + 1, "Column": offset - before.rfind("\n")}


def _own(owner: Any) -> list[Source]:
    kind = kind_of(owner)
    inline = [
        Source(
            NamedDocument(f"{kind}_{owner.name}_{name}", document(text, "identity")),
            text,
            owner=owner,
            title=name,
        )
        for name, text in owner.policies.items()
    ]
    return inline + [policy_source(policy, owner) for policy in owner.managed_policies.values()]


def policy_source(policy: Any, owner: Any = None) -> Source:
    """Give the version in force of a managed policy."""
    text = next(str(version.document) for version in policy.versions if version.is_default)
    named = NamedDocument(policy.name, document(text, "identity"))
    return Source(named, text, arn=policy.arn, owner=owner, title=policy.name)
