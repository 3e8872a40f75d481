"""Which vault: the one named, else the one remembered, else the best this computer has, else an honest refusal.

Every vault is an age file; its name says where the identity that opens it lies. What a store needs is imported with it.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final, Literal

from leastkey.errors import LeastkeyError
from leastkey.vault.age_file import AgeFile
from leastkey.vault.identity_store import IdentityFile, PlatformStore, find_platform_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leastkey.vault.files import FileDoor
    from leastkey.vault.identity_store import IdentityStore
    from leastkey.vault.kernel_store import KernelStore

__all__ = ["AGE_FILE", "KEYRING", "PLAIN_WORDS", "choose_vault", "kernel_store", "lock_vault", "open_vault"]

KEYRING: Final = "keyring"
AGE_FILE: Final = "age-file"
_KERNEL: Final = "kernel"
_IDENTITY: Final = "identity.txt"
_MOST_CHARACTERS: Final = 1_024
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
        return AgeFile(KEYRING, files, _file_of(KEYRING), store)
    raise LeastkeyError(
        "no-vault",
        "this computer has no secure store, and no vault was named",
        why=(store, PLAIN_WORDS),
        remedy=(
            "run the same command with `--vault age-file`, or `export LEASTKEY_VAULT=age-file`",
            "others that protect more: `leastkey help vaults`",
        ),
    )


def open_vault(name: str, files: FileDoor, *, environ: Mapping[str, str] | None = None) -> AgeFile:
    """Give the vault of this name."""
    return AgeFile(name, files, _file_of(name), _store(name, name, files, environ))


def kernel_store(
    name: str, files: FileDoor, ask: Callable[[bool], str], *, environ: Mapping[str, str] | None = None
) -> KernelStore:
    """Give the store of a vault that is unlocked for a time, with who asks for its passphrase. Raises LeastkeyError `usage`."""
    _refuse_unlockable(name)
    return _kernel(name, files, ask, environ)


def lock_vault(name: str, files: FileDoor) -> None:
    """Take a vault's identity out of the kernel; where it rests need not be at hand. Raises LeastkeyError `usage`."""
    _refuse_unlockable(name)
    files.kernel_forget(_label(name, files))


def _refuse_unlockable(name: str) -> None:
    if name.partition(":")[0] != _KERNEL:
        raise LeastkeyError(
            "usage",
            f"the vault `{name}` is not one that leastkey unlocks",
            why="only `kernel` and `kernel:STORE` are unlocked for a time; the others open by themselves or not at all",
            remedy="leastkey vault status",
        )


def _store(name: str, vault: str, files: FileDoor, environ: Mapping[str, str] | None) -> IdentityStore:
    """Give where an identity lies. `vault` is whose it is: a name of ours in a store of others is made from it."""
    kind, colon, rest = name.partition(":")
    if len(name) > _MOST_CHARACTERS or not name.isprintable():
        raise _unknown("this")
    match kind, colon:
        case "age-file", "":
            return IdentityFile(files, _plain_name(vault, _IDENTITY))
        case "age-file", ":":
            return IdentityFile(files, _absolute(name, rest, "/path/to/identity.txt"), is_ours=False)
        case "keyring", "":
            return _platform(vault, files, environ)
        case "kernel", _ if name == vault:
            return _kernel(name, files, None, environ)
        case (("pass" | "systemd-creds" | "tpm2"), ""):
            return _of_program(kind, vault, files)
        case "command", ":":
            from leastkey.vault.program_stores import CommandStore

            return CommandStore(files, _absolute(name, rest, "/path/to/program"))
        case _:
            raise _unknown(name)


def _of_program(kind: str, vault: str, files: FileDoor) -> IdentityStore:
    label = f"leastkey-{_label(vault, files)}"
    if kind == "pass":
        from leastkey.vault.program_stores import PassStore

        return PassStore(f"leastkey/{label.removeprefix('leastkey-')}")
    from leastkey.vault.sealed_stores import SystemdStore, TpmStore

    sealed = _plain_name(vault, f"{kind}.sealed")
    return TpmStore(files, sealed) if kind == "tpm2" else SystemdStore(files, sealed, label)


def _kernel(
    name: str, files: FileDoor, ask: Callable[[bool], str] | None, environ: Mapping[str, str] | None
) -> KernelStore:
    from leastkey.vault.kernel_store import KernelStore, PassphraseFile

    _, _, at_rest = name.partition(":")
    rest: IdentityStore
    if name == _KERNEL:
        rest = PassphraseFile(files, "kernel-identity.age", ask)
    else:
        rest = _store(at_rest, name, files, environ)
    return KernelStore(files, name, _label(name, files), rest)


def _platform(vault: str, files: FileDoor, environ: Mapping[str, str] | None) -> PlatformStore:
    label = "" if vault == KEYRING else vault
    store = find_platform_store(files.address, _environ(environ), vault=label)
    if isinstance(store, PlatformStore):
        return store
    raise LeastkeyError(
        "no-vault",
        f"the vault `{vault}` needs a secure store, and this computer has none",
        why=store,
        remedy=(
            f"another vault: `--vault {AGE_FILE}` (it hides the secrets, it does not protect them)",
            "others that protect more: `leastkey help vaults`",
        ),
    )


def _absolute(name: str, path: str, example: str) -> str:
    if not path.startswith("/") or ".." in path.split("/"):
        raise LeastkeyError(
            "usage",
            f"`{name}` does not name its file by an absolute path",
            remedy=f"`--vault {name.partition(':')[0]}:{example}`",
        )
    return path


def _file_of(name: str) -> str:
    kind, colon, path = name.partition(":")
    if name in {KEYRING, AGE_FILE}:
        return {KEYRING: "keyring.age", AGE_FILE: "vault.age"}[name]
    return f"vault-{_digest(path if kind == AGE_FILE else name)}.age" if colon else f"{name}.age"


def _plain_name(vault: str, file: str) -> str:
    """Give the name of a file that belongs to one vault alone."""
    return file if ":" not in vault else f"{_digest(vault)}-{file}"


def _label(vault: str, files: FileDoor) -> str:
    """Give what a vault of this state folder is called where others keep things too."""
    return _digest(f"{files.address}\n{vault}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _unknown(name: str) -> LeastkeyError:
    return LeastkeyError(
        "unknown-name",
        f"there is no vault `{name}`" if name != "this" else "no vault has a name like this",
        why="the vaults are `keyring`, `age-file`, `age-file:/PATH`, `kernel`, `kernel:STORE`, `systemd-creds`, `tpm2`, "
        "`pass` and `command:/PATH`",
        remedy=("`leastkey help vaults` says what each protects", f"`--vault {AGE_FILE}`"),
    )


def _environ(environ: Mapping[str, str] | None) -> Mapping[str, str]:
    return os.environ if environ is None else environ
