"""Which vault: the one named, else the one remembered, else the best this computer has, else an honest refusal.

`keyring` is an age file whose identity lies in the platform's store; `age-file` one whose identity lies in a 0600 file
beside it, or at the path named (`age-file:/path`).
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final, Literal

from leastkey.errors import LeastkeyError
from leastkey.vault.age_file import AgeFile
from leastkey.vault.identity_store import IdentityFile, PlatformStore, find_platform_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.vault.files import FileDoor

__all__ = ["AGE_FILE", "KEYRING", "PLAIN_WORDS", "choose_vault", "open_vault"]

KEYRING: Final = "keyring"
AGE_FILE: Final = "age-file"
_IDENTITY: Final = "identity.txt"
PLAIN_WORDS: Final = (
    "`age-file` keeps the key to the vault in a file only you can read: it hides the secrets, it does not protect them "
    "from who can read your files"
)


def choose_vault(
    name: str | None,
    files: FileDoor,
    *,
    remembered: str | None = None,
    target: Literal["aws", "sandbox"] = "aws",
    environ: Mapping[str, str] | None = None,
) -> AgeFile:
    """Give the vault for new keys. Raises LeastkeyError `no-vault` when none is named and the computer has no secure store."""
    if named := name or remembered:
        return open_vault(named, files, environ=environ)
    if target == "sandbox":
        return open_vault(AGE_FILE, files)  # its keys open nothing but an embedded AWS on this computer
    store = find_platform_store(files.address, _environ(environ))
    if isinstance(store, PlatformStore):
        return _in_store(files, store)
    raise LeastkeyError(
        "no-vault",
        "this computer has no secure store, and no vault was named",
        why=(store, PLAIN_WORDS),
        remedy="run the same command with `--vault age-file`, or `export LEASTKEY_VAULT=age-file`",
    )


def open_vault(name: str, files: FileDoor, *, environ: Mapping[str, str] | None = None) -> AgeFile:
    """Give the vault of this name."""
    kind, colon, path = name.partition(":")
    if name == KEYRING:
        store = find_platform_store(files.address, _environ(environ))
        if isinstance(store, PlatformStore):
            return _in_store(files, store)
        raise LeastkeyError(
            "no-vault",
            "the vault `keyring` needs a secure store, and this computer has none",
            why=store,
            remedy=f"another vault: `--vault {AGE_FILE}` (it hides the secrets, it does not protect them)",
        )
    if name == AGE_FILE:
        return AgeFile(AGE_FILE, files, "vault.age", IdentityFile(files, _IDENTITY))
    if kind == AGE_FILE and colon:
        if not path.startswith("/"):
            raise LeastkeyError(
                "usage",
                f"`{name}` does not name its identity file by an absolute path",
                remedy=f"`--vault {AGE_FILE}:/path/to/identity.txt`",
            )
        digest = hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return AgeFile(name, files, f"vault-{digest}.age", IdentityFile(files, path))
    raise LeastkeyError(
        "unknown-name",
        f"there is no vault `{name}`",
        why=f"the vaults are `{KEYRING}`, `{AGE_FILE}` and `{AGE_FILE}:/path/to/identity.txt`",
        remedy=f"`--vault {AGE_FILE}`",
    )


def _in_store(files: FileDoor, store: PlatformStore) -> AgeFile:
    return AgeFile(KEYRING, files, "keyring.age", store)


def _environ(environ: Mapping[str, str] | None) -> Mapping[str, str]:
    return os.environ if environ is None else environ
