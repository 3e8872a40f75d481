"""Text in 80 columns: words stay whole, so that names, paths and ARNs can be copied."""

from __future__ import annotations

import textwrap
from typing import Final

__all__ = ["COLUMNS", "wrapped"]

COLUMNS: Final = 80


def wrapped(head: str, text: str, indent: int | None = None) -> list[str]:
    """Give a text behind its head, further lines under the text's beginning or at `indent`."""
    return textwrap.wrap(
        text,
        COLUMNS,
        initial_indent=head,
        subsequent_indent=" " * (len(head) if indent is None else indent),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [head.rstrip()]
