"""Hostile HTTP against `leastkey serve`: over real sockets to the started program, rule by rule."""

from __future__ import annotations

import ast
import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.hostile.endpoint_requests import SERVED, rows
from tests.support.home import Home
from tests.support.served import SECRETS, Served, bind_warm, read_reply, serving
from tests.support.torture import rounds

import leastkey.broker.endpoint as subject

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "connection": "close",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("endpoint"))
    bind_warm(home)
    return home


@pytest.fixture(scope="module")
def served(home: Home) -> Iterator[Served]:
    with serving(home) as server:
        yield server


def test_every_request_of_the_table_gets_its_status_and_nothing_else(served: Served) -> None:
    token = served.token
    table = rows(served.port, token)
    assert len(table) >= 250
    wrong = []
    for name, (sent, status) in table.items():
        reply = served.ask(sent)
        expected = {403, 429} if status == 403 else {status}
        told = reply.body.decode()
        given = {key: value for key, value in reply.headers.items() if key in HEADERS}
        fine = (
            reply.status in expected
            and given == HEADERS
            and int(reply.headers["content-length"]) == len(reply.body)
            and not any(
                header.startswith(("access-control-", "server", "location")) for header in reply.headers
            )
            and (status == 200 or re.fullmatch(r"[a-z ]{1,40}\n", told) is not None)
            and token not in told
            and (status == 200) == all(secret in told for secret in SECRETS)
        )
        if not fine:
            wrong.append(f"{name}: {reply.status} instead of {status}: {told[:60]!r}")
    assert wrong == []
    assert [name for name in SERVED if table[name][1] != 200] == []


def test_an_sdk_gets_what_it_reads(served: Served) -> None:
    reply = served.ask()
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert sorted(reply.json) == ["AccessKeyId", "AccountId", "Expiration", "SecretAccessKey", "Token"]
    assert (reply.json["SecretAccessKey"], reply.json["Token"]) == SECRETS


def test_it_listens_on_the_loopback_address_alone(served: Served) -> None:
    table = (
        Path("/proc/net/tcp").read_text().splitlines()[1:]
        + Path("/proc/net/tcp6").read_text().splitlines()[1:]
    )
    listening = [line.split()[1] for line in table if line.split()[3] == "0A"]
    assert [each for each in listening if each.endswith(f":{served.port:04X}")] == [
        f"0100007F:{served.port:04X}"
    ]


@pytest.mark.torture
def test_the_system_picks_the_port(home: Home, served: Served) -> None:
    count = rounds(2, 20)
    found = {served.port}
    with ExitStack() as stack:
        found |= {stack.enter_context(serving(home)).port for _ in range(count)}
    assert len(found) >= count
    help_ = home.leastkey("serve", "--help").out
    assert not re.search(r"--(?:port|host|bind|listen|address)", help_)


@pytest.mark.torture
def test_wrong_tokens_are_slowed_and_the_right_one_is_served_all_along(home: Home) -> None:
    with serving(home, "--verbose") as server:
        token = server.token
        statuses = []
        for number in range(rounds(300, 10_000)):
            given = f"{number:043d}" if number % 2 else f"{token[:-6]}{number:06d}"
            statuses.append(server.ask(token=given).status)
            if number % 100 == 99:
                started = time.monotonic()
                assert server.ask().status == 200
                assert time.monotonic() - started < 2
        assert set(statuses) == {403, 429}
        assert statuses[:5] == [403] * 5
        assert statuses.count(403) <= 5 * (1 + len(statuses) // 50)
        time.sleep(1.05)  # the bound is one of real seconds, on another process's clock
        assert server.ask(token="x").status == 403
        out, err = server.stop()
    assert err.count("guessing the token") == 1
    for secret in (*SECRETS, token, token[:-6]):
        assert secret not in out + err
    assert "GET /credentials 403" in err


def test_the_log_holds_method_route_and_status_alone(home: Home) -> None:
    with serving(home, "-v") as server:
        token = server.token
        server.ask()
        secret = "marker-7f3a"
        base = f"Host: 127.0.0.1:{server.port}\r\nAuthorization: {token}\r\nX-Note: {secret}\r\n\r\n"
        server.ask(f"GET /{secret}?{secret} HTTP/1.1\r\n{base}".encode())
        server.ask(f"{secret.upper()} /credentials HTTP/1.1\r\n{base}".encode())
        server.ask(f"GET {secret}\r\n\r\n".encode())
        _, err = server.stop()
    lines = err.splitlines()
    assert lines[0].startswith("Serving automation at http://127.0.0.1:")
    assert lines[1:] == ["GET /credentials 200", "GET - 404", "- /credentials 405", "- - 400"]
    assert secret not in err.lower()


def test_a_secret_is_in_no_argument_and_the_token_lies_in_a_private_file_that_goes(home: Home) -> None:
    with serving(home) as server:
        token = server.token
        assert len(token) >= 43
        assert re.fullmatch(r"[A-Za-z0-9_-]+", token)
        assert server.token_file.stat().st_mode & 0o777 == 0o600
        assert server.token_file.parent.stat().st_mode & 0o777 == 0o700
        shown = Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
        assert token.encode() not in shown
        assert token not in str(server.told)
        out, err = server.stop()
        assert server.process.returncode == 0
    assert not server.token_file.exists()
    assert token not in out + err


def test_slow_and_silent_clients_are_cut_off_and_keep_nobody_out(served: Served) -> None:
    descriptors = Path(f"/proc/{served.process.pid}/fd")
    before = len(list(descriptors.iterdir()))
    start = time.monotonic()
    with ExitStack() as stack:
        slow = []
        for number in range(100):
            each = stack.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=10))
            each.sendall(
                (b"", b"G", b"GET /credentials HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nA: " + b"x" * 4000)[
                    number % 4
                ]
            )
            slow.append(each)
        asked = time.monotonic()
        assert served.ask().status == 200
        assert time.monotonic() - asked < 2
        assert len(list(descriptors.iterdir())) <= before + 32 + 1
        last = slow[-1]
        while time.monotonic() - start < 4:
            last.sendall(b"x")
            time.sleep(0.5)
        assert served.ask().status == 200
        assert read_reply(last).status == 408
        assert 4.5 < time.monotonic() - start < 8
    assert served.ask().status == 200


