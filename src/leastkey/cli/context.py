"""What `explain` and `policy simulate` have in common: KEY=VALUE of a request's context, and an account where none is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ANY_ACCOUNT", "key_values"]

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
