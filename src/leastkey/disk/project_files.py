"""What a folder's own files call the project: pyproject.toml, then package.json."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["names_in"]

LARGEST: Final = 1 << 20
"""Bytes. A longer file is not one that a person wrote."""


def names_in(folder: Path) -> tuple[tuple[str, str], ...]:
    """Give each name and the file it stands in. A file that is not there or cannot be read names nothing."""
    found = (
        (_value(folder / "pyproject.toml", ("project", "name")), "pyproject.toml"),
        (_value(folder / "package.json", ("name",)), "package.json"),
    )
    return tuple((name, file) for name, file in found if name)


def _value(path: Path, keys: tuple[str, ...]) -> str:
    """Give the text under these keys, or none: somebody else's file that is broken is not our business."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            text = file.read(LARGEST).decode()
        value: Any = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError):
        return ""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
