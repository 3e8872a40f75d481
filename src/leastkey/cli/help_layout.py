"""How `--help` is laid out where the terminal is narrow: an option on a line of its own, its text below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from leastkey.cli.wrap import folded

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HelpLayout"]

_NARROW: Final = 60
_LEAST: Final = 20
_MARGIN: Final = 2
_OPTION: Final = 4
"""Columns that an option may then take before its text moves to the next line."""


class HelpLayout(click.HelpFormatter):
    """click's layout, which is never narrower than 50 columns by itself."""

    def __init__(
        self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None
    ) -> None:
        if width is None:
            import shutil

            columns = min(shutil.get_terminal_size().columns, max_width or 80)
            width = max(columns - _MARGIN, _LEAST)
        super().__init__(indent_increment, width, max_width)

    def write_text(self, text: str) -> None:
        """Write a paragraph; an example that has to be broken can still be pasted."""
        if not text.startswith("Example"):
            super().write_text(text)
            return
        for line in folded(f"{'':>{self.current_indent}}{text}", self.width):
            self.write(f"{line}\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = _MARGIN
    ) -> None:
        """Write options or commands with their texts."""
        rows = tuple(rows)
        longest = max((len(term) for term, _ in rows), default=0)
        is_tight = self.width < _NARROW and longest > self.width // 3
        super().write_dl(rows, _OPTION if is_tight else col_max, col_spacing)
