"""The agent as a process: what it gives, to whom, and what becomes of it when it is killed, robbed or replaced."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.home import Ended
from tests.support.home import run as run_program
from tests.unit.keys.world import KEY
from tests.unit.test_credential_process import NOW, SESSION, bind, command, home, imported, run, sts

from leastkey.disk.agent_socket import ask_agent, socket_path
from leastkey.disk.sessions import Sessions
from leastkey.ports.binding import binding_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.broker.test_sts_direct import Sts

__all__ = ["home", "sts"]


def leastkey(home: Path, *arguments: str) -> Ended:
    environ = {"PATH": os.environ["PATH"], "HOME": str(home.parent), "LEASTKEY_HOME": str(home)}
    return run_program([sys.executable, "-m", "leastkey", *arguments], home.parent, environ, 60)


@pytest.fixture
def agent(home: Path) -> Iterator[int]:
    """Start it; gives its process id."""
    started = leastkey(home, "agent", "start", "--json")
    assert started.code == 0, started.err
    yield told(home)["pid"]
    leastkey(home, "agent", "stop")


def told(home: Path) -> dict[str, Any]:
    answer = ask_agent(home, "status")
    assert answer is not None
    document: dict[str, Any] = json.loads(answer)
    return document


def gone(pid: int) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            return True
        time.sleep(0.02)
    return False


def test_it_answers_from_memory_what_it_was_asked_for_once(home: Path, sts: Sts, agent: int) -> None:
    bind(home, sts)
    first = run(home)
    assert first.returncode == 0, first.stderr
    for left in (home / "sessions").glob("*.json"):
        left.unlink()
    Sessions(home, kernel=True)
    second = run(home)
    assert second.stdout == first.stdout
    assert len(sts.seen) == 1
    shown = leastkey(home, "agent", "status", "--json").json
    assert [(each["identity"], each["account"]) for each in shown["held"]] == [(KEY.identity, KEY.account)]
    assert "session-secret" not in json.dumps(shown) + leastkey(home, "agent", "status").out


def test_a_helper_that_the_agent_answers_imports_a_socket_and_nothing_else(
    home: Path, sts: Sts, agent: int
) -> None:
    bind(home, sts)
    run(home)
    bare = imported([sys.executable, "-I", "-S", "-c", "pass"])
    assert imported(command(home)) - bare <= {"_socket"}


def test_thirty_two_cold_helpers_with_an_agent_make_one_call(home: Path, sts: Sts, agent: int) -> None:
    bind(home, sts)
    running = [subprocess.Popen(command(home), stdout=subprocess.PIPE, text=True) for _ in range(32)]
    answers = {each.communicate(timeout=60)[0] for each in running}
    assert len(answers) == 1
    assert "session-token" in answers.pop()
    assert len(sts.seen) == 1


def test_its_socket_is_private_and_it_stops_without_a_trace(home: Path, agent: int) -> None:
    path = socket_path(home)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert leastkey(home, "agent", "start").out.startswith("Already running.")
    assert told(home)["pid"] == agent
    assert leastkey(home, "agent", "stop").out == "Stopped.\n"
    assert gone(agent)
    assert not path.exists()
    assert leastkey(home, "agent", "stop").out == "Already stopped.\n"
    assert leastkey(home, "agent", "status").out.startswith("Not running.")


def test_it_knows_none_of_the_identities_of_who_started_it(home: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(home.parent), "LEASTKEY_HOME": str(home)}
    secret = {
        "AWS_SECRET_ACCESS_KEY": "of-the-administrator",
        "AWS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt",
    }
    program = [sys.executable, "-m", "leastkey", "agent", "start"]
    assert run_program(program, home.parent, environ | secret, 60).code == 0
    try:
        shown = Path(f"/proc/{told(home)['pid']}/environ").read_bytes()
        assert b"of-the-administrator" not in shown
        assert b"AWS_CA_BUNDLE" in shown
    finally:
        leastkey(home, "agent", "stop")


def test_the_socket_of_a_killed_agent_is_passed_over_and_replaced(home: Path, agent: int) -> None:
    Sessions(home, kernel=False).put(KEY, SESSION, refresh_at=NOW + timedelta(minutes=40))
    os.kill(agent, signal.SIGKILL)
    assert gone(agent)
    assert socket_path(home).exists()
    assert json.loads(run(home).stdout)["AccessKeyId"] == "ASIAWARM"
    assert leastkey(home, "agent", "start").out.startswith("Started.")
    assert told(home)["pid"] != agent


def test_it_ends_when_its_state_folder_goes(home: Path, agent: int) -> None:
    socket_path(home).unlink()
    assert gone(agent)


def test_a_session_that_was_forgotten_on_purpose_is_given_to_nobody(home: Path, sts: Sts, agent: int) -> None:
    bind(home, sts)
    old = run(home).stdout
    sts.answers = [
        (status, answer.replace(b"session-secret", b"another-secret")) for status, answer in sts.answers
    ]
    Sessions(home).delete(KEY)
    new = run(home).stdout
    assert "session-secret" in old
    assert "another-secret" in new


def test_an_agent_of_another_user_is_not_believed(home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can play two users")
    Sessions(home, kernel=False).put(KEY, SESSION, refresh_at=NOW + timedelta(minutes=40))
    place = socket_path(home)
    place.parent.mkdir()
    forged = b'{"Version": 1, "AccessKeyId": "ASIAFORGED"}\n'
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(place))
    child = os.fork()
    if child == 0:
        try:
            os.setuid(65_534)
            listening.listen(4)  # who listens is who the peer is
            while True:
                connection, _ = listening.accept()
                with connection, contextlib.suppress(OSError):  # the helper hangs up when it sees whose it is
                    connection.sendall(forged)
        finally:
            os._exit(1)  # this copy of the tests' process may never come back to them
    try:
        until = time.monotonic() + 5
        while time.monotonic() < until:
            done = run(home)
            assert json.loads(done.stdout)["AccessKeyId"] == "ASIAWARM"
            refused = leastkey(home, "agent", "status")
            if refused.code:
                break
        assert "error[unsafe-file]: another user listens at" in refused.err
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        listening.close()


def test_what_is_no_line_of_ours_gets_nothing(home: Path, agent: int) -> None:
    known = binding_id(KEY)
    for sent in (
        b"\n",
        b"x" * 65,
        b"../../x\n",
        known.upper().encode() + b"\n",
        b"status\0\n",
        b"STATUS\n",
        b"\xff\xfe\n",
        b"GET / HTTP/1.1\r\n",
    ):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(5)
            connection.connect(str(socket_path(home)))
            connection.sendall(sent)
            assert connection.recv(100) == b"", sent
    assert told(home)["pid"] == agent


def test_a_path_that_is_too_long_for_a_socket_is_told(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 90)
    refused = leastkey(deep, "agent", "start")
    assert refused.code == 4
    assert "error[agent-failed]: the agent did not start" in refused.err
    assert "too long a name for a socket" in leastkey(deep, "agent", "run").err
