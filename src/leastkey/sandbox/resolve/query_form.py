"""The form of the query and ec2 protocols, read as the service's model says and not otherwise.

A form is flat: `Tags.member.1.Key` and `InstanceId.1` stand for lists and objects, `Attributes.entry.1.key` with its
value for an entry of a map. Every name that the operation has no parameter for is left out before anybody decides on
the request or carries it out: a second spelling of a parameter, a hole in a list, a field of another operation.
Source: AWS Query and EC2 Query protocol, as botocore's serializers write them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.sandbox.service_models import ServiceModel

__all__ = ["known_fields", "read_form", "wire_name"]

_ALWAYS: Final = frozenset({"Action", "Version"})
_VALUE: Final = "."
"""Where a node keeps its own text: no part of a name holds the dot that parts names."""


def known_fields(model: ServiceModel, operation: str, form: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Give the fields that are parameters of an operation."""
    found = _Reader(model).read(operation, form)[1]
    return {name: values for name, values in form.items() if name in found or name in _ALWAYS}


def read_form(model: ServiceModel, operation: str, form: Mapping[str, list[str]]) -> dict[str, Any]:
    """Give an operation's parameters as objects, lists and texts, under the names they have on the wire."""
    return _Reader(model).read(operation, form)[0]


def wire_name(model: ServiceModel, name: str, member: Mapping[str, Any]) -> str:
    """Give the name that a member of a structure has on the wire."""
    wire = str(member.get("locationName", name))
    if model.protocol != "ec2":
        return wire
    return str(member["queryName"]) if "queryName" in member else wire[:1].upper() + wire[1:]


class _Reader:
    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._is_ec2 = model.protocol == "ec2"
        self._names: set[str] = set()

    def read(self, operation: str, form: Mapping[str, list[str]]) -> tuple[dict[str, Any], set[str]]:
        tree: dict[str, Any] = {}
        for name, values in form.items():
            node = tree
            for part in name.split("."):
                node = node.setdefault(part, {})
            node[_VALUE] = values[0]
        shape = self._model.operations[operation].get("input")
        found = {} if shape is None else self._structure(self._model.shapes[shape["shape"]], tree, ())
        return found or {}, self._names

    def _shape(self, reference: Mapping[str, Any], node: dict[str, Any], path: tuple[str, ...]) -> Any:
        shape = self._model.shapes[reference["shape"]]
        match shape["type"]:
            case "structure":
                return self._structure(shape, node, path)
            case "list":
                return self._list(shape, node, path)
            case "map":
                return self._map(shape, node, path)
            case _:
                return self._text(node, path)

    def _structure(
        self, shape: Mapping[str, Any], node: dict[str, Any], path: tuple[str, ...]
    ) -> dict[str, Any] | None:
        found: dict[str, Any] = {}
        for name, member in shape.get("members", {}).items():
            wire = wire_name(self._model, name, member)
            below = node.get(wire)
            value = None if below is None else self._shape(member, below, (*path, wire))
            if value is not None:
                found[wire] = value
        return found or None

    def _list(
        self, shape: Mapping[str, Any], node: dict[str, Any], path: tuple[str, ...]
    ) -> list[Any] | None:
        if not self._is_ec2:
            if node.get(_VALUE) == "":  # an empty list is written as an empty text
                self._names.add(".".join(path))
                return []
            inner = str(shape["member"].get("locationName", "member"))
            node, path = node.get(inner, {}), (*path, inner)
        found: list[Any] = []
        while (below := node.get(str(len(found) + 1))) is not None:  # a hole ends the list
            value = self._shape(shape["member"], below, (*path, str(len(found) + 1)))
            if value is None:
                break
            found.append(value)
        return found or None

    def _map(
        self, shape: Mapping[str, Any], node: dict[str, Any], path: tuple[str, ...]
    ) -> dict[str, Any] | None:
        """Read numbered pairs: `Attributes.entry.1.key`, `Attributes.entry.1.value`."""
        if not shape.get("flattened"):
            node, path = node.get("entry", {}), (*path, "entry")
        key, value = (shape[each].get("locationName", each) for each in ("key", "value"))
        found: dict[str, Any] = {}
        number = 1
        while (pair := node.get(str(number))) is not None:  # a hole ends the map
            at = (*path, str(number))
            name = self._shape(shape["key"], pair.get(key, {}), (*at, key))
            below = self._shape(shape["value"], pair.get(value, {}), (*at, value))
            if name is None or below is None:
                break
            found[str(name)] = below
            number += 1
        return found or None

    def _text(self, node: dict[str, Any], path: tuple[str, ...]) -> str | None:
        value = node.get(_VALUE)
        if value is not None:
            self._names.add(".".join(path))
        return value
