"""Read the spec file and the raw documents it names."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError
from leastkey.spec.parse import parse_spec

if TYPE_CHECKING:
    from leastkey.spec.model import Identity, Spec

__all__ = ["LARGEST_SPEC", "default_project", "one_identity", "read_spec"]

_NAMED: Final = 2
"""How many of several identities a hint gives a command for."""
_LISTED: Final = 6
LARGEST_SPEC: Final = 1 << 20
"""Bytes. A longer file is not read at all."""


def read_spec(file: str, *, sandbox: bool = False) -> Spec:
    """Read and parse the spec the command line names; `sandbox` wins over its target. Raises LeastkeyError."""
    path = Path(file)
    text = _text(path, file)
    spec = parse_spec(
        text,
        file,
        lambda name: _document(path.parent / name),
        default_project=default_project(path),
    )
    return replace(spec, target="sandbox") if sandbox else spec


def default_project(spec_path: Path) -> str:
    """Give the folder's name as a project name."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", spec_path.absolute().parent.name).strip("-.")
    return name or "project"


def one_identity(spec: Spec, name: str | None, how: str = "NAME") -> Identity:
    """Give the identity of this name, or the only one. `how`: the command that names one. Raises LeastkeyError."""
    if name is None:
        if len(spec.identities) == 1:
            return spec.identities[0]
        usable = [each for each in spec.identities if each.user is not None] or spec.identities
        all_names = ", ".join(f"`{identity.name}`" for identity in spec.identities)
        raise LeastkeyError(
            "usage",
            f"the spec has several identities: {all_names}",
            remedy=tuple(how.replace("NAME", identity.name) for identity in usable[:_NAMED]),
        )
    found = next((identity for identity in spec.identities if identity.name == name), None)
    if found is None:
        from leastkey.iam.catalog import nearest

        names = [identity.name for identity in spec.identities]
        close = nearest(name, names)
        raise LeastkeyError(
            "unknown-name",
            f"{spec.file} has no identity `{name}`",
            remedy=f"did you mean `{close}`?"
            if close
            else f"it has {', '.join(f'`{each}`' for each in names[:_LISTED])}",
        )
    return found


def _text(path: Path, shown: str) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_SPEC + 1)
    except FileNotFoundError:
        raise LeastkeyError(
            "spec-not-found",
            f"there is no spec file `{shown}`",
            remedy=("write one: `leastkey init`", "name one: `--spec FILE`"),
        ) from None
    except OSError as error:
        raise LeastkeyError(
            "spec-unreadable", f"`{shown}` cannot be read", why=str(error.strerror), remedy="--spec FILE"
        ) from None
    if len(raw) > LARGEST_SPEC:
        raise LeastkeyError(
            "spec-unreadable",
            f"`{shown}` is larger than 1 MiB",
            why="a spec is a small file; policies of your own go into `document:` files",
            remedy="--spec FILE",
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LeastkeyError(
            "spec-unreadable",
            f"`{shown}` is not UTF-8 text",
            why=f"byte {error.start} cannot be decoded",
            remedy=f"iconv -t UTF-8 {shown}",
        ) from None


def _document(path: Path) -> str:
    """Read a raw policy document; the parser turns OSError into an error at the place that names it."""
    with open(path, "rb", opener=_at_once) as file:
        raw = file.read(LARGEST_SPEC + 1)
    if len(raw) > LARGEST_SPEC:
        raise OSError(27, "larger than 1 MiB", str(path))
    return raw.decode("utf-8-sig")


def _at_once(path: str, flags: int) -> int:
    """Open a file, and no pipe that would keep us waiting for its writer."""
    fd = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(22, "not a regular file", path)
    return fd
