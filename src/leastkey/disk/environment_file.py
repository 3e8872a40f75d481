"""A file of `NAME=value` lines that another program made and reads: variables are added at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.disk.files import failure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["append_variables"]


def append_variables(path: Path, variables: Mapping[str, str]) -> None:
    """Add variables, none of which holds a line break. Raises LeastkeyError `io-failed` or `disk-full`."""
    text = "".join(f"{name}={value}\n" for name, value in variables.items())
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise failure(error, path) from error
