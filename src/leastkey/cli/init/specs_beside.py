"""Other specs in the folder of a new one: two of one project would each take down what the other made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.cli.read_spec import LARGEST_SPEC, default_project

if TYPE_CHECKING:
    from pathlib import Path

    from leastkey.cli.show import Show

__all__ = ["projects_beside", "tell_beside"]

_IS_SPEC: Final = re.compile(r"^identities[ \t]*:", re.MULTILINE)
_PROJECT: Final = re.compile(r"^project[ \t]*:[ \t]*[\"']?([A-Za-z0-9_.-]+)", re.MULTILINE)


def projects_beside(path: Path) -> dict[str, str]:
    """Give the projects of the other specs in a spec's folder, in lower case, each with its file's name."""
    found: dict[str, str] = {}
    for other in sorted(path.absolute().parent.glob("*.y*ml")):
        if other.name == path.name or not (text := _text(other)) or not _IS_SPEC.search(text):
            continue
        named = _PROJECT.search(text)
        found.setdefault((named[1] if named else default_project(other)).lower(), other.name)
    return found


def tell_beside(show: Show, path: Path, project: str) -> None:
    """Warn where a spec of the same project stands beside the new one."""
    if (other := projects_beside(path).get(project.lower())) is None:
        return
    show.warn(
        f"`{other}` beside it is of project `{project}` too: `up` with one of them takes down what the other made. "
        "Put both scripts into one spec, or give each spec a `project:` of its own"
    )


def _text(path: Path) -> str:
    """Give a file's text; what cannot be read is no spec that a command could read."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_SPEC:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
