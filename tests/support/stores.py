"""The stores that a vault's identity can lie in, for real, each in a place of its own: started once a module, ended with it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leastkey.disk.vault_files import VaultFiles

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIRED = "LEASTKEY_TEST_CLIENTS"
"""Set to `required`, no test is skipped for want of a program: it fails."""
PASSWORD = "a test's password"
_SERVICE = """\
exec 3<&0  # a shell gives what it starts beside itself an empty standard input
gnome-keyring-daemon --foreground --unlock --components=secrets <&3 >/dev/null 2>&1 &
while ! dbus-send --session --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus \
  org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null | grep -q 'boolean true'; do sleep 0.05; done
echo "$!" "$DBUS_SESSION_BUS_ADDRESS"
wait
"""
_TPM = """\
#!/bin/sh
# What the kernel's resource manager does: objects of a call that has ended make room.
{tpm2} "$@"; code=$?
{tpm2} flushcontext -t >/dev/null 2>&1
exit $code
"""


def needed(program: str, package: str) -> str:
    """Give the path of a program; without it the test is skipped, or fails where none may be."""
    path = shutil.which(program)
    if path is not None:
        return path
    reason = f"`{program}` is not installed (Debian: {package})"
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def secret_service(folder: Path) -> Iterator[int]:
    """Run gnome-keyring on a session bus of its own, unlocked; gives its process id."""
    needed("dbus-run-session", "dbus-daemon")
    needed("dbus-send", "dbus-bin")
    needed("gnome-keyring-daemon", "gnome-keyring")
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_RUNTIME_DIR": str(runtime)}
    session = subprocess.Popen(
        ["dbus-run-session", "--", "sh", "-c", _SERVICE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environ,
    )
    assert session.stdin is not None
    assert session.stdout is not None
    with session:
        with session.stdin as password:
            password.write(PASSWORD.encode())
        daemon, address = session.stdout.readline().decode().split(None, 1)
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("DBUS_SESSION_BUS_ADDRESS", address.strip())
                yield int(daemon)
        finally:
            os.kill(int(daemon), signal.SIGCONT)
            os.kill(int(daemon), signal.SIGTERM)


@contextmanager
def systemd_credentials(folder: Path) -> Iterator[None]:
    """Give systemd-creds a host key of the test's own."""
    needed("systemd-creds", "systemd")
    if os.geteuid() != 0:
        pytest.skip("systemd-creds of systemd before 256 serves root only")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYSTEMD_CREDENTIAL_SECRET", str(folder / "host-key"))
        yield


@contextmanager
def tpm(folder: Path) -> Iterator[None]:
    """Run a software TPM, and have tpm2-tools speak to it."""
    swtpm = needed("swtpm", "swtpm")
    tpm2 = needed("tpm2", "tpm2-tools")
    state, programs, door = folder / "state", folder / "bin", folder / "tpm"
    state.mkdir()
    programs.mkdir()
    (programs / "tpm2").write_text(_TPM.format(tpm2=tpm2))
    (programs / "tpm2").chmod(0o700)
    arguments = [
        *(swtpm, "socket", "--tpm2", "--tpmstate", f"dir={state}", "--flags", "not-need-init,startup-clear"),
        *("--server", f"type=unixio,path={door}", "--ctrl", f"type=unixio,path={door}.ctrl"),
    ]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as emulator:
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("TPM2TOOLS_TCTI", f"swtpm:path={door}")
                patch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
                _await(emulator, Path(f"{door}.ctrl"))
                yield
        finally:
            emulator.terminate()


def _await(process: subprocess.Popen[bytes], door: Path) -> None:
    for _ in range(1_000):
        if door.exists():
            return
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
    pytest.fail("the software TPM did not start")


@contextmanager
def password_store(folder: Path) -> Iterator[None]:
    """Make a password store with a GPG key of its own, which has no passphrase."""
    gpg = needed("gpg", "gnupg")
    needed("pass", "pass")
    keys = folder / "gnupg"
    keys.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GNUPGHOME", str(keys))
        patch.setenv("PASSWORD_STORE_DIR", str(folder / "store"))
        make = [gpg, "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "test@example.com"]
        subprocess.run([*make, "future-default", "default", "never"], check=True)
        subprocess.run(["pass", "init", "test@example.com"], check=True, stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            subprocess.run(["gpgconf", "--kill", "all"], check=True)


def refuse_without_kernel_keyring(home: Path) -> None:
    """Skip a test where the kernel keeps no keys for us, as in many containers."""
    files = VaultFiles(home)
    if not files.kernel_put("a-test", b"x", 60):
        pytest.skip("the kernel's keyring is blocked here")
    files.kernel_forget("a-test")
