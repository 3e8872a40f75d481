"""Another user of this computer looks for secrets: in files, in processes, at the agent's socket, at the endpoint."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.support.home import Home
from tests.support.served import SECRETS, Served, bind_warm, read_reply, serving

from leastkey.disk.agent_socket import ask_agent, is_ours, socket_path
from leastkey.disk.locks import FileLocks
from leastkey.disk.vault_files import VaultFiles
from leastkey.secret import Secret
from leastkey.vault.choose import open_vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can play two users"),
    pytest.mark.skipif(sys.platform != "linux", reason="what /proc shows is Linux's"),
]

STRANGER: Final = 54_321
MARKER: Final = "the-long-lived-secret-of-this-test"
_ATTACH: Final = 16
"""PTRACE_ATTACH."""


def as_stranger(look: Callable[..., str], *given: Any) -> str:
    """Do something as another user; gives what came of it, or the name of the error."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(STRANGER)
            os.setuid(STRANGER)
            found = look(*given)
        except BaseException as error:  # noqa: BLE001  # all that happens is told to the parent
            found = type(error).__name__
        os.write(write, found.encode(errors="replace"))
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as told:
        answer = told.read().decode(errors="replace")
    os.waitpid(child, 0)
    return answer


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A home that others may look into, as most homes were for a long time; all of ours lies in it."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    made = Home(folder)
    bind_warm(made)
    open_vault("age-file", VaultFiles(made.state)).put("aws/x/y", Secret(MARKER))
    (folder / "public").write_text("for all")
    yield made
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def served(home: Home) -> Iterator[Served]:
    with serving(home) as server:
        yield server


@pytest.fixture(scope="module")
def agent(home: Home) -> Iterator[int]:
    command = home.command("agent", "run")
    environ = home.environ | {"LEASTKEY_VAULT": "age-file"}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, cwd=home.folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"Listening")
        yield process.pid
        process.send_signal(signal.SIGTERM)


@pytest.fixture(scope="module")
def running(home: Home) -> Iterator[tuple[int, int]]:
    """A program under `run`: the process of ours, and the program, which has a session in its environment."""
    command = home.command("run", "--", "sh", "-c", "echo $$; exec sleep 600")
    with subprocess.Popen(command, env=home.environ, stdout=subprocess.PIPE, cwd=home.folder) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        until = time.monotonic() + 10
        while b"sleep" not in Path(f"/proc/{child}/cmdline").read_bytes():
            assert time.monotonic() < until
            time.sleep(0.01)
        yield process.pid, child
        os.kill(child, signal.SIGKILL)


def test_no_file_of_ours_can_be_opened_and_no_folder_listed(home: Home, served: Served, agent: int) -> None:
    with FileLocks(home.state).hold("something", "a test"):
        below = [path for path in home.state.rglob("*") if path.is_file()]
        names = {path.relative_to(home.state).parts[0] for path in below}
        assert names >= {"vault", "locks", "serve", "sessions", "bindings"}
        assert as_stranger((home.folder / "public").read_text) == "for all"
        for path in below:
            assert as_stranger(path.read_text) == "PermissionError", path
            assert as_stranger(locked, path) == "PermissionError", path
        for folder in [home.state, *(path for path in home.state.rglob("*") if path.is_dir())]:
            assert as_stranger(listed, folder) == "PermissionError", folder
            assert as_stranger(planted, folder) == "PermissionError", folder


def listed(folder: Path) -> str:
    return str(sorted(folder.iterdir()))


def locked(path: Path) -> str:
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return "locked"


def planted(folder: Path) -> str:
    (folder / "planted").symlink_to("/etc/passwd")
    return "planted"


def test_of_our_processes_only_the_arguments_show_and_they_hold_no_secret(
    served: Served, agent: int, running: tuple[int, int]
) -> None:
    for pid in (served.process.pid, agent, *running):
        line = as_stranger(Path(f"/proc/{pid}/cmdline").read_text)
        assert ("leastkey" in line) is (pid != running[1])
        assert not [secret for secret in (*SECRETS, MARKER, served.token) if secret in line]
        for name in ("environ", "mem", "maps", "syscall", "stack"):
            assert as_stranger(Path(f"/proc/{pid}/{name}").read_text) == "PermissionError", (pid, name)
        assert as_stranger(listed, Path(f"/proc/{pid}/fd")) == "PermissionError"
        assert as_stranger(attached, pid) == "PermissionError"
        assert as_stranger(ended, pid) == "PermissionError"
    environ = Path(f"/proc/{running[1]}/environ").read_text()
    assert SECRETS[0] in environ  # what he was kept from
    assert MARKER not in environ


def ended(pid: int) -> str:
    os.kill(pid, signal.SIGTERM)
    return "told to end"


def attached(pid: int) -> str:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(_ATTACH, pid, 0, 0):
        raise OSError(ctypes.get_errno(), "ptrace")
    return "attached"


def test_the_agent_answers_its_own_user_alone(home: Home, agent: int) -> None:
    place = socket_path(home.state)
    assert b'"held"' in (ask_agent(home.state, "status") or b"")
    assert as_stranger(connected, place) == "PermissionError"
    folders = [place.parent, home.state]
    try:
        for folder in folders:
            folder.chmod(0o755)
        place.chmod(0o666)
        assert as_stranger(connected, place) in {"", "ConnectionResetError", "BrokenPipeError"}
    finally:
        place.chmod(0o600)
        for folder in folders:
            folder.chmod(0o700)
    assert b'"held"' in (ask_agent(home.state, "status") or b"")


def connected(place: Path) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        client.connect(str(place))
        client.sendall(b"status\n")
        return client.recv(1_000).decode()


def test_who_a_socket_belongs_to_is_told_by_the_kernel() -> None:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        Path(folder).chmod(0o755)
        listening.bind(f"{folder}/socket")
        Path(folder, "socket").chmod(0o666)
        listening.listen()
        assert (
            as_stranger(connected, Path(f"{folder}/socket")) == "TimeoutError"
        )  # nobody answered, but he came through
        theirs, _ = listening.accept()
        with theirs:
            assert not is_ours(theirs)


def test_the_endpoint_gives_a_stranger_nothing_without_the_token(served: Served) -> None:
    def ask(token: str) -> Callable[[], str]:
        lines = f"GET /credentials HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n"

        def asked() -> str:
            with socket.create_connection(("127.0.0.1", served.port), timeout=5) as client:
                client.sendall((lines + token + "\r\n").encode())
                return str(read_reply(client))

        return asked

    token = served.token
    for given in (
        "",
        "Authorization: \r\n",
        f"Authorization: {token[:-1]}\r\n",
        f"Authorization: Bearer {token}\r\n",
    ):
        answer = as_stranger(ask(given))
        assert answer.startswith(("Reply(status=401", "Reply(status=403", "Reply(status=400")), answer
        assert not [secret for secret in SECRETS if secret in answer]
    assert as_stranger(served.token_file.read_text) == "PermissionError"
    assert SECRETS[0] in as_stranger(ask(f"Authorization: {token}\r\n"))  # the token is all he lacks
