"""Access keys that lie in the clear, in the files where people and tools put them. A value is never given, a place is.

Source: AWS SDKs and Tools Reference Guide, "Static credentials"; IAM User Guide, "IAM identifiers" (unique ID prefixes).
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leastkey.disk.files import failure, read_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["PlainKey", "known_files", "plain_keys"]

_MOST_BYTES: Final = 1 << 20
_IN_HOME: Final = (
    ".aws/credentials",
    ".aws/config",
    ".boto",
    ".s3cfg",
    ".passwd-s3fs",
    ".config/rclone/rclone.conf",
    ".rclone.conf",
    ".mc/config.json",
    ".env",
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".config/fish/config.fish",
    ".bash_history",
    ".zsh_history",
)
_HERE: Final = (".env", ".envrc", ".env.local", ".boto", "terraform.tfvars", "terraform.tfstate")
_ID: Final = re.compile(r"(?<![A-Z0-9])AKIA[A-Z0-9]{16}(?![A-Z0-9])")
_SECRET: Final = re.compile(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])")
_DIGEST: Final = re.compile(r"[0-9a-f]{40}|[0-9A-F]{40}")
_NAMED: Final = re.compile(r"secret", re.IGNORECASE)
_EXAMPLE: Final = "EXAMPLE"
"""AWS's documentation writes it into the keys it shows."""


@dataclass(frozen=True, slots=True)
class PlainKey:
    """A secret-shaped value beside a key id, or under a name that says secret: where, and the id's last four."""

    path: Path
    line: int
    last_four: str | None


def known_files(environ: Mapping[str, str], folder: Path) -> tuple[Path, ...]:
    """Give the files that are looked into: the user's, those that AWS's variables name, and those of a folder."""
    named = [
        environ[name] for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE") if environ.get(name)
    ]
    home = environ.get("HOME", "")
    mine = [Path(home, name) for name in _IN_HOME] if home.startswith("/") else []
    paths = [*mine, *(Path(os.path.expanduser(each)) for each in named), *(folder / name for name in _HERE)]  # noqa: PTH111  # as AWS's tools read the variable
    return tuple(dict.fromkeys(paths))


def plain_keys(path: Path) -> Iterator[PlainKey]:
    """Give the keys in a file, none where there is none. Raises LeastkeyError where it cannot be read."""
    text = _text(path)
    if text is None:
        return
    ids = [each for each in _ID.findall(text) if not each.endswith(_EXAMPLE)]
    last: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        found = _ID.search(line)
        if found is not None:
            last = None if found[0].endswith(_EXAMPLE) else found[0][-4:]
        if _holds_secret(line) and (ids or _NAMED.search(line)):
            yield PlainKey(path, number, last)


def _holds_secret(line: str) -> bool:
    return any(
        not _DIGEST.fullmatch(each) and _EXAMPLE not in each and any(map(str.isdigit, each))
        for each in _SECRET.findall(line)
    )


def _text(path: Path) -> str | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise failure(error, path) from error
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
            return None
        return read_all(fd).decode(errors="replace")
    except OSError as error:
        raise failure(error, path) from error
    finally:
        os.close(fd)