@pytest.mark.torture
def test_a_flood_leaves_memory_and_files_bounded(served: Served) -> None:
    def grown() -> tuple[int, int]:
        status = Path(f"/proc/{served.process.pid}/status").read_text()
        resident = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert resident is not None
        return int(resident[1]), len(list(Path(f"/proc/{served.process.pid}/fd").iterdir()))

    served.ask()
    memory, files = grown()
    blob = b"GET / HTTP/1.1\r\nA: " + b"x" * 60_000
    for _ in range(rounds(150, 3_000)):
        with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
            try:
                connection.sendall(blob)
            except OSError:
                continue
    assert served.ask().status == 200
    later, open_files = grown()
    assert later - memory < 8_192
    assert open_files <= files + 33


def test_it_ends_with_whoever_started_it(home: Home) -> None:
    starter = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[1:], stdout=sys.stdout, stderr=subprocess.DEVNULL)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", starter, *home.command("serve")]
    environ = home.environ | {"LEASTKEY_VAULT": "age-file"}
    with subprocess.Popen(command, cwd=home.folder, env=environ, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        text = b""
        while b"AUTHORIZATION_TOKEN=" not in text:
            part = parent.stdout.readline()
            assert part
            text += part
        found = re.search(rb"http://127.0.0.1:(\d+)/credentials", text)
        assert found is not None
        port = int(found[1])
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            pass
        parent.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        while time.monotonic() - killed < 2:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=2).close()
            except ConnectionRefusedError:
                break
            time.sleep(0.05)
        else:
            pytest.fail("it still listens two seconds after its parent was killed")


def test_what_a_killed_server_left_is_removed_by_the_next(home: Home) -> None:
    with serving(home) as killed:
        left = killed.token_file
        killed.process.kill()
        killed.process.wait()
        assert left.exists()
    with serving(home) as next_:
        assert not left.exists()
        assert next_.token_file.exists()


def test_tokens_are_compared_as_digests_and_never_with_an_operator() -> None:
    tree = ast.parse(Path(subject.__file__).read_text())
    compared = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare) and re.search(r"token|digest|authorization", ast.unparse(node))
    ]
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert compared == []
    assert calls.count("hmac.compare_digest") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a pipe be made small")
def test_talk_that_nobody_reads_holds_up_nobody(home: Home) -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 8_192)
    with serving(home, "-v", talk_to=writing) as server, os.fdopen(reading, "rb", buffering=0) as talk:
        os.close(writing)
        token = server.token
        for _ in range(300):
            assert server.ask(token=token).status == 200
        shown = talk.read(65_536).count(b"GET /credentials 200\n")
        assert 100 < shown < 300
        assert server.ask(token=token).status == 200
        left_out = f"left out, while nobody read what is said here: {300 - shown}\n".encode()
        assert talk.read(65_536) == left_out + b"GET /credentials 200\n"
