"""Tags: ours are compared, those of others stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.compile.wanted import Tags

__all__ = ["differing"]


def differing(wanted: Tags, seen: Mapping[str, str]) -> Tags:
    """Give the wanted tags that are not there or have another value."""
    return tuple((key, value) for key, value in wanted if seen.get(key) != value)
