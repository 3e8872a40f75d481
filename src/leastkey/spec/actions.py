"""Services, access levels and actions as the spec writes them, checked against the pinned catalogue.

Source: Service Authorization Reference.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.iam.catalog import service_catalog, service_exists, services
from leastkey.spec.faults import invalid, shown, unknown
from leastkey.spec.fields import texts_of
from leastkey.spec.model import Level

if TYPE_CHECKING:
    from leastkey.iam.catalog import CatalogAction
    from leastkey.spec.yaml_nodes import Node, Text

__all__ = ["ACTION", "read_actions", "read_levels"]

_AFTER_VERB: Final = re.compile(r"(?<=.)[A-Z].*", re.ASCII)
ACTION: Final = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9*?-]{1,128}", re.ASCII)
_LEVEL_WORDS: Final = {
    "all": Level.FULL,
    "admin": Level.FULL,
    "delete": Level.WRITE,
    "describe": Level.LIST,
    "get": Level.READ,
    "put": Level.WRITE,
    "tag": Level.TAGGING,
    "permissions management": Level.PERMISSIONS,
}
"""Words people try, and the level that holds what they mean."""


def read_levels(node: Node, service: str) -> tuple[Level, ...]:
    """Give the levels of `SERVICE: [list, read]`, in the order written. Raises LeastkeyError."""
    return tuple(_level(text, service) for text in texts_of(node, "levels"))


def read_actions(node: Node) -> tuple[str, ...]:
    """Give the actions of `actions:` in the catalogue's spelling; wildcards stay as written. Raises LeastkeyError."""
    texts = texts_of(node, "actions")
    actions: dict[str, None] = {}
    for text in texts:
        action = _action(text)
        if action in actions:
            raise invalid(
                text.place,
                f"`{shown(text.value)}` stands twice in `actions`",
                why="actions are the same in upper and lower case",
                remedy="keep one of the two",
            )
        actions[action] = None
    return tuple(actions)


def _level(text: Text, service: str) -> Level:
    names = [level.value for level in Level]
    if text.value in names:
        return Level(text.value)
    meant = _LEVEL_WORDS.get(text.value.lower())
    if meant is not None:
        raise unknown(text.place, text.value, "no access level", names, remedy=f"did you mean `{meant}`?")
    if service_catalog(service).matching(text.value.partition(":")[2] or text.value):
        action = text.value if ":" in text.value else f"{service}:{text.value}"
        raise unknown(
            text.place,
            text.value,
            "an action, not an access level",
            (),
            remedy=f"write `- actions: [{action}]`",
        )
    raise unknown(text.place, text.value, "no access level", names)


def _action(text: Text) -> str:
    if not ACTION.fullmatch(text.value):
        raise invalid(
            text.place,
            f"`{shown(text.value)}` is no action",
            why="an action is `service:Name`; `*` and `?` can stand in the name only",
            remedy="as in `ec2:StartInstances` or `ec2:Describe*`",
        )
    prefix, _, name = text.value.partition(":")
    service = prefix.lower()
    if not service_exists(service):
        raise unknown(text.place, prefix, "no AWS service", services())
    catalog = service_catalog(service)
    found = catalog.matching(name)
    is_pattern = "*" in name or "?" in name
    if not found:
        names = (_verb_of(action) if is_pattern else action.full_name for action in catalog.actions.values())
        what = "an action pattern that matches nothing" if is_pattern else "no action"
        raise unknown(
            text.place,
            f"{service}:{name}",
            what,
            names,
            remedy=f"see the actions of {catalog.title} in the Service Authorization Reference",
        )
    return f"{service}:{name}" if is_pattern else found[0].full_name


def _verb_of(action: CatalogAction) -> str:
    """Give the pattern people write for an action's verb: `ec2:Describe*`."""
    return f"{action.service}:{_AFTER_VERB.sub('', action.name)}*"
