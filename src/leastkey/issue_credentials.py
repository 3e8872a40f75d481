"""What the credential helper does when no agent answers: the cached session, or a new one.

The warm path reads the cached document and prints it, and imports next to nothing. The cold path finds the packages of
its virtual environment (under `-I -S` Python looks for none, and `sys.prefix` is the base interpreter), mints a session
and prints that. It never asks anything.
Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
"""

import os
import sys
from time import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from leastkey.broker.session import Computer
    from leastkey.disk.home import PlainPath
    from leastkey.iam.credentials import AccessKey, SessionCredentials
    from leastkey.ports.binding import Binding
    from leastkey.ports.local import Vault

__all__ = ["issue"]

FAILED = 4


def issue(arguments: "Sequence[str]") -> int:
    """Print the credentials of a binding; gives the exit code. With `alone` behind it, no agent was to be asked."""
    try:
        return _issued(arguments)
    except KeyboardInterrupt:
        return _fail("[interrupted] no credentials were issued")


def _issued(arguments: "Sequence[str]") -> int:
    if len(arguments) != 2 and arguments[2:] != ["alone"]:
        return _fail(
            "usage: credential_process.py HOME BINDING_ID, as `leastkey up` writes it into the profile"
        )
    if os.isatty(1):
        return _fail("this prints a secret, it is for the AWS CLI to read; try: leastkey run -- CMD")
    home, binding = arguments[:2]
    _leave_no_core()
    from leastkey.disk.session_format import cached_document

    document = cached_document(home, binding, time())
    return _serve(home, binding) if document is None else _print(document)


def _serve(home: str, binding: str) -> int:
    """Mint a session, or wait for who is minting it, and print it; gives the exit code."""
    _find_packages()
    from leastkey.disk.hardening import close_memory, harden

    harden()
    close_memory()
    from leastkey.errors import LeastkeyError

    try:
        document = _minted(home, binding)
    except LeastkeyError as error:
        fix = f"; fix: {error.remedy[0]}" if error.remedy else ""
        why = f" ({error.why[0]})" if error.why else ""
        return _fail(f"[{error.code}] {error.what}{why}{fix}")
    except Exception as error:  # noqa: BLE001  # the last door: a traceback here would land in the caller's exception
        return _fail(
            f"[internal] leastkey has a bug ({type(error).__name__}); fix: leastkey run -- CMD shows more"
        )
    return _print(document)


def _minted(home: str, identity: str) -> bytes:
    from leastkey.broker.session import NOTHING_ISSUED, session_for
    from leastkey.disk.bindings import FileBindings
    from leastkey.disk.home import PlainPath, prepare_home
    from leastkey.disk.session_format import is_binding
    from leastkey.errors import LeastkeyError
    from leastkey.iam.credentials import process_document

    folder = PlainPath(home)
    is_there = os.path.isdir(home)  # noqa: PTH112  # pathlib costs six modules
    if is_there:
        prepare_home(folder)
    binding = FileBindings(folder).find(identity) if is_binding(identity) and is_there else None
    if binding is None:
        raise LeastkeyError(
            "not-set-up",
            "nothing on this computer is bound to this profile",
            why=f"looked in {home}",
            state=NOTHING_ISSUED,
            remedy="leastkey up",
        )
    computer = _computer(folder)
    session = session_for(binding, computer, _assume)
    return (process_document(session, binding.key.account) + "\n").encode()


def _computer(home: "PlainPath") -> "Computer":
    from typing import NamedTuple

    from leastkey.clock import SystemClock
    from leastkey.disk.bindings import FileBindings
    from leastkey.disk.locks import FileLocks
    from leastkey.disk.sessions import Sessions
    from leastkey.disk.vault_files import VaultFiles
    from leastkey.vault.choose import open_vault

    class Here(NamedTuple):
        sessions: Sessions
        locks: FileLocks
        clock: SystemClock
        bindings: FileBindings

        def vault_for(self, name: str) -> "Vault":
            return open_vault(name, VaultFiles(home))

    return Here(Sessions(home), FileLocks(home), SystemClock(), FileBindings(home))


def _assume(key: "AccessKey", binding: "Binding", name: str) -> "SessionCredentials":
    from leastkey.aws.sts_direct import assume  # only to mint: what it imports takes longer than all the rest

    return assume(key, binding, name)


def _find_packages() -> None:
    """Add the site packages of the virtual environment that this interpreter's path names."""
    prefix = os.path.dirname(os.path.dirname(sys.executable))  # noqa: PTH120  # pathlib costs more than the whole warm path
    major, minor = sys.version_info[:2]
    inner = "Lib" if os.name == "nt" else f"lib/python{major}.{minor}"
    packages = f"{prefix}/{inner}/site-packages"
    if packages not in sys.path and os.path.isdir(packages):  # noqa: PTH112  # pathlib costs more than the whole warm path
        sys.path.append(packages)


def _leave_no_core() -> None:
    """Switch core files off, which is cheap; `harden` does the rest before a secret that lives long."""
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _print(document: bytes) -> int:
    try:
        while document:
            document = document[os.write(1, document) :]
    except OSError as error:
        return _fail(f"[io-failed] the credentials could not be handed over ({error.strerror})")
    return 0


def _fail(line: str) -> int:
    shown = "".join(each if each.isprintable() else "?" for each in line)
    try:
        os.write(2, f"leastkey: {shown[:600]}\n".encode(errors="replace"))
    except OSError:  # nobody listens; the exit code says it
        return FAILED
    return FAILED
