"""Spans of time on the command line: `30s`, `90m`, `24h`, `60d`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from click import Context, Parameter

__all__ = ["SPAN"]

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SPAN: Final = re.compile(r"([0-9]{1,6})([smhd])")
_MOST: Final = 366 * 86_400


class _Span(click.ParamType[int]):
    """A number and its unit; a year at most."""

    name = "SPAN"

    def convert(self, value: Any, param: Parameter | None, ctx: Context | None) -> int:
        """Give seconds."""
        if isinstance(value, int):
            return value
        found = _SPAN.fullmatch(str(value).strip())
        seconds = 0 if found is None else int(found[1]) * _UNITS[found[2]]
        if found is None or seconds > _MOST:
            self.fail(
                f"`{value}` is no span of up to a year, such as `30s`, `90m`, `24h` or `60d`", param, ctx
            )
        return seconds


SPAN: Final = _Span()
