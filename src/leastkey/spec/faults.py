"""The words every fault of a spec is told in: the place, what is wrong, why, and the fix with the nearest name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError
from leastkey.iam.catalog import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leastkey.spec.model import Place

__all__ = ["invalid", "shown", "syntax", "unknown", "wide"]

Lines = str | tuple[str, ...]

_WORD_CHARACTERS: Final = 60
_LISTED_NAMES: Final = 16


def shown(word: str) -> str:
    """Give a word of the user's on one line, cut where it is long."""
    line = " ".join(word.split())
    return line if len(line) <= _WORD_CHARACTERS else f"{line[:_WORD_CHARACTERS]}..."


def invalid(place: Place, what: str, *, why: Lines = (), remedy: Lines) -> LeastkeyError:
    """Give the error for a key, type or value that is not one leastkey knows."""
    return LeastkeyError("spec-invalid", what, why=why, remedy=remedy, place=str(place))


def syntax(place: Place, what: str, *, why: Lines = (), remedy: Lines) -> LeastkeyError:
    """Give the error for text that is not YAML, or a part of YAML that is refused."""
    return LeastkeyError("spec-syntax", what, why=why, remedy=remedy, place=str(place))


def wide(place: Place, what: str, *, why: Lines, remedy: Lines) -> LeastkeyError:
    """Give the error for a use that would let in more than one workload."""
    return LeastkeyError("wide-trust", what, why=why, remedy=remedy, place=str(place))


def unknown(
    place: Place,
    word: str,
    what: str,
    among: Iterable[str],
    *,
    code: str = "unknown-name",
    remedy: Lines = (),
) -> LeastkeyError:
    """Give the error for a name that is none of `among`: the nearest one, else all when they are few, else `remedy`."""
    names = tuple(among)
    close = nearest(word[:_WORD_CHARACTERS], names)
    if close is not None:
        fix: Lines = f"did you mean `{close}`?"
    elif remedy:
        fix = remedy
    elif len(names) <= _LISTED_NAMES:
        fix = f"one of: {', '.join(names)}"
    else:
        fix = "see the Service Authorization Reference for the names AWS knows"
    return LeastkeyError(code, f"`{shown(word)}` is {what}", remedy=fix, place=str(place))
