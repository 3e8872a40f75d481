"""Well-formed at a glance: whether a whole document surely is, looked at in bulk rather than statement by statement.

A yes is certain: the parser would take the document. A no only says that the parser has to look closer, and say why.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["is_well_formed"]

_TOP: Final = frozenset({"Version", "Id", "Statement"})
_VERSIONS: Final = frozenset({"2012-10-17", "2008-10-17"})
_EFFECTS: Final = frozenset({"Allow", "Deny"})
_DICT: Final = frozenset({dict})
_SCALARS: Final = frozenset({str, bool, int, float})
_TEXTS: Final = ("Action", "NotAction", "Resource", "NotResource")
_WHO: Final = ("Principal", "NotPrincipal")
_PLAIN: Final = frozenset({"Sid", "Effect", "Condition"})
_KINDS_OF_PRINCIPAL: Final = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})


def is_well_formed(value: Any, kind: str) -> bool:
    """Say whether a JSON value surely is a document of this kind (`identity`, `resource`, `trust`)."""
    if type(value) is not dict or not value.keys() <= _TOP or type(value.get("Id", "")) is not str:
        return False
    entries = value.get("Statement")
    if type(entries) is not list or not _DICT.issuperset(map(type, entries)):
        return False
    shapes = set(map(tuple, entries))
    try:
        return (
            value.get("Version", "2008-10-17") in _VERSIONS
            and bool(shapes)
            and all(_is_shape(shape, kind) for shape in shapes)
            and _EFFECTS.issuperset([entry["Effect"] for entry in entries])
            and _hold(entries, set().union(*shapes))
        )
    except TypeError:
        # A list where a text belongs, a number among texts: joined or looked up, it fails at once.
        return False


@lru_cache(maxsize=1_024)
def _is_shape(names: tuple[str, ...], kind: str) -> bool:
    """Say whether a statement of a kind may have exactly these elements."""
    given = set(names)
    action, resource, principal = ({*_TEXTS[:2]}, {*_TEXTS[2:]}, {*_WHO})
    return (
        "Effect" in given
        and given <= {*_PLAIN, *_TEXTS, *_WHO}
        and len(given & action) == 1
        and len(given & resource) == (kind != "trust")
        and len(given & principal) == (kind != "identity")
    )


def _hold(entries: list[dict[str, Any]], elements: Iterable[str]) -> bool:
    """Say whether every element holds what it may. Raises TypeError for some that do not."""
    for name in elements:
        values = [entry[name] for entry in entries if name in entry]
        if name in _TEXTS:
            holds = _are_texts(values)
        elif name == "Condition":
            holds = all(map(_is_condition, values))
        elif name == "Sid":
            holds = len(set(values)) == len(values) and bool("".join(values) or True)
        else:
            holds = name == "Effect" or all(map(_is_principal, values))
        if not holds:
            return False
    return True


def _are_texts(values: list[Any]) -> bool:
    """Say whether each value is a text or a list of texts, none of them empty. Raises TypeError for some that are not."""
    joined = [
        value if type(value) is str else "\0".join(value) if type(value) is list else None for value in values
    ]
    return "" not in "\0".join(joined).split("\0")  # type: ignore[arg-type]  # None is no text, and join says so


def _is_condition(value: Any) -> bool:
    if type(value) is not dict:
        return False
    for keys in value.values():
        if type(keys) is not dict:
            return False
        for each in keys.values():
            if type(each) is not str and not _SCALARS.issuperset(
                map(type, each) if type(each) is list else (type(each),)
            ):
                return False
    return True


def _is_principal(value: Any) -> bool:
    if type(value) is not dict:
        return bool(value == "*")
    return bool(value) and value.keys() <= _KINDS_OF_PRINCIPAL and _are_texts([*value.values()])
