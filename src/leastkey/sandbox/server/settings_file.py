"""The file of `sandbox start --settings`: YAML or JSON, read with the place of every value, nothing in it unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from leastkey.errors import LeastkeyError
from leastkey.sandbox.server.wish import Setting
from leastkey.spec.faults import shown, unknown
from leastkey.spec.yaml_nodes import Items, Table, Text, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.spec.model import Place
    from leastkey.spec.yaml_nodes import Node

__all__ = ["read_settings"]

_WORDS: Final = {"clock": ("clock", "to"), "delay": ("delay", "span"), "shared-oidc": ("shared-oidc", "set")}
"""Settings that are one text: the name and the field it is put by."""
_LISTS: Final = {
    "limits": ("limit", ("operation", "rate", "burst")),
    "faults": ("fault", ("operation", "kind", "count", "after", "seconds", "code")),
}
_KEYS: Final = (*_WORDS, "accounts", *_LISTS)
_CLOCK: Final = ("to", "strict")
_YES: Final = {"true": "yes", "false": "no"}


def read_settings(text: str, file: str) -> tuple[Setting, ...]:
    """Read the settings in the order they stand. Raises LeastkeyError `usage` with file, line and column."""
    try:
        root = read_yaml(text, file)
    except LeastkeyError as error:
        said = error.what.replace("the spec", "the file")
        raise LeastkeyError("usage", said, why=error.why, remedy=error.remedy, place=error.place) from None
    if root is None or (isinstance(root, Text) and root.is_empty):
        raise LeastkeyError("usage", f"`{file}` holds no settings", remedy=f"one of: {', '.join(_KEYS)}")
    if not isinstance(root, Table):
        _fail(root.place, f"the file holds a table of settings: {', '.join(_KEYS)}")
    return tuple(setting for key, node in root.entries for setting in _settings(key, node))


def _settings(key: Text, node: Node) -> Iterator[Setting]:
    if key.value == "clock" and isinstance(node, Table):
        yield _table(node, key.value, "clock", _CLOCK)
    elif key.value in _WORDS:
        name, field = _WORDS[key.value]
        yield Setting(str(node.place), name, {field: _text(node, key.value)})
    elif key.value == "accounts":
        for item in _items(node, key.value):
            yield Setting(str(item.place), "add-account", {"account": _text(item, key.value)})
    elif key.value in _LISTS:
        for item in _items(node, key.value):
            yield _table(item, key.value, *_LISTS[key.value])
    else:
        raise unknown(key.place, key.value, "no setting of the sandbox", _KEYS, code="usage")


def _table(node: Node, key: str, name: str, fields: tuple[str, ...]) -> Setting:
    if not isinstance(node, Table):
        _fail(node.place, f"an entry of `{key}` is a table: {', '.join(fields)}")
    for field, _ in node.entries:
        if field.value not in fields:
            raise unknown(field.place, field.value, f"no field of `{key}`", fields, code="usage")
    given = {
        field.value: _yes(value) if field.value == "strict" else _text(value, field.value)
        for field, value in node.entries
    }
    return Setting(str(node.place), name, given)


def _items(node: Node, key: str) -> tuple[Node, ...]:
    if not isinstance(node, Items):
        _fail(node.place, f"`{key}` holds a list")
    return node.items


def _text(node: Node, key: str) -> str:
    if not isinstance(node, Text) or node.is_empty:
        _fail(node.place, f"`{shown(key)}` holds one text")
    return node.value


def _yes(node: Node) -> str:
    if not isinstance(node, Text) or node.value not in _YES:
        _fail(node.place, "`strict` is true or false")
    return _YES[node.value]


def _fail(place: Place, what: str) -> NoReturn:
    raise LeastkeyError("usage", what, place=str(place))
