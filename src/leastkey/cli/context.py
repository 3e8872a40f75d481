"""What `explain` and `policy simulate` have in common: a request's context as it is given, and what is said of it after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError
from leastkey.evaluate.request import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.evaluate.context import Filled
    from leastkey.evaluate.missing import Missing

__all__ = ["ANY_ACCOUNT", "absent_keys", "key_values"]

ANY_ACCOUNT: Final = "111122223333"
"""Stands for the account where nobody names one: any will do where both sides are in it."""


def key_values(given: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Read each KEY=VALUE. Raises LeastkeyError."""
    for each in given:
        key, equals, value = each.partition("=")
        if not equals or not key:
            raise LeastkeyError(
                "usage", f"`{each}` is no KEY=VALUE", remedy="--context aws:SourceIp=203.0.113.7"
            )
        yield key, value


_WOULD: Final = {
    Verdict.ALLOWED: "would allow it",
    Verdict.EXPLICITLY_DENIED: "would deny it",
    Verdict.IMPLICITLY_DENIED: "would leave nothing that allows it",
}


def absent_keys(missing: tuple[Missing, ...], filled: Filled | None) -> Iterator[tuple[str, str]]:
    """Give the absent keys, each with why it is absent as far as that is known, and what would turn the verdict."""
    notes = () if filled is None else (*filled.unknown, *filled.absent)
    known = {note.key.lower(): note.why for note in notes}
    rest: list[str] = []
    for each in missing:
        words = [why for why in (known.get(each.key.lower()),) if why]
        if each.verdict is not None:
            words.append(f"{_shown(each)} {_WOULD[each.verdict]}")
        if words:
            yield each.key, "; ".join(words)
        else:
            rest.append(each.key)
    if rest:
        yield ", ".join(rest), "no value of one alone would change the answer"


def _shown(each: Missing) -> str:
    if each.asks == "presence":
        return "any value"
    value = each.value
    return f"`{value}`" if isinstance(value, str) else ", ".join(f"`{one}`" for one in value or ())
