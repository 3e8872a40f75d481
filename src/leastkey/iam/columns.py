"""A document's statements side by side: checked in bulk, and laid out so that most are passed over at a glance.

What `columns` takes, the parser takes too; what it does not take, the parser has to look at closer, and say why.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

__all__ = [
    "ELEMENTS",
    "KINDS_OF_PRINCIPAL",
    "TOP",
    "VERSIONS",
    "WITHOUT_VERSION",
    "Columns",
    "columns",
    "columns_of",
    "joined",
    "patterns_in",
]

_JOIN: Final = "\0"
_EMPTY: Final = _JOIN + _JOIN
"""An empty text, between two others or at an end."""
TOP: Final = frozenset({"Version", "Id", "Statement"})
VERSIONS: Final = ("2012-10-17", "2008-10-17")
WITHOUT_VERSION: Final = "2008-10-17"
"""A document without Version is read under the old rules: variables are literal text."""
_EFFECTS: Final = frozenset({"Allow", "Deny"})
_DICT: Final = frozenset({dict})
_STR: Final = frozenset({str})
_LIST: Final = frozenset({list})
_SCALARS: Final = frozenset({str, bool, int, float})
_TEXTS: Final = ("Action", "NotAction", "Resource", "NotResource")
_WHO: Final = ("Principal", "NotPrincipal")
ELEMENTS: Final = frozenset({"Sid", "Effect", "Condition", *_TEXTS, *_WHO})
_PLAIN: Final = frozenset({"Sid", "Effect", "Action", "Resource", "Condition"})
"""What most statements of an identity policy are made of; nothing of it stands in another's place."""
KINDS_OF_PRINCIPAL: Final = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})


class Columns(NamedTuple):
    """The statements as JSON, and beside them the patterns of each one's Action and Resource as a lower-case text.

    `patterns_in` gives the patterns of a text. What has no Action or no Resource stands as `*`. A pattern that holds NUL,
    which joins the others, is left out of `actions` and makes `*` of its text in `resources`.
    """

    entries: list[dict[str, Any]]
    actions: list[str]
    resources: list[str]


def columns(value: Any, kind: str) -> Columns | None:
    """Lay out a JSON value that surely is a document of this kind (`identity`, `resource`, `trust`), else give None."""
    if type(value) is not dict or not value.keys() <= TOP or type(value.get("Id", "")) is not str:
        return None
    entries = value.get("Statement")
    if type(entries) is not list or not _DICT.issuperset(map(type, entries)):
        return None
    elements: set[str] = set().union(*entries)
    if not entries or not elements <= ELEMENTS:
        return None
    is_plain = kind == "identity" and elements <= _PLAIN
    try:
        if (
            value.get("Version", WITHOUT_VERSION) not in VERSIONS
            or not (is_plain or all(_is_shape(shape, kind) for shape in set(map(tuple, entries))))
            or not _EFFECTS.issuperset([entry["Effect"] for entry in entries])
        ):
            return None
        return _held(entries, elements, is_plain=is_plain)
    except (KeyError, TypeError):
        # What lacks, a list where a text belongs, a number among texts: looked up or joined, it fails at once.
        return None


def columns_of(entries: list[dict[str, Any]]) -> Columns:
    """Lay out statements that are known to be well formed."""
    actions = [_several(entry.get("Action", "*" if "NotAction" in entry else [])) for entry in entries]
    resources = [_several(entry.get("Resource", "*")) for entry in entries]
    return Columns(
        entries,
        [_JOIN.join([each for each in patterns if _JOIN not in each]).lower() for patterns in actions],
        ["*" if _JOIN in "".join(patterns) else _JOIN.join(patterns).lower() for patterns in resources],
    )


def _several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def joined(texts: list[str]) -> str:
    """Give texts of `Columns.actions` as one: NUL stands before each pattern."""
    return _JOIN + _JOIN.join(texts)


def patterns_in(text: str) -> list[str]:
    """Give the patterns that stand in one of the texts of `Columns`."""
    return text.split(_JOIN)


@lru_cache(maxsize=1_024)
def _is_shape(names: tuple[str, ...], kind: str) -> bool:
    """Say whether a statement of a kind may have exactly these elements, all of which there are."""
    given = set(names)
    action, resource, principal = ({*_TEXTS[:2]}, {*_TEXTS[2:]}, {*_WHO})
    return (
        "Effect" in given
        and len(given & action) == 1
        and len(given & resource) == (kind != "trust")
        and len(given & principal) == (kind != "identity")
    )


def _held(entries: list[dict[str, Any]], elements: set[str], *, is_plain: bool) -> Columns | None:
    """Look at what every element holds. Raises TypeError for some that hold what they may not, KeyError for what lacks.

    Plain statements must have Action and Resource.
    """
    if is_plain:
        actions = _texts([entry["Action"] for entry in entries])
        resources = _texts([entry["Resource"] for entry in entries])
    else:
        actions = _texts([entry.get("Action", "*") for entry in entries])
        resources = _texts([entry.get("Resource", "*") for entry in entries])
    if actions is None or resources is None:
        return None
    for name in elements:
        if name in ("Effect", "Action", "Resource"):
            continue
        values = [entry[name] for entry in entries if name in entry]
        if name in _TEXTS:
            holds = _texts(values) is not None
        elif name == "Condition":
            holds = all(map(_is_condition, values))
        elif name == "Sid":
            holds = len(set(values)) == len(values) and set(map(type, values)) == _STR
        else:
            holds = all(map(_is_principal, values))
        if not holds:
            return None
    return Columns(entries, list(map(str.lower, actions)), list(map(str.lower, resources)))


def _texts(values: list[Any]) -> list[str] | None:
    """Join each value that is a list of texts; None where one is empty or holds NUL. Raises TypeError for some others."""
    kinds = set(map(type, values))
    if kinds == _LIST:
        texts, more = list(map(_JOIN.join, values)), sum(map(len, values)) - len(values)
    elif kinds == _STR:
        texts, more = values, 0
    elif kinds == _STR | _LIST:
        lists = [value for value in values if type(value) is list]
        texts = [value if type(value) is str else _JOIN.join(value) for value in values]
        more = sum(map(len, lists)) - len(lists)
    else:
        return None
    # An empty text stands between two separators, or alone before, after or instead of one.
    whole = f"{_JOIN}{_JOIN.join(texts)}{_JOIN}"
    return None if _EMPTY in whole or whole.count(_JOIN) != len(texts) + 1 + more else texts


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
    return bool(value) and value.keys() <= KINDS_OF_PRINCIPAL and _texts([*value.values()]) is not None
