"""The credential helper's command line: one that every reader takes alike, at a place that is there tomorrow.

botocore splits it as shlex does, other SDKs hand it to `sh -c` or `cmd.exe`, some tools split at spaces. So paths are
absolute and made of characters that mean themselves to all of them; a path with others is refused, not quoted.
Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError
from leastkey.ports.local import HelperCommand

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["check_helper", "is_stale", "parse_command"]

_SAFE: Final = re.compile(r"[A-Za-z0-9_./+@:\\-]+" if sys.platform == "win32" else r"[A-Za-z0-9_./+@:-]+")
_COMMAND: Final = re.compile(r"(\S+) -I -S (\S+[/\\]credential_process\.py) (\S+) ([0-9a-f]{16})")
_EPHEMERAL: Final = (
    re.compile(r"/(?:archive|builds|environments)-v[0-9]+/"),  # uv's cache: uvx, uv run --with
    re.compile(r"/(?:\.cache|Caches)/pipx/|/pipx/\.?cache/"),  # pipx run
    re.compile(r"/pip-(?:build-env|ephem|run|standalone-pip)-"),  # pip's and pip-run's own
)


def check_helper(
    helper: HelperCommand, *, allow_temporary: bool = False, exists: Callable[[str], bool] = os.path.exists
) -> None:
    """Refuse a helper that AWS's tools would read differently (`unsafe-path`) or that will be gone (`temporary-environment`).

    A folder below `/tmp` is no reason by itself: a clone there is as lasting as its owner wants. What is refused is
    an environment that a tool made for one run, and one whose own interpreter is gone.
    """
    places = (
        (
            "the interpreter",
            helper.python,
            "put the virtual environment at another path, then install leastkey there",
        ),
        ("leastkey", helper.script, "put leastkey at another path, then install it again"),
        ("the state folder", helper.home, "name another: `export LEASTKEY_HOME=/path/without/spaces`"),
    )
    for what, path, remedy in places:
        if not os.path.isabs(path) or not _SAFE.fullmatch(path):  # noqa: PTH117  # a text test, not a file's
            raise _unsafe(what, path, remedy)
    for what, path, _ in places[:2]:
        if not allow_temporary and any(kind.search(path.replace("\\", "/")) for kind in _EPHEMERAL):
            raise _temporary(f"{what} is at `{path}`, which a tool made for one run")
    if not exists(sys.base_prefix):
        raise _temporary(f"the Python this environment was made from is gone: `{sys.base_prefix}`")


def parse_command(command: str) -> tuple[HelperCommand, str] | None:
    """Take a `credential_process` line of ours apart: the helper and the binding's id. None for any other line."""
    found = _COMMAND.fullmatch(command.strip())
    return None if found is None else (HelperCommand(found[1], found[2], found[3]), found[4])


def is_stale(helper: HelperCommand, *, exists: Callable[[str], bool] = os.path.exists) -> bool:
    """Say whether a helper written earlier can run no more: interpreter, script or state folder is gone."""
    return not (exists(helper.python) and exists(helper.script) and exists(helper.home))


def _unsafe(what: str, path: str, remedy: str) -> LeastkeyError:
    bad = sorted({character for character in path if not _SAFE.fullmatch(character)})
    return LeastkeyError(
        "unsafe-path",
        f"the path of {what} cannot stand in a profile: `{path}`",
        why=(
            f"AWS's tools read {', '.join(map(repr, bad))} in different ways"
            if bad
            else "it is not absolute, and AWS's tools start the helper from anywhere"
        ),
        remedy=remedy,
    )


def _temporary(why: str) -> LeastkeyError:
    return LeastkeyError(
        "temporary-environment",
        "leastkey runs from a place that will be gone, a profile may not name it",
        why=why,
        remedy="install it to stay: `python3 -m venv ~/.local/leastkey` and `~/.local/leastkey/bin/pip install leastkey`",
    )
