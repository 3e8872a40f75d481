"""Back ends of the keyring library that keep no secret, and who would use them. leastkey opens none of them.

Source: keyring documentation, "Configuring" (PYTHON_KEYRING_BACKEND, keyringrc.cfg).
"""

from __future__ import annotations

import configparser
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leastkey.vault.identity_store import ALLOWED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["insecure_backends"]

_KEEPS_NOTHING: Final = ("keyrings.alt", "keyrings.cryptfile")
_UNDECIDED: Final = frozenset({"", "keyring.backends.chainer.ChainerBackend"})


def insecure_backends(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give what is wrong, each with what helps."""
    for name in _KEEPS_NOTHING:
        try:
            version(name)
        except PackageNotFoundError:
            continue
        yield (
            f"`{name}` is installed beside leastkey: other programs of this environment may keep secrets in the clear",
            f"python -m pip uninstall {name}",
        )
    chosen = environ.get("PYTHON_KEYRING_BACKEND", "")
    if chosen not in _UNDECIDED and chosen not in ALLOWED.values():
        yield (
            f"PYTHON_KEYRING_BACKEND names `{chosen}`, not known to keep secrets safe",
            "unset PYTHON_KEYRING_BACKEND",
        )
    path = _settings(environ)
    said = "" if path is None else _default_in(path)
    if said not in _UNDECIDED and said not in ALLOWED.values():
        yield (
            f"`{path}` names `{said}`, not known to keep secrets safe",
            f"take default-keyring out of {path}",
        )


def _settings(environ: Mapping[str, str]) -> Path | None:
    base = environ.get("XDG_CONFIG_HOME") or (
        f"{environ['HOME']}/.config" if environ.get("HOME", "").startswith("/") else ""
    )
    return Path(base, "python_keyring", "keyringrc.cfg") if base else None


def _default_in(path: Path) -> str:
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
        return parser.get("backend", "default-keyring", fallback="")
    except (configparser.Error, UnicodeDecodeError, OSError):
        return f"a setting that cannot be read in {path.name}"
