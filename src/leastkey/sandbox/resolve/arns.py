"""Resource ARNs from the catalogue's templates and an operation's parameters.

Only parameters at the top of a request count, and only under a fitting name: a description or an item that merely
holds an ARN must never stand in for the resource.
Source: Service Authorization Reference, "Resource types defined by ...".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.sandbox.resolve.parameters import listed
from leastkey.sandbox.state.world import PARTITION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.iam.catalog import ResourceType
    from leastkey.sandbox.resolve.parameters import Parameters

__all__ = ["NEW", "account_of", "filled", "folded", "resources", "shown", "texts_by_name"]

NEW: Final = "\uff0a"
"""Stands for the name of what does not exist yet, where AWS writes `*`: patterns with `*` match it, names do not."""

_PLACE: Final = re.compile(r"\$\{([A-Za-z0-9]+)\}")
_GIVEN: Final = frozenset({"Partition", "Region", "Account"})


def filled(template: str, values: Mapping[str, str], *, region: str, account: str) -> str:
    """Give a template's ARN with its names filled in."""
    known = {**values, "Partition": PARTITION, "Region": region, "Account": account}
    return _PLACE.sub(lambda place: known[place[1]], template)


def shown(arn: str) -> str:
    """Give an ARN as AWS writes it in messages."""
    return arn.replace(NEW, "*")


def account_of(arn: str, otherwise: str) -> str:
    """Give the account an ARN names."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4] else otherwise


def texts_by_name(parameters: Parameters) -> dict[str, tuple[str, ...]]:
    """Give every text at the top of a request by its folded name, so that `InstanceIds` and `InstanceId` are one."""
    found: dict[str, tuple[str, ...]] = {}
    for name in parameters:
        values = tuple(value for value in listed(parameters, name) if value)
        if values:
            found[folded(name)] = found.get(folded(name), ()) + values
    return found


def folded(name: str) -> str:
    """Give a parameter's name without its case and its plural."""
    lower = name.lower()
    return lower[:-1] if lower.endswith("s") and not lower.endswith("ss") else lower


def resources(
    kind: ResourceType,
    named: Mapping[str, tuple[str, ...]],
    *,
    region: str,
    account: str,
    aliases: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """Give the ARNs a request names for one resource type, none when one of its names cannot be read as such.

    `aliases` are parameters that carry the name where none is called like it.
    """
    places = [place for place in _PLACE.findall(kind.arn) if place not in _GIVEN]
    if not places:
        return ()
    shape = _shape(kind)
    by_arn = tuple(
        value
        for name, values in named.items()
        if name.endswith("arn")
        for value in values
        if shape.fullmatch(value)
    )
    names = named.get(folded(places[-1]), ())
    if not names and not by_arn:
        names = tuple(value.lstrip("/") for alias in aliases for value in named.get(alias, ()))
    heads = {place: named.get(folded(place), ("",))[0] for place in places[:-1]}
    found: list[str] = []
    for name in names:
        if shape.fullmatch(name):
            found.append(name)
        elif name.startswith("arn:") or not all(heads.values()):
            return ()
        else:
            found.append(filled(kind.arn, {**heads, places[-1]: name}, region=region, account=account))
    return tuple(dict.fromkeys((*found, *by_arn)))


def _shape(kind: ResourceType) -> re.Pattern[str]:
    pieces = _PLACE.split(kind.arn)
    return re.compile(
        "".join(re.escape(piece) if index % 2 == 0 else "[^:]*?" for index, piece in enumerate(pieces))
    )
